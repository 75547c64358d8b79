"""What happens to a worker: killed, stopped, silent, stubborn, gone without a word."""

import os
import signal
import subprocess
import threading
from datetime import datetime
from pathlib import Path

import pytest

from aistudio.errors import Conflict
from aistudio.jobs.pressure import Patience
from aistudio.jobs.run import Run
from aistudio.schema.experiment import Experiment
from aistudio.service import experiments
from aistudio.store.lease import Lease
from aistudio.store.process import identity, start_ticks
from aistudio.studio import Studio
from tests.fault.invariants import check_invariants
from tests.fixtures import ME, PATIENCE, until, until_status, workers
from tests.jobs.stage import folder_of, held, pretending, reason, trained, worker_of

pytestmark = pytest.mark.fault


def after_epoch(studio: Studio, pid: str, eid: str, epoch: int) -> int:
    """The worker, when a checkpoint of that epoch is there."""
    until(lambda: (run_of(studio, pid, eid).checkpoint_epoch or 0) >= epoch, f"epoch {epoch} is saved")
    return worker_of(studio, pid, eid)


def run_of(studio: Studio, pid: str, eid: str) -> Run:
    return experiments.run_of(studio, pid, eid)


def ended(studio: Studio, pid: str, eid: str, seconds: float = PATIENCE) -> Experiment:
    done = until_status(studio, pid, eid, "completed", "failed", "stopped", seconds=seconds)
    check_invariants(studio.settings.workspace)
    return done


def test_f01_kill_the_worker_in_mid_epoch(tmp_path: Path) -> None:
    """The run is failed, with Resume offered if an epoch was finished and refused if not; its curves stay."""
    with pretending(tmp_path, "epochs", "loop") as (studio, pid):
        eid, early = trained(studio, pid, epochs=1000), trained(studio, pid)
        os.kill(after_epoch(studio, pid, eid, 2), signal.SIGKILL)
        failed = ended(studio, pid, eid)
        assert (reason(failed), failed.resumable) == ("WorkerLost", True)
        assert (failed.resume_epoch or 0) >= 2
        assert "SIGKILL" in (failed.error.message if failed.error else "")
        assert (failed.metrics.best or {})["val_accuracy"]
        os.kill(worker_of(studio, pid, early), signal.SIGKILL)
        lost = ended(studio, pid, early)
        assert (reason(lost), lost.resumable, lost.resume_epoch) == ("WorkerLost", False, None)
        with pytest.raises(Conflict, match="no epoch was finished"):
            experiments.resume(studio, ME, pid, early)


def test_f02_resume_after_the_worker_was_killed(tmp_path: Path) -> None:
    """Training goes on after the last finished epoch: no epoch is missing or double, the time adds up."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        with held(studio, pid, epochs=8) as eid:
            os.kill(after_epoch(studio, pid, eid, 3), signal.SIGKILL)
            failed = ended(studio, pid, eid)
        resumed = experiments.resume(studio, ME, pid, eid)
        assert (resumed.status, resumed.attempt, resumed.error) == ("queued", 2, None)
        assert resumed.detail == f"Training goes on after epoch {failed.resume_epoch}."
        done = ended(studio, pid, eid)
        assert (done.status, done.error, done.progress.epoch) == ("completed", None, 8)
        run = run_of(studio, pid, eid)
        assert [row["epoch"] for row in run.epoch_rows] == list(range(1, 9))
        assert [row[1] for row in run.step_rows] == list(range(1, 17))
        rates = [row[4] for row in run.step_rows]
        assert rates == sorted(rates, reverse=True)
        times = [row["time"] or 0 for row in run.epoch_rows]
        assert times == sorted(times)
        assert (done.duration_seconds or 0) > (failed.duration_seconds or 0)


def test_f09_sigterm_to_the_worker(tmp_path: Path) -> None:
    """The run is stopped, not failed, and can be resumed from the last finished epoch."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = trained(studio, pid, epochs=1000)
        os.kill(after_epoch(studio, pid, eid, 1), signal.SIGTERM)
        stopped = ended(studio, pid, eid)
        assert (stopped.status, stopped.error, stopped.resumable) == ("stopped", None, True)


