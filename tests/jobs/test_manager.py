"""The one loop against real processes: followed, stopped, killed, lost, and taken up again by another server."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import Conflict
from aistudio.jobs.manager import Change
from aistudio.jobs.pressure import Patience
from aistudio.service import experiments, projects, splits
from aistudio.store.atomic import read_json, write_json
from tests.fixtures import ME, new_experiment, running, until, until_status, workers
from tests.jobs.fakes import Pretending
from tests.jobs.stage import folder_of, pretending, reason, trained, worker_of


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


@pytest.mark.parametrize("hardware", [None, {"devices": []}, {"devices": ["tpu"]}, "cpu"])
def test_a_queued_run_without_a_usable_device_fails_and_the_next_one_starts(hardware: Any, tmp_path: Path) -> None:
    """Somebody changed its file by hand while it waited."""
    with pretending(tmp_path, "loop", "finish") as (studio, pid):
        worker_of(studio, pid, trained(studio, pid, "First"))
        broken, good = trained(studio, pid, "Broken"), trained(studio, pid, "Good")
    file = folder_of(studio, pid, broken).path / "experiment.json"
    document = read_json(file)
    document["config"]["hardware"] = hardware
    write_json(file, document)
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        failed = until_status(studio, pid, broken, "failed", "completed")
        assert failed.error is not None
        assert reason(failed) == "StartFailed"
        assert "does not say which devices" in failed.error.message
        assert until_status(studio, pid, good, "completed", "failed").status == "completed"


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
        until(lambda: experiments.get(studio, pid, first).progress.epoch, "what is left of the first can be told")
        waiting = experiments.get(studio, pid, second)
        assert (waiting.status, waiting.position, waiting.waiting_for) == (
            "queued",
            1,
            "the CPU, used by First for about 1s",
        )
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
        until(lambda: experiments.run_of(studio, pid, eid).progress.epoch, "an epoch is done")
        os.kill(worker_of(studio, pid, eid), signal.SIGKILL)
        failed = until_status(studio, pid, eid, "failed")
        assert (reason(failed), failed.resumable) == ("WorkerLost", False)
        assert failed.metrics.best is not None


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


def test_a_worker_that_never_says_who_it_is_is_ended(tmp_path: Path) -> None:
    """It holds its devices, so it may not hang there for ever."""
    with pretending(tmp_path, "late", patience=Patience(start=1.0)) as (studio, pid):
        failed = until_status(studio, pid, trained(studio, pid), "failed", "completed")
        assert reason(failed) == "StartFailed"
        until(lambda: not workers(studio.settings.workspace), "its process is gone")


def test_two_gpus_train_two_at_a_time(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop", gpus=2) as (studio, pid):
        eids = [trained(studio, pid, hardware={"devices": [f"gpu:{index}"]}) for index in (0, 1, 0)]
        for eid in eids[:2]:
            until_status(studio, pid, eid, "training")
        assert experiments.get(studio, pid, eids[2]).status == "queued"
        experiments.stop(studio, ME, pid, eids[0])
        until_status(studio, pid, eids[2], "training")


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
@pytest.mark.parametrize("damage", ["", "{}", "[]"])
def test_an_unreadable_verdict_is_no_verdict(damage: str, tmp_path: Path) -> None:
    with pretending(tmp_path, "loop", "finish") as (studio, pid):
        eid, other = trained(studio, pid), trained(studio, pid)
        worker = worker_of(studio, pid, eid)
        (folder_of(studio, pid, eid).attempt(1).path / "verdict.json").write_text(damage)
        os.kill(worker, signal.SIGKILL)
        assert reason(until_status(studio, pid, eid, "failed")) == "WorkerLost"
        until_status(studio, pid, other, "completed")


def test_workers_stop_with_the_server_if_that_is_wanted(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid, waiting = trained(studio, pid), trained(studio, pid)
        worker_of(studio, pid, eid)
        studio.manager.close(stop_workers=True)
        until(lambda: not workers(studio.settings.workspace), "the worker has ended")
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        assert until_status(studio, pid, eid, "stopped", "failed").status == "stopped"
        assert until_status(studio, pid, waiting, "completed", "stopped").status == "completed"


def test_a_worker_that_starts_when_the_server_ends_goes_too_and_its_run_waits(tmp_path: Path) -> None:
    with pretending(tmp_path, "late") as (studio, pid):
        eid = trained(studio, pid)
        until(lambda: workers(studio.settings.workspace), "the worker is launched")
        document = folder_of(studio, pid, eid).path / "experiment.json"
        good = document.read_bytes()
        document.write_text("")
        studio.manager.close(stop_workers=True)
        until(lambda: not workers(studio.settings.workspace), "the worker has ended")
        document.write_bytes(good)
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        assert until_status(studio, pid, eid, "completed", "failed").status == "completed"


def test_of_runs_that_are_over_only_the_newest_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aistudio.jobs.manager.KEPT_RUNS", 2)
    with pretending(tmp_path, "finish") as (studio, pid):
        eids = [trained(studio, pid) for _ in range(4)]
        for eid in eids:
            until_status(studio, pid, eid, "completed")
        until(lambda: not studio.manager._watches, "nothing is watched any more")
        assert [Path(key).name for key in studio.manager._read] == eids[-2:]
        assert experiments.run_of(studio, pid, eids[0]).progress.epoch == 1
