"""Real workers train a tiny network: the whole way from the click to the results."""

import os
import signal
from pathlib import Path

import pytest

from aistudio.errors import Conflict
from aistudio.service import experiments
from tests.fixtures import ME, new_experiment, ready_project, running, until, until_status, workers
from tests.jobs.test_manager import kill, server

SECONDS = 120.0


@pytest.mark.fault
def test_a_run_survives_its_server_completes_and_another_one_stops_and_is_killed(tmp_path: Path) -> None:
    """One story, because starting torch is what takes the time."""
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        eid = new_experiment(studio, pid, "Survives")
    process = server(tmp_path, "train", pid, eid)
    attempt = studio.workspace.project(pid).experiment(eid).attempt(1)
    until(attempt.worker, "the worker is there")
    kill(process)
    with running(tmp_path) as studio:
        assert until_status(studio, pid, eid, "training", "completed").attempt == 1
        long = new_experiment(studio, pid, "Long", epochs=1000)
        experiments.train(studio, ME, pid, long)
        done = until_status(studio, pid, eid, "completed", "failed", seconds=SECONDS)
        assert (done.status, done.error) == ("completed", None)
        assert (done.progress.epoch, done.progress.step, done.progress.steps) == (2, 8, 8)
        assert done.metrics.best is not None
        assert 0 <= (done.metrics.best["val_accuracy"] or 0) <= 1
        table = experiments.metrics(studio, pid, eid)
        assert [row[0] for row in table.rows] == [1.0] * 5 + [2.0] * 5
        assert table.columns[:7] == ["epoch", "step", "time", "train_loss", "val_loss", "lr", "val_accuracy"]

        until(lambda: experiments.run_of(studio, pid, long).checkpoint_epoch, "a checkpoint is saved", SECONDS)
        with pytest.raises(Conflict):
            experiments.train(studio, ME, pid, long)
        worker = studio.workspace.project(pid).experiment(long).attempt(1).worker()
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        lost = until_status(studio, pid, long, "failed", seconds=10)
        assert lost.error is not None
        assert (lost.error.type, lost.resumable) == ("WorkerLost", True)
        assert not workers(studio.settings.workspace)


@pytest.mark.fault
def test_stop_ends_a_real_run_with_what_it_has(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        eid = new_experiment(studio, pid, epochs=1000)
        experiments.train(studio, ME, pid, eid)
        until(lambda: experiments.run_of(studio, pid, eid).checkpoint_epoch, "a checkpoint is saved", SECONDS)
        assert experiments.stop(studio, ME, pid, eid).phase == "stopping"
        stopped = until_status(studio, pid, eid, "stopped", "failed", seconds=SECONDS)
        assert (stopped.status, stopped.error, stopped.resumable) == ("stopped", None, True)
        assert stopped.progress.epoch < 1000
