"""Checkpoints load safely, a flipped bit is noticed, and at every moment a whole one is there."""

import contextlib
import multiprocessing
import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch

from aistudio.engine.checkpoints import load, save, verify
from aistudio.errors import Damaged
from aistudio.store.checkpoint_writer import tidy
from aistudio.store.checkpoints import description, usable
from tests.engine.saver import save_on

pytestmark = pytest.mark.engine


def state(epoch: int) -> dict[str, object]:
    return {"model": {"weight": torch.full((64, 64), float(epoch))}, "epoch": epoch, "classes": ["a", "b"]}


def saved(folder: Path, *epochs: int) -> Path:
    for epoch in epochs:
        save(folder, "last", state(epoch), {"epoch": epoch, "backbone": "x"})
    return folder / "last.ckpt"


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = saved(tmp_path / "checkpoints", 1)
    assert verify(path)
    assert load(path)["epoch"] == 1
    assert torch.equal(torch.load(path, weights_only=True)["model"]["weight"], torch.ones(64, 64))
    about = description(path) or {}
    assert about["backbone"] == "x" and about["bytes"] == path.stat().st_size
    assert {"sha256", "saved_at", "epoch"} <= set(about)


def test_the_last_before_is_kept(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2, 3)
    assert [load(tmp_path / f"{name}.ckpt")["epoch"] for name in ("prev", "last")] == [2, 3]
    assert (description(tmp_path / "prev.ckpt") or {})["epoch"] == 2
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.fault
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
def test_f32_one_flipped_bit_in_a_checkpoint(tmp_path: Path, share: float) -> None:
    """It is refused wherever the bit is, before anything of the file is used."""
    path = saved(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 4
    path.write_bytes(data)
    assert not verify(path)
    with pytest.raises(Damaged, match=r"last\.ckpt"):
        load(path)


@pytest.mark.fault
def test_f33_a_checkpoint_that_is_cut_off_or_missing(tmp_path: Path) -> None:
    """It is never taken for a whole one."""
    path = saved(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-10])
    assert not verify(path)
    assert not verify(tmp_path / "best.ckpt")


def test_a_crash_between_two_renames_leaves_a_whole_one(tmp_path: Path) -> None:
    """Each state that a save goes through on its way: `last` or `prev` verifies in all of them."""
    last, prev = saved(tmp_path, 1, 2), tmp_path / "prev.ckpt"
    last.replace(prev)
    assert verify(prev) and load(prev)["epoch"] == 2
    (tmp_path / "last.ckpt.json").replace(tmp_path / "prev.ckpt.json")
    assert verify(prev)
    torch.save(state(3), last)
    assert verify(prev) and not verify(last)
    saved(tmp_path, 3)
    assert load(last)["epoch"] == 3


def test_what_a_killed_worker_left_is_removed(tmp_path: Path) -> None:
    path = saved(tmp_path, 1)
    (tmp_path / ".last.ckpt.abcd.tmp").write_bytes(b"half")
    tidy(tmp_path)
    assert not list(tmp_path.glob(".*.tmp")) and verify(path)


def test_a_failed_save_leaves_the_old_one(tmp_path: Path) -> None:
    path = saved(tmp_path, 1)
    with pytest.raises(AttributeError):
        save(tmp_path, "last", {"model": lambda: None}, {})
    assert load(path)["epoch"] == 1
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.fault
def test_f35_killed_while_it_saves_50_times(tmp_path: Path) -> None:
    """`last` or `prev` is whole after each kill, and has what was promised; the next worker goes on from it."""
    dice, promised, there = random.Random(35), 0, set()
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.engine.saver"])
    for _ in range(50):
        told, tells = processes.Pipe(duplex=False)
        saver = processes.Process(target=save_on, args=(tmp_path, promised, tells), daemon=True)
        saver.start()
        tells.close()
        assert told.poll(300)
        time.sleep(dice.random() * 0.05)
        saver.kill()
        saver.join()
        promised = max(promised, *received(told))
        found = usable(tmp_path)
        assert found is not None and found.epoch in (promised, promised + 1)
        assert load(tmp_path / f"{found.name}.ckpt")["model"][0, 0] == found.epoch
        there.add(found.name)
        promised = found.epoch
    assert "last" in there


def received(pipe: Connection) -> list[int]:
    """Everything that was sent; a torn message at the end was no promise."""
    found = []
    with contextlib.suppress(EOFError, OSError):
        while True:
            found.append(pipe.recv())
    return found
