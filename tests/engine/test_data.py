"""Reading images, their order, and how they are cut into batches."""

import multiprocessing
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import torch

from aistudio.engine.data.batches import REPEATED, Batches, Draw, Images, Kept, Loaded, Order, Share
from aistudio.engine.data.images import read_image
from aistudio.engine.data.loaders import Loading, val_batches
from aistudio.engine.data.pipeline import Pipeline
from aistudio.errors import CorruptImage, DataLoaderKilled, DatasetMissing
from aistudio.schema.portions import Portions
from aistudio.schema.training import Training
from aistudio.schema.transforms.noise import GaussNoise
from tests.engine.conftest import Data

pytestmark = pytest.mark.engine
HALF = (0.5, 0.5, 0.5)
BLUE = np.full((4, 6, 3), (255, 0, 0), np.uint8)  # cv2 writes blue, green, red


def written(path: Path, image: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def test_colours_are_red_green_blue(tmp_path: Path) -> None:
    read = read_image(written(tmp_path / "ä b.png", BLUE))
    assert read.dtype == np.uint8 and read.shape == (4, 6, 3) and read[0, 0].tolist() == [0, 0, 255]


def test_grey_16_bit_and_transparent_images_become_rgb(tmp_path: Path) -> None:
    grey = np.full((4, 6), 100, np.uint8)
    alpha = np.dstack([BLUE, grey])
    assert read_image(written(tmp_path / "g.png", grey))[0, 0].tolist() == [100, 100, 100]
    assert read_image(written(tmp_path / "d.png", grey.astype(np.uint16) * 257))[0, 0].tolist() == [100, 100, 100]
    assert read_image(written(tmp_path / "a.png", alpha))[0, 0].tolist() == [0, 0, 255]


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    path = written(tmp_path / "p.jpg", BLUE)
    tag = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + tag + b"\0\0\0\0"
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    assert read_image(path).shape == (6, 4, 3)


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_a_damaged_image_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(CorruptImage, match=r"x\.png"):
        read_image(tmp_path / "x.png")


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetMissing, match=r"x\.png"):
        read_image(tmp_path / "x.png")


def test_order_depends_on_seed_and_epoch() -> None:
    order = Order(20, Share(), seed=1)
    first = [draw.image for draw in order]
    assert sorted(first) == list(range(20)) and first == [draw.image for draw in order]
    order.set_epoch(1)
    assert [draw.image for draw in order] != first
    assert [draw.image for draw in Order(20, Share(), seed=2)] != first
    assert {draw.epoch for draw in order} == {1}


def test_validation_never_changes_its_order() -> None:
    order = Order(5, Share())
    order.set_epoch(3)
    assert list(order) == [Draw(index, 0) for index in range(5)]


def test_devices_share_the_images_and_wait_for_nobody() -> None:
    shares = [list(Order(7, Share(rank, 2))) for rank in range(2)]
    assert [len(share) for share in shares] == [4, 4]
    assert not any(draw.repeated for draw in Order(7, Share(1, 2), seed=1))
    counted = [draw.image for share in shares for draw in share if not draw.repeated]
    assert sorted(counted) == list(range(7))


@pytest.mark.parametrize(
    ("images", "batch", "multiplier", "devices", "kept", "batches", "steps"),
    [
        (45, 16, 1, 1, 45, 3, 3),
        (45, 16, 2, 1, 45, 3, 2),
        (33, 16, 1, 1, 32, 2, 2),
        (1, 16, 1, 1, 1, 1, 1),
        (5, 1, 2, 1, 5, 5, 3),
        (65, 16, 1, 2, 32, 2, 2),
    ],
)
def test_portions(images: int, batch: int, multiplier: int, devices: int, kept: int, batches: int, steps: int) -> None:
    portions = Portions.of(images, batch, multiplier, devices)
    assert (portions.images, portions.batches, portions.steps) == (kept, batches, steps)


