"""The one loop against real processes: followed, stopped, killed, lost, and taken up again by another server."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aistudio.errors import AIStudioError, Conflict
from aistudio.jobs import watch as watching
from aistudio.jobs.manager import Change
from aistudio.schema.experiment import Experiment
from aistudio.service import experiments, projects, splits
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.lease import Lease
from aistudio.store.process import identity, start_ticks
from aistudio.studio import Studio
from tests.fixtures import ME, gpu, new_experiment, ready_project, running, until, until_status, workers
from tests.jobs.fakes import ROOT, Pretending


@contextmanager
def pretending(folder: Path, *behaviours: str, gpus: int = 0) -> Iterator[tuple[Studio, str]]:
    """A studio whose workers pretend, and a project in it."""
    with running(folder, [gpu(index) for index in range(gpus)], Pretending(*behaviours)) as studio:
        yield studio, ready_project(studio)


def trained(studio: Studio, pid: str, name: str | None = None, **training: object) -> str:
    eid = new_experiment(studio, pid, name, **training)
    experiments.train(studio, ME, pid, eid)
    return eid


def folder_of(studio: Studio, pid: str, eid: str) -> ExperimentFolder:
    return studio.workspace.project(pid).experiment(eid)


def worker_of(studio: Studio, pid: str, eid: str) -> int:
    until_status(studio, pid, eid, "training")
    worker = folder_of(studio, pid, eid).attempt(1).worker()
    assert worker is not None
    return worker.pid


def reason(experiment: Experiment) -> str | None:
    return experiment.error.type if experiment.error else None


def test_a_run_goes_from_queued_to_completed_and_keeps_its_results(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = new_experiment(studio, pid)
        seen: list[Change] = []
        end = studio.manager.subscribe(seen.append)
        queued = experiments.train(studio, ME, pid, eid)
        assert (queued.status, queued.attempt, queued.phase) == ("queued", 1, "queued")
        until(lambda: experiments.get(studio, pid, eid).progress.epoch == 1, "an epoch is done")
        live = experiments.get(studio, pid, eid)
        assert (live.status, live.phase, live.progress.epochs, live.best_epoch) == ("training", "epoch", 3, 1)
        assert Change(pid, eid) in seen
        (folder_of(studio, pid, eid).attempt(1).path / "finish").touch()
        done = until_status(studio, pid, eid, "completed")
        assert (done.error, done.best_epoch, done.duration_seconds, done.resumable) == (None, 1, 0.3, False)
        assert done.metrics.best == done.metrics.last == {**(done.metrics.best or {}), "val_accuracy": 0.5}
        assert len(experiments.metrics(studio, pid, eid).rows) == 3
        end()


def test_a_failure_is_told_with_its_reason(tmp_path: Path) -> None:
    with pretending(tmp_path, "fail") as (studio, pid):
        failed = until_status(studio, pid, trained(studio, pid), "failed")
        assert reason(failed) == "OutOfMemory"
        assert failed.metrics.best is not None


def test_stop_ends_a_running_worker(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = trained(studio, pid)
        worker_of(studio, pid, eid)
        for _ in range(5):
            try:
                assert experiments.stop(studio, ME, pid, eid).status in ("training", "stopped")
            except Conflict:
                break
        assert until_status(studio, pid, eid, "stopped").error is None


def test_what_waits_can_be_taken_back_and_a_late_worker_is_fenced(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        first, second = trained(studio, pid, "First"), trained(studio, pid, "Second")
        worker_of(studio, pid, first)
        waiting = experiments.get(studio, pid, second)
        assert (waiting.status, waiting.position, waiting.waiting_for) == ("queued", 1, "the CPU, used by First")
        back = experiments.stop(studio, ME, pid, second)
        assert (back.status, back.attempt, back.waiting_for) == ("created", 2, None)
        launcher = Pretending("finish")
        late = folder_of(studio, pid, second).attempt(1)
        handle = launcher.launch(late.path, {})
        until(lambda: not launcher.alive(handle), "the late worker has left")
        assert (late.worker(), late.verdict()) == (None, None)
        assert experiments.get(studio, pid, second).status == "created"
        assert experiments.train(studio, ME, pid, second).attempt == 3


@pytest.mark.fault
@pytest.mark.parametrize("behaviour", ["loop", "hang"])
def test_a_killed_worker_is_lost_at_once(behaviour: str, tmp_path: Path) -> None:
    with pretending(tmp_path, behaviour) as (studio, pid):
        eid = trained(studio, pid)
        os.kill(worker_of(studio, pid, eid), signal.SIGKILL)
        failed = until_status(studio, pid, eid, "failed", seconds=10)
        assert (reason(failed), failed.resumable) == ("WorkerLost", False)
        assert failed.metrics.best is not None


@pytest.mark.fault
def test_what_a_dead_worker_left_running_is_ended(tmp_path: Path) -> None:
    with pretending(tmp_path, "leave") as (studio, pid):
        eid = trained(studio, pid)
        assert reason(until_status(studio, pid, eid, "failed")) == "WorkerLost"
        assert not workers(studio.settings.workspace)


@pytest.mark.fault
@pytest.mark.parametrize("behaviour", ["refuse", "nothing"])
def test_a_worker_that_does_not_start_is_a_failure_and_the_next_one_goes_on(behaviour: str, tmp_path: Path) -> None:
    with pretending(tmp_path, behaviour, "finish") as (studio, pid):
        first, second = trained(studio, pid), trained(studio, pid)
        failed = until_status(studio, pid, first, "failed")
        assert reason(failed) == "StartFailed"
        assert failed.error is not None
        assert ("missing" if behaviour == "refuse" else "unavailable") in failed.error.traceback
        assert until_status(studio, pid, second, "completed").attempt == 1


@pytest.mark.fault
def test_a_queue_of_five_goes_on_past_failures_and_crashes_in_order(tmp_path: Path) -> None:
    with pretending(tmp_path, "finish", "fail", "crash", "finish", "finish") as (studio, pid):
        eids = [trained(studio, pid) for _ in range(5)]
        ends = [until_status(studio, pid, eid, "completed", "failed").status for eid in eids]
        assert ends == ["completed", "failed", "failed", "completed", "completed"]
        launcher = studio.manager._launcher
        assert isinstance(launcher, Pretending)
        assert [folder.parent.name for folder in launcher.launched] == eids


def test_two_gpus_train_two_at_a_time(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop", gpus=2) as (studio, pid):
        eids = [trained(studio, pid, hardware={"devices": [f"gpu:{index}"]}) for index in (0, 1, 0)]
        for eid in eids[:2]:
            until_status(studio, pid, eid, "training")
        assert experiments.get(studio, pid, eids[2]).status == "queued"
        experiments.stop(studio, ME, pid, eids[0])
        until_status(studio, pid, eids[2], "training")


def test_six_threads_press_train_and_one_starts(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = new_experiment(studio, pid)
        answers: list[str] = []
        barrier = threading.Barrier(6)

        def press() -> None:
            barrier.wait()
            try:
                answers.append(experiments.train(studio, ME, pid, eid).status)
            except Conflict:
                answers.append("refused")

        threads = [threading.Thread(target=press) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers.count("refused") == 5
        assert until_status(studio, pid, eid, "training").attempt == 1
        assert len(workers(studio.settings.workspace)) == 1


def test_what_runs_cannot_be_deleted_or_changed(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = trained(studio, pid)
        worker_of(studio, pid, eid)
        with pytest.raises(Conflict, match="queued or training"):
            experiments.delete(studio, ME, pid, eid)
        with pytest.raises(Conflict, match="queued or training"):
            projects.delete(studio, ME, pid)
        with pytest.raises(Conflict, match="is training on this split"):
            splits.delete(studio, ME, pid, splits.all_splits(studio, pid)[0].id)
        experiments.stop(studio, ME, pid, eid)
        until_status(studio, pid, eid, "stopped")
        with pytest.raises(Conflict, match="cannot be started"):
            experiments.train(studio, ME, pid, eid)
        projects.delete(studio, ME, pid)


@pytest.mark.fault
@pytest.mark.parametrize("patience", ["term", "kill"])
def test_a_worker_that_ignores_stop_is_ended_in_steps(
    patience: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "TERM_AFTER_SECONDS", 0.1)
    monkeypatch.setattr(watching, "KILL_AFTER_SECONDS", 0.5 if patience == "kill" else 60)
    with pretending(tmp_path, "hang") as (studio, pid):
        eid = trained(studio, pid)
        worker = worker_of(studio, pid, eid)
        assert experiments.stop(studio, ME, pid, eid).phase == "stopping"
        if patience == "term":
            until(lambda: folder_of(studio, pid, eid).attempt(1).stop_requested(), "stop was asked for")
            assert start_ticks(worker) is not None
            os.kill(worker, signal.SIGKILL)
        assert reason(until_status(studio, pid, eid, "failed")) == "WorkerLost"


@pytest.mark.fault
def test_a_foreign_process_with_the_workers_pid_gets_no_signal(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        with pretending(tmp_path, "loop") as (studio, pid):
            eid = trained(studio, pid)
            real = worker_of(studio, pid, eid)
            folder = folder_of(studio, pid, eid)
            stale = identity(1).model_copy(update={"pid": stranger.pid, "start_ticks": 1})
            folder.attempt(1).write_worker(stale)
            experiments.stop(studio, ME, pid, eid)
            until_status(studio, pid, eid, "stopped")
            assert start_ticks(real) is None
            lease = Lease.acquire(folder.lease)
            assert lease is not None
            with lease:
                document = folder.read().model_copy(update={"status": "training"})
                folder.write(document)
                studio.manager.notice(folder)
                threading.Event().wait(1)
                assert stranger.poll() is None
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.fault
@pytest.mark.parametrize("damage", ["", "{}", "[]"])
def test_an_unreadable_verdict_is_no_verdict(damage: str, tmp_path: Path) -> None:
    with pretending(tmp_path, "loop", "finish") as (studio, pid):
        eid, other = trained(studio, pid), trained(studio, pid)
        worker = worker_of(studio, pid, eid)
        (folder_of(studio, pid, eid).attempt(1).path / "verdict.json").write_text(damage)
        os.kill(worker, signal.SIGKILL)
        assert reason(until_status(studio, pid, eid, "failed")) == "WorkerLost"
        until_status(studio, pid, other, "completed")


def server(folder: Path, behaviour: str, pid: str, eid: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/jobs/server.py"), str(folder), behaviour, pid, eid],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


@contextmanager
def served(folder: Path, behaviour: str, moment: float | None = None) -> Iterator[tuple[str, str]]:
    """A run that another server started and follows; that server is killed when this is left."""
    with pretending(folder, "finish") as (studio, pid):
        eid = new_experiment(studio, pid)
    process = server(folder, behaviour, pid, eid)
    try:
        if moment is None:
            attempt = studio.workspace.project(pid).experiment(eid).attempt(1)
            until(lambda: attempt.worker() is not None and attempt.events.exists(), "the worker works")
        else:
            threading.Event().wait(moment)
        yield pid, eid
    finally:
        kill(process)


@pytest.mark.fault
def test_a_run_outlives_its_server_and_the_next_one_ends_it(tmp_path: Path) -> None:
    refused = pytest.raises(AIStudioError, match=r"in use by a test \(process")
    with served(tmp_path, "loop") as (pid, eid), refused, running(tmp_path):
        pass
    assert len(workers(tmp_path / "workspace")) == 1
    with running(tmp_path, launcher=Pretending("refuse")) as studio:
        assert until_status(studio, pid, eid, "training").attempt == 1
        until(lambda: experiments.get(studio, pid, eid).progress.epoch == 1, "what was said before is read")
        (folder_of(studio, pid, eid).attempt(1).path / "finish").touch()
        assert until_status(studio, pid, eid, "completed").best_epoch == 1
        assert len(experiments.metrics(studio, pid, eid).rows) == 3


@pytest.mark.fault
@pytest.mark.parametrize(("behaviour", "status"), [("finish", "completed"), ("crash", "failed")])
def test_what_happened_while_no_server_ran_is_judged_later(behaviour: str, status: str, tmp_path: Path) -> None:
    with served(tmp_path, "loop") as (pid, eid):
        pass
    attempt = next((tmp_path / "workspace").rglob("attempt-1"))
    if behaviour == "finish":
        (attempt / "finish").touch()
        until(lambda: not workers(tmp_path / "workspace"), "the worker has ended")
    else:
        os.kill(workers(tmp_path / "workspace")[0], signal.SIGKILL)
    with running(tmp_path, launcher=Pretending("refuse")) as studio:
        done = until_status(studio, pid, eid, "completed", "failed")
        assert (done.status, done.progress.epoch) == (status, 1)
        assert reason(done) == (None if status == "completed" else "WorkerLost")


@pytest.mark.fault
@pytest.mark.parametrize("moment", [0, 0.05, 0.2, 0.4])
def test_a_server_killed_at_any_moment_leaves_neither_none_nor_two_workers(moment: float, tmp_path: Path) -> None:
    with served(tmp_path, "loop", moment) as (pid, eid):
        pass
    with running(tmp_path, launcher=Pretending("loop")) as studio:
        until_status(studio, pid, eid, "training")
        until(lambda: len(workers(tmp_path / "workspace")) == 1, "there is one worker")
        experiments.stop(studio, ME, pid, eid)
        until_status(studio, pid, eid, "stopped")


def test_workers_stop_with_the_server_if_that_is_wanted(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = trained(studio, pid)
        worker_of(studio, pid, eid)
        studio.manager.close(stop_workers=True)
        until(lambda: not workers(studio.settings.workspace), "the worker has ended")
