"""What stories about runs begin with: a studio whose workers pretend, a run that was started, another server."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aistudio.jobs.pressure import Patience
from aistudio.schema.experiment import Experiment
from aistudio.service import experiments
from aistudio.store.experiments import ExperimentFolder
from aistudio.studio import Studio
from tests.fixtures import ME, gpu, new_experiment, ready_project, running, until, until_status
from tests.jobs.fake_worker import HOLD
from tests.jobs.fakes import ROOT, Pretending


@contextmanager
def pretending(
    folder: Path, *behaviours: str, gpus: int = 0, patience: Patience | None = None, cpu_runs: int = 1
) -> Iterator[tuple[Studio, str]]:
    """A studio whose workers pretend, and a project in it."""
    cards = [gpu(index) for index in range(gpus)]
    with running(folder, cards, Pretending(*behaviours), patience=patience, cpu_runs=cpu_runs) as studio:
        yield studio, ready_project(studio)


@contextmanager
def busy(folder: Path) -> Iterator[tuple[Studio, str, dict[str, str]]]:
    """A studio with an experiment in each state, a damaged one included; its worker is held, so that nothing moves."""
    with pretending(folder, "finish", "loop") as (studio, pid):
        found = {"new": new_experiment(studio, pid), "completed": trained(studio, pid)}
        until_status(studio, pid, found["completed"], "completed")
        found |= {"training": trained(studio, pid), "queued": trained(studio, pid), "damaged": trained(studio, pid)}
        until(lambda: experiments.run_of(studio, pid, found["training"]).progress.epoch, "an epoch is finished")
        os.kill(worker_of(studio, pid, found["training"]), signal.SIGSTOP)
        (folder_of(studio, pid, found["damaged"]).path / "experiment.json").write_bytes(b"{")
        threading.Event().wait(1)  # what the studio itself has to write about that is written
        yield studio, pid, found


def trained(studio: Studio, pid: str, name: str | None = None, **training: object) -> str:
    eid = new_experiment(studio, pid, name, **training)
    experiments.train(studio, ME, pid, eid)
    return eid


@contextmanager
def held(studio: Studio, pid: str, **training: object) -> Iterator[str]:
    """A run of pretended epochs that does not begin its last one before this is left, however slow the machine is."""
    eid = new_experiment(studio, pid, None, **training)
    hold = folder_of(studio, pid, eid).path / HOLD
    hold.touch()
    experiments.train(studio, ME, pid, eid)
    yield eid
    hold.unlink()


def folder_of(studio: Studio, pid: str, eid: str) -> ExperimentFolder:
    return studio.workspace.project(pid).experiment(eid)


def worker_of(studio: Studio, pid: str, eid: str) -> int:
    until_status(studio, pid, eid, "training")
    folder = folder_of(studio, pid, eid)
    worker = folder.attempt(folder.read().attempt).worker()
    assert worker is not None
    return worker.pid


def reason(experiment: Experiment) -> str | None:
    return experiment.error.type if experiment.error else None


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