@pytest.mark.parametrize("portions", [Portions(45, 4, 3), Portions(45, 16, 2), Portions(7, 2, 4)])
def test_weights_of_a_step_make_it_a_mean_over_images(portions: Portions) -> None:
    """Lightning divides by the multiplier; with the weights, each image of a step counts alike and all count 1."""
    for step in range(portions.steps):
        first = step * portions.multiplier
        batches = range(first, min(first + portions.multiplier, portions.batches))
        sizes = [min(portions.batch_size, portions.images - batch * portions.batch_size) for batch in batches]
        shares = [portions.weight(batch) / portions.multiplier for batch in batches]
        assert shares == pytest.approx([size / sum(sizes) for size in sizes])


def noisy(data: Data) -> Images:
    return Images(data.samples("train"), Pipeline([GaussNoise(p=1)], HALF, HALF), seed=3)


def test_workers_draw_the_same_and_never_repeat_an_epoch(data: Data) -> None:
    def epochs(workers: int) -> list[np.ndarray]:
        order = Order(45, Share(), seed=1)
        batches = Batches(noisy(data), order, 16, workers, False)
        seen = []
        for epoch in range(2):
            order.set_epoch(epoch)
            images = [image.numpy() for batch, _ in batches for image in batch]
            at = [draw.image for draw in order].index(0)
            seen.append(images[at])
        batches.close()
        return seen

    alone, helped = epochs(0), epochs(2)
    assert not np.array_equal(alone[0], alone[1])
    assert np.array_equal(alone, helped)


class Broken:
    """What torch's loader is for the moment in which a worker has closed its line and is not gone yet."""

    def __init__(self, *seconds: float) -> None:
        fork = multiprocessing.get_context("fork")
        self._workers = [fork.Process(target=time.sleep, args=(one,), daemon=True) for one in seconds]
        for worker in self._workers:
            worker.start()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        raise ConnectionResetError(104, "Connection reset by peer")


ENDLESS = """
import os, signal
from aistudio.engine.data.batches import Batches, Order, Share
class Endless:
    def __len__(self):
        return 4
    def __getitems__(self, draws):
        os.kill(os.getppid(), signal.SIGKILL)
        while True:
            pass
next(iter(Batches(Endless(), Order(4, Share()), 4, 1, False)))
"""


@pytest.mark.fault
def test_f13_a_worker_in_an_endless_image_ends_with_the_process_that_started_it() -> None:
    """Its output is read until nobody can write there any more."""
    done = subprocess.run([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, timeout=30)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.fault
def test_f12_a_worker_dies_while_it_hands_over_a_batch(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is named, not the line that broke; where all of them live, the error stays as it is."""
    batches = Batches(noisy(data), Order(45, Share()), 4, 0, False)
    batches._loader = cast(Any, Broken(600, 0.2))
    died = batches._loader._workers[1].pid  # type: ignore[attr-defined]
    with pytest.raises(DataLoaderKilled, match=rf"DataLoader worker \(pid {died}\)"):
        next(iter(batches))
    monkeypatch.setattr("aistudio.engine.data.batches.LOOK_SECONDS", 0.2)
    batches._loader = cast(Any, Broken(600))
    with pytest.raises(ConnectionResetError):
        next(iter(batches))


def test_repeated_images_are_not_counted(data: Data) -> None:
    loaded = noisy(data).__getitems__([Draw(0, 0), Draw(1, 0, repeated=True)])
    assert isinstance(loaded, Loaded) and loaded.labels.tolist() == [0, REPEATED]


def test_a_small_validation_set_is_kept(data: Data) -> None:
    checks: list[int] = []
    how = Loading(Training(num_workers=0, batch_size=4), Share(), False, lambda: checks.append(1))
    kept = val_batches(data.samples("val"), Pipeline([], HALF, HALF), how)
    assert isinstance(kept, Kept) and len(kept) == len(checks) == 4
    assert [len(labels) for _, labels in kept] == [4, 4, 4, 3]
    assert next(iter(kept))[0] is next(iter(kept))[0]


def test_a_kept_validation_set_holds_no_shared_memory(data: Data) -> None:
    how = Loading(Training(num_workers=1, batch_size=4), Share(), False, lambda: None)
    kept = val_batches(data.samples("val"), Pipeline([], HALF, HALF), how)
    assert isinstance(kept, Kept)
    assert not any(tensor.is_shared() for batch in kept for tensor in batch)  # type: ignore[no-untyped-call]
    assert all(images.is_contiguous(memory_format=torch.channels_last) for images, _ in kept)