def stopped(pid: int) -> bool:
    """Each of its threads."""
    stats = [(task / "stat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return all(stat.rsplit(") ", 1)[1].startswith("T") for stat in stats)


def test_f11_a_frozen_worker(tmp_path: Path) -> None:
    """The card says since when it does not respond; it is never declared dead, and goes on when it can."""
    with pretending(tmp_path, "epochs", patience=Patience(silence=1.0)) as (studio, pid):
        eid = trained(studio, pid, epochs=1000)
        worker = after_epoch(studio, pid, eid, 1)
        os.kill(worker, signal.SIGSTOP)
        until(lambda: stopped(worker), "it is stopped")
        beat = folder_of(studio, pid, eid).attempt(1).beat()
        assert beat is not None
        said = f"Not responding since {datetime.fromtimestamp(beat):%H:%M:%S}."
        until(lambda: experiments.get(studio, pid, eid).detail == said, "it is said")
        threading.Event().wait(1.5)
        frozen = experiments.get(studio, pid, eid)
        assert (frozen.status, frozen.detail) == ("training", said)
        os.kill(worker, signal.SIGCONT)
        until(lambda: experiments.get(studio, pid, eid).detail is None, "it shows signs of life")
        until(lambda: experiments.get(studio, pid, eid).progress.epoch > frozen.progress.epoch, "it goes on")
        experiments.stop(studio, ME, pid, eid)
        assert ended(studio, pid, eid).status == "stopped"


def test_f13_kill_the_main_process_only(tmp_path: Path) -> None:
    """What the run had forked, and would still hold the GPU, is ended too."""
    with pretending(tmp_path, "leave") as (studio, pid):
        eid = trained(studio, pid)
        assert reason(ended(studio, pid, eid)) == "WorkerLost"
        until(lambda: not workers(studio.settings.workspace), "its child is gone too")


def test_f16_segmentation_fault(tmp_path: Path) -> None:
    """The card names the signal; the server and the next run go on."""
    with pretending(tmp_path, "segv", "finish") as (studio, pid):
        eid, following = trained(studio, pid), trained(studio, pid)
        failed = ended(studio, pid, eid)
        assert failed.error is not None
        assert failed.error.message == "The training process was ended by SIGSEGV."
        assert ended(studio, pid, following).status == "completed"


def test_f17_a_worker_that_ignores_stop(tmp_path: Path) -> None:
    """Stop escalates from asking over SIGTERM to SIGKILL, and the card says each step with its seconds, and the end."""
    with pretending(tmp_path, "hang", patience=Patience(term=1.0, kill=1.0)) as (studio, pid):
        eid = trained(studio, pid)
        worker_of(studio, pid, eid)
        folder = folder_of(studio, pid, eid)
        seen: list[str | None] = []
        studio.manager.subscribe(lambda _: seen.append(studio.manager.detail(folder)))
        assert experiments.stop(studio, ME, pid, eid).phase == "stopping"
        until_status(studio, pid, eid, "failed")
        steps = [detail for detail in dict.fromkeys(seen) if detail]
        assert steps[:2] == [
            "Asked to stop. If it does not end by itself, it is told to end in 1 s.",
            "Told to end. If it does not, it is ended by force in 1 s.",
        ]
        assert set(steps[2:]) <= {"Ended by force."}
        failed = ended(studio, pid, eid)
        assert reason(failed) == "WorkerLost"
        assert failed.error is not None
        assert failed.error.message == "The training process did not stop when asked, and was ended by force."
        assert failed.error.advice == "Look at the end of the log, then press Restart."


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.01])
def test_f18_stop_in_the_moment_of_completion(delay: float, tmp_path: Path) -> None:
    """Exactly one of the two becomes of the run, and it stays that."""
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = trained(studio, pid)
        worker_of(studio, pid, eid)
        (folder_of(studio, pid, eid).attempt(1).path / "finish").touch()
        threading.Event().wait(delay)
        try:
            experiments.stop(studio, ME, pid, eid)
        except Conflict:
            assert experiments.get(studio, pid, eid).status == "completed"
        done = ended(studio, pid, eid)
        assert done.status in ("completed", "stopped")
        threading.Event().wait(0.5)
        assert experiments.get(studio, pid, eid) == done


def test_f19_the_pid_belongs_to_somebody_else_by_now(tmp_path: Path) -> None:
    """The foreign process gets no signal, however long Stop is pressed."""
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        with pretending(tmp_path, "loop", patience=Patience(term=0.1, kill=0.1)) as (studio, pid):
            eid = trained(studio, pid)
            real = worker_of(studio, pid, eid)
            folder = folder_of(studio, pid, eid)
            stale = identity(1).model_copy(update={"pid": stranger.pid, "start_ticks": 1})
            folder.attempt(1).write_worker(stale)
            experiments.stop(studio, ME, pid, eid)
            ended(studio, pid, eid)
            assert start_ticks(real) is None
            lease = Lease.acquire(folder.lease)
            assert lease is not None
            with lease:
                folder.write(folder.read().model_copy(update={"status": "training"}))
                studio.manager.notice(folder)
                threading.Event().wait(1)
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
