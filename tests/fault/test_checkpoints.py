"""Checkpoints that were damaged after they were saved: nothing goes on from them, and what to do is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aistudio.errors import Conflict, DamagedCheckpoint
from aistudio.schema.experiment import ResumeRequest
from aistudio.service import experiments
from tests.fault.invariants import check_invariants
from tests.fixtures import ME, until, until_status
from tests.jobs.stage import folder_of, held, pretending

pytestmark = pytest.mark.fault


def test_f32_a_bit_of_the_last_checkpoint_is_flipped(tmp_path: Path) -> None:
    """Resume refuses it and offers the checkpoint before it; if that is damaged too, nothing is left to offer."""
    goes_on_from_the_one_before(tmp_path, flipped)


def test_f33_the_last_checkpoint_is_cut_off(tmp_path: Path) -> None:
    """Resume refuses it and offers the one before it, or is refused with the reason."""
    goes_on_from_the_one_before(tmp_path, lambda data: data[:-10])


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


def goes_on_from_the_one_before(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    with pretending(folder, "epochs") as (studio, pid):
        with held(studio, pid, epochs=6) as eid:
            until(lambda: (experiments.run_of(studio, pid, eid).checkpoint_epoch or 0) >= 3, "epoch 3 is saved")
            experiments.stop(studio, ME, pid, eid)
            stopped = until_status(studio, pid, eid, "completed", "failed", "stopped")
        check_invariants(studio.settings.workspace)
        checkpoints = folder_of(studio, pid, eid).checkpoints
        last, prev = checkpoints / "last.ckpt", checkpoints / "prev.ckpt"
        last.write_bytes(damage(last.read_bytes()))
        before = (stopped.resume_epoch or 0) - 1
        with pytest.raises(DamagedCheckpoint, match=f"the one before it, of epoch {before}, is whole"):
            experiments.resume(studio, ME, pid, eid)
        assert experiments.get(studio, pid, eid).status == stopped.status
        resumed = experiments.resume(studio, ME, pid, eid, ResumeRequest(accept_previous_checkpoint=True))
        assert resumed.detail == f"Training goes on after epoch {before}."
        done = until_status(studio, pid, eid, "completed", "failed")
        assert (done.status, done.progress.epoch) == ("completed", 6)
        for path in (last, prev):
            path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(Conflict, match="its checkpoints are damaged"):
            experiments.resume(studio, ME, pid, eid, ResumeRequest(more_epochs=1))
