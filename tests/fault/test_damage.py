"""What happens when the document of a run cannot be read for a while: somebody edits it, or a disk is away."""

import os
import signal
import threading
from pathlib import Path

import pytest

from aistudio.errors import DamagedCheckpoint
from aistudio.schema.experiment import ResumeRequest
from aistudio.service import experiments
from tests.fault.invariants import check_invariants
from tests.fixtures import ME, running, until, until_status, workers
from tests.jobs.fakes import Pretending
from tests.jobs.stage import folder_of, pretending, reason, served, trained, worker_of

pytestmark = pytest.mark.fault


def test_f29_the_document_is_damaged_while_it_trains_and_put_right(tmp_path: Path) -> None:
    """The run is followed on: its death is seen, and Stop works."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid, other = trained(studio, pid, epochs=1000), trained(studio, pid, epochs=1000)
        worker = worker_of(studio, pid, eid)
        document = folder_of(studio, pid, eid).path / "experiment.json"
        good = document.read_bytes()
        for damaged in (b"{", None):
            if damaged is None:
                document.unlink()
            else:
                document.write_bytes(damaged)
            threading.Event().wait(1)
            document.write_bytes(good)
        os.kill(worker, signal.SIGKILL)
        assert reason(until_status(studio, pid, eid, "failed")) == "WorkerLost"
        worker_of(studio, pid, other)
        experiments.stop(studio, ME, pid, other)
        until_status(studio, pid, other, "stopped")
        check_invariants(studio.settings.workspace)


def test_f29_the_document_is_damaged_while_no_server_runs_and_put_right_later(tmp_path: Path) -> None:
    """The server that met the damage takes the run up as soon as it can be read."""
    with served(tmp_path, "loop") as (pid, eid):
        (worker,) = workers(tmp_path / "workspace")
    document = tmp_path / "workspace/projects" / pid / "experiments" / eid / "experiment.json"
    good = document.read_bytes()
    document.write_bytes(b"")
    with running(tmp_path, launcher=Pretending("refuse")) as studio:
        (card,) = experiments.all_experiments(studio, pid)
        assert card.is_damaged
        document.write_bytes(good)
        os.kill(worker, signal.SIGKILL)
        assert reason(until_status(studio, pid, eid, "failed")) == "WorkerLost"
        check_invariants(studio.settings.workspace)


def test_f32_the_disk_does_not_give_the_last_checkpoint_back(tmp_path: Path) -> None:
    """A read error is no reason to wait for ever: the run has failed, and may go on from the checkpoint before it."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = trained(studio, pid, epochs=1000)
        folder = folder_of(studio, pid, eid)
        until((folder.checkpoints / "prev.ckpt.json").exists, "two epochs are saved")
        worker = worker_of(studio, pid, eid)
        os.kill(worker, signal.SIGSTOP)
        last = folder.checkpoints / "last.ckpt"
        last.unlink(missing_ok=True)
        last.symlink_to("/proc/self/mem")  # can be opened, and gives EIO when it is read
        os.kill(worker, signal.SIGKILL)
        failed = until_status(studio, pid, eid, "failed")
        assert (reason(failed), failed.resumable) == ("WorkerLost", True)
        with pytest.raises(DamagedCheckpoint, match="the last checkpoint is damaged"):
            experiments.resume(studio, ME, pid, eid)
        resumed = experiments.resume(studio, ME, pid, eid, ResumeRequest(accept_previous_checkpoint=True))
        assert resumed.detail == f"Training goes on after epoch {failed.resume_epoch}."


def test_f01_a_checkpoint_that_takes_long_to_read_holds_up_nobody(tmp_path: Path) -> None:
    """While the checkpoints of one run that was killed are read, the death of another is seen, and the next starts."""
    with pretending(tmp_path, "epochs", "epochs", "loop", cpu_runs=2) as (studio, pid):
        slow, quick = trained(studio, pid, epochs=1000), trained(studio, pid, epochs=1000)
        folder = folder_of(studio, pid, slow)
        until((folder.checkpoints / "prev.ckpt.json").exists, "two epochs are saved")
        killed = worker_of(studio, pid, slow), worker_of(studio, pid, quick)
        os.kill(killed[0], signal.SIGSTOP)
        last = folder.checkpoints / "last.ckpt"
        last.unlink(missing_ok=True)
        os.mkfifo(last)  # nothing can be read from it until somebody writes
        try:
            for worker in killed:
                os.kill(worker, signal.SIGKILL)
            assert reason(until_status(studio, pid, quick, "failed")) == "WorkerLost"
            until_status(studio, pid, trained(studio, pid), "training")
            waits = experiments.get(studio, pid, slow)
            assert (waits.status, waits.detail) == ("training", "It has ended; its checkpoints are being checked.")
        finally:
            last.open("wb").close()
            last.unlink()
        failed = until_status(studio, pid, slow, "failed")
        assert (reason(failed), failed.resumable) == ("WorkerLost", True)
