"""Studios in processes of their own, forked from one that has imported everything: they start in milliseconds."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from aistudio.errors import AIStudioError
from aistudio.schema.project import ImportRequest
from aistudio.service import datasets, experiments, projects
from aistudio.studio import Studio
from tests.fixtures import ME, settings_in
from tests.jobs.fakes import Pretending

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.fault.servers"])


def start(task: Callable[..., None], *args: Any) -> BaseProcess:
    process = _FORKS.Process(target=task, args=args, daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


def opened(folder: Path, behaviour: str) -> Studio:
    """Not closed at the end: whoever wants that kills the process."""
    return Studio(settings_in(folder), Pretending(behaviour), device_leases=folder / "devices").open("a server")


def click(folder: Path, behaviour: str, pid: str, eid: str) -> None:
    """Presses Train as soon as it is open, and then watches."""
    studio = opened(folder, behaviour)
    (folder / "open").touch()
    experiments.train(studio, ME, pid, eid)
    (folder / "clicked").touch()
    time.sleep(300)


def bring_in(folder: Path, pid: str, source: Path, moment: float) -> None:
    """Starts an import and is killed a moment after its worker has begun to write, or while it is swapped in."""
    studio = Studio(settings_in(folder)).open("a server")
    job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(source)))
    if moment < 0:
        sys.addaudithook(_kill_before_swap)
        time.sleep(300)
    place = studio.workspace.import_job(job.id)
    while not ((place.path / "dataset").exists() or place.outcome.exists()):  # it may have been quicker
        time.sleep(0.01)
    time.sleep(moment)
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_before_swap(event: str, args: tuple[Any, ...]) -> None:
    if event == "os.rename" and str(args[0]).endswith("/dataset"):
        os.kill(os.getpid(), signal.SIGKILL)


def watch(folder: Path, behaviour: str) -> None:
    opened(folder, behaviour)
    (folder / "open").touch()
    time.sleep(300)


def tend(folder: Path, behaviour: str, pid: str, eid: str) -> None:
    """Keeps one experiment going whatever happens to it, as a stubborn user would."""
    studio = opened(folder, behaviour)
    (folder / "open").touch()
    while True:
        one = experiments.get(studio, pid, eid)
        try:
            if one.status == "created":
                experiments.train(studio, ME, pid, eid)
            elif one.resumable:
                experiments.resume(studio, ME, pid, eid)
            elif not one.active:
                experiments.restart(studio, ME, pid, eid)
        except AIStudioError as error:
            print(error, file=sys.stderr)
        time.sleep(0.02)


CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "shutil.rmtree")


def die_before(changes: int) -> None:
    """This process is killed just before so many changes to the disk from now on."""
    left = changes

    def count(event: str, args: tuple[Any, ...]) -> None:
        nonlocal left
        if event in CHANGES:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def crash_at(number: int, folder: Path, action: str, pid: str, eid: str) -> None:
    """Does something and is killed just before its so-manieth change to the disk; ends with 0 if there are fewer."""
    studio = opened(folder, "finish")
    die_before(number)
    match action:
        case "restart":
            experiments.restart(studio, ME, pid, eid)
        case "delete experiment":
            experiments.delete(studio, ME, pid, eid)
        case "delete project":
            projects.delete(studio, ME, pid)
    os._exit(0)
