"""Before the first epoch: what will not fit is said, and looking leaves no trace."""

import gc
import os
import shutil
import subprocess
from typing import Any

import pytest
import torch
from torch import Tensor

from aistudio.engine.checkpoints import load
from aistudio.engine.preflight import MemoryFit
from aistudio.engine.tasks.classification import ImageClassification
from aistudio.schema.events import PhaseEntered
from tests.engine.conftest import Prepare
from tests.engine.worker import Worker

pytestmark = pytest.mark.engine
LITTLE = """
import resource
from pathlib import Path
import aistudio.engine.train, aistudio.engine.tasks.classification
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 600 * 2**20,) * 2)
"""
SMALL = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x20000) == 0  # CLONE_NEWNS
assert libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None) == 0  # MS_REC | MS_PRIVATE
assert libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"size=1m") == 0
"""


@pytest.mark.parametrize("optimizer", [{"kind": "AdamW"}, {"kind": "SGD", "lr": 0.05, "momentum": 0.9}])
def test_looking_leaves_no_trace(optimizer: dict[str, Any], prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same losses, metrics and weights with and without, dropout and batch statistics included."""
    looked = prepare(training={"epochs": 2}, optimizer=optimizer)()
    monkeypatch.setattr(MemoryFit, "setup", lambda *given, **more: None)
    blind = prepare(training={"epochs": 2}, optimizer=optimizer)()
    assert looked.losses == blind.losses
    one, other = (load(run.checkpoints / "last.ckpt")["model"] for run in (looked, blind))
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    for seen, other in zip(looked.rows, blind.rows, strict=True):
        assert {**seen, "time": 0} == {**other, "time": 0}


def test_looking_needs_what_training_needs(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what the optimizer keeps of each weight, which with Adam is twice the network."""
    weighed: list[int] = []
    step = ImageClassification.training_step

    def weigh(self: ImageClassification, batch: Any, batch_idx: int) -> dict[str, Any]:
        weighed.append(sum(one.nbytes for one in gc.get_objects() if issubclass(type(one), Tensor)))
        return step(self, batch, batch_idx)

    monkeypatch.setattr(ImageClassification, "training_step", weigh)
    prepare(optimizer={"kind": "AdamW"})()
    looking, _, training, *_ = weighed  # the first step of training has no states yet
    assert looking > 0.95 * training


@pytest.mark.fault
def test_f51_a_batch_that_does_not_fit_is_refused_before_the_first_epoch(prepare: Prepare) -> None:
    """The batch, the image size and what to lower are named, before an epoch was spent on it."""
    large = [{"kind": "Resize", "height": 1024, "width": 1024}]
    small = [{"kind": "Resize", "height": 32, "width": 32}]
    run = prepare(training={"batch_size": 45}, augmentations={"train": large, "val": small})
    with Worker(run.request, prelude=LITTLE) as worker:
        verdict = worker.end()
    assert verdict.error is not None and verdict.error.type == "OutOfMemory"
    assert "A batch of 45 images of 1024 × 1024 does not fit" in verdict.error.message
    assert "Batch Size" in verdict.error.advice
    assert [event.phase for event in worker.events() if isinstance(event, PhaseEntered)] == ["loading data"]


def may_mount() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and os.getuid() == 0 and subprocess.run([unshare, "-m", "true"]).returncode == 0


@pytest.mark.fault
@pytest.mark.skipif(not may_mount(), reason="needs a mount namespace of its own")
def test_f57_shared_memory_that_is_too_small_is_told(prepare: Prepare) -> None:
    """What the data workers need and what there is are named, instead of a bus error in mid epoch."""
    large = [{"kind": "Resize", "height": 512, "width": 512}]
    run = prepare(training={"batch_size": 8, "num_workers": 2}, augmentations={"train": large})
    with Worker(run.request, prelude=SMALL) as worker:
        verdict = worker.end()
    assert verdict.error is not None and verdict.error.type == "OutOfMemory"
    assert "2 workers with batches of 8 images need about 24 MB" in verdict.error.message
    assert "/dev/shm has 1 MB free" in verdict.error.message
    assert "Num Workers" in verdict.error.advice
