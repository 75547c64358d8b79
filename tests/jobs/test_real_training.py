"""Real workers train a tiny network: the whole way from the click to the results."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from aistudio.errors import Conflict
from aistudio.jobs.launchers.local import Local
from aistudio.schema.experiment import ExperimentRequest
from aistudio.service import experiments, offers
from tests.fault.invariants import check_invariants, kept_epoch
from tests.fixtures import ME, TINY, new_experiment, ready_project, running, until, until_status, workers
from tests.jobs.fakes import ROOT
from tests.jobs.stage import folder_of, kill, server, worker_of

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
        lost = until_status(studio, pid, long, "failed")
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


@pytest.mark.slow
@pytest.mark.fault
def test_f02_resume_a_real_training(tmp_path: Path) -> None:
    """Epochs, steps, learning rate and time of the real engine go on where the last finished epoch ended."""
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        eid = new_experiment(studio, pid, epochs=30)
        experiments.train(studio, ME, pid, eid)
        until(lambda: experiments.run_of(studio, pid, eid).checkpoint_epoch, "an epoch is saved", SECONDS)
        worker = studio.workspace.project(pid).experiment(eid).attempt(1).worker()
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        failed = until_status(studio, pid, eid, "failed")
        assert failed.resumable
        resumed = experiments.resume(studio, ME, pid, eid)
        assert resumed.detail == f"Training goes on after epoch {failed.resume_epoch}."
        done = until_status(studio, pid, eid, "completed", "failed", seconds=SECONDS)
        assert (done.status, done.error) == ("completed", None)
        run = experiments.run_of(studio, pid, eid)
        assert [row["epoch"] for row in run.epoch_rows] == list(range(1, 31))
        assert [row[1] for row in run.step_rows] == list(range(1, 121))
        rates = [row[4] for row in run.step_rows][4:]  # the first epoch warms up
        assert rates == sorted(rates, reverse=True)
        times = [row["time"] or 0 for row in run.epoch_rows]
        assert times == sorted(times)
        assert (done.duration_seconds or 0) >= (failed.duration_seconds or 0)
        check_invariants(studio.settings.workspace)


@pytest.mark.slow
@pytest.mark.fault
def test_f07_kill_a_real_training_five_times(tmp_path: Path) -> None:
    """At random moments: no promised epoch is lost, and the results are those of a run that nobody killed."""
    dice = random.Random(5)
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        whole, eid = (new_experiment(studio, pid, name, epochs=30) for name in ("Whole", "Killed"))
        for each in (whole, eid):
            experiments.train(studio, ME, pid, each)
        assert until_status(studio, pid, whole, "completed", "failed", seconds=SECONDS).status == "completed"
        folder, goal = folder_of(studio, pid, eid), 0
        for _ in range(5):
            goal += 3
            until(lambda goal=goal: experiments.run_of(studio, pid, eid).progress.epoch >= goal, "it trains", SECONDS)  # type: ignore[misc]
            threading.Event().wait(dice.random() * 0.3)
            promised = experiments.run_of(studio, pid, eid).checkpoint_epoch or 0
            os.kill(worker_of(studio, pid, eid), signal.SIGKILL)
            failed = until_status(studio, pid, eid, "failed", seconds=SECONDS)
            assert kept_epoch(folder.checkpoints, promised) >= promised
            assert failed.resume_epoch is not None
            check_invariants(studio.settings.workspace)
            goal = max(goal, failed.resume_epoch)
            experiments.resume(studio, ME, pid, eid)
        assert until_status(studio, pid, eid, "completed", "failed", seconds=SECONDS).status == "completed"
        rows = [experiments.run_of(studio, pid, each).epoch_rows for each in (whole, eid)]
        assert [{**row, "time": 0} for row in rows[0]] == [{**row, "time": 0} for row in rows[1]]
        check_invariants(studio.settings.workspace)


LITTLE = """
import resource, runpy
from pathlib import Path
import aistudio.engine.train, aistudio.engine.tasks.classification
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20,) * 2)
runpy.run_module("aistudio.engine", run_name="__main__")
"""


class Cramped(Local):
    """Its workers may have 300 MB more than what they have imported; `room` gives the next ones all they want."""

    room = False

    def launch(self, folder: Path, env: Mapping[str, str], leases: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        if self.room:
            return super().launch(folder, env, leases)
        with (folder / "log.txt").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", LITTLE, str(folder)],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=leases,
            )


@pytest.mark.fault
def test_f15_memory_runs_out(tmp_path: Path) -> None:
    """The card says so and what to lower; the server goes on, and a copy with half the batch is one press away."""
    launcher = Cramped()
    with running(tmp_path, launcher=launcher) as studio:
        pid = ready_project(studio)
        large = [{"kind": "Resize", "height": 1024, "width": 1024}]
        small = TINY["augmentations"]["val"]
        config = {**TINY, "augmentations": {"train": large, "val": small}}
        big = experiments.create(studio, ME, pid, ExperimentRequest(name="Big", config=config)).id
        experiments.train(studio, ME, pid, big)
        failed = until_status(studio, pid, big, "failed", "completed", seconds=SECONDS)
        assert failed.error is not None
        assert failed.error.type == "OutOfMemory"
        assert "8 images of 1024 × 1024" in failed.error.message
        assert "Batch Size" in failed.error.advice
        half = offers.smaller_batch(studio, ME, pid, big)
        assert (half.config["training"]["batch_size"], half.config["training"]["batch_multiplier"]) == (4, 2)
        launcher.room = True
        other = new_experiment(studio, pid, epochs=1)
        experiments.train(studio, ME, pid, other)
        assert until_status(studio, pid, other, "completed", "failed", seconds=SECONDS).status == "completed"
        check_invariants(studio.settings.workspace)
