"""What happens to a worker that is launched and does not say who it is: it may not keep its devices for ever."""

import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from aistudio.jobs.devices import Declared
from aistudio.jobs.pressure import Patience
from aistudio.service import experiments
from aistudio.studio import Studio
from tests.fault.invariants import check_invariants
from tests.fault.servers import click, kill, start
from tests.fixtures import (
    ME,
    gpu,
    new_experiment,
    ready_project,
    running,
    settings_in,
    until,
    until_status,
    workers,
)
from tests.jobs.fakes import Pretending
from tests.jobs.stage import folder_of, pretending, reason, trained

pytestmark = pytest.mark.fault


def test_f06_a_worker_hangs_before_it_says_who_it_is_and_the_server_is_killed(tmp_path: Path) -> None:
    """The next server gives it the same time, then ends it: the run has failed, and the next one starts."""
    with pretending(tmp_path, "finish") as (studio, pid):
        eid = new_experiment(studio, pid)
    server = start(click, tmp_path, "late", pid, eid)
    until((tmp_path / "clicked").exists, "the click was answered")
    attempt = studio.workspace.project(pid).experiment(eid).attempt(1)
    until(attempt.launched, "the worker is launched")
    kill(server)
    with running(tmp_path, launcher=Pretending("finish"), patience=Patience(start=2.0)) as studio:
        studio.manager._patience = Patience()  # the next one does say who it is, however slow the machine is
        following = trained(studio, pid)
        failed = until_status(studio, pid, eid, "failed", "completed")
        assert (reason(failed), failed.attempt) == ("StartFailed", 1)
        assert until_status(studio, pid, following, "completed", "failed").status == "completed"
        check_invariants(studio.settings.workspace)


def test_f17_stop_while_a_worker_starts(tmp_path: Path) -> None:
    """It is taken back at once, its process is gone, and the next one has its place."""
    with pretending(tmp_path, "late", "finish") as (studio, pid):
        eid = trained(studio, pid)
        until(lambda: workers(studio.settings.workspace), "the worker is launched")
        stopped = experiments.stop(studio, ME, pid, eid)
        assert (stopped.status, stopped.attempt) == ("created", 2)
        until(lambda: not workers(studio.settings.workspace), "the worker is gone")
        assert until_status(studio, pid, trained(studio, pid), "completed", "failed").status == "completed"
        check_invariants(studio.settings.workspace)


@contextmanager
def stalled(folder: Path, *behaviours: str, gpus: int = 0) -> Iterator[tuple[Studio, str]]:
    """A studio whose loop stands still, and a project in it."""
    cards = Declared([gpu(index) for index in range(gpus)])
    studio = Studio(settings_in(folder), Pretending(*behaviours), cards, device_leases=folder / "devices")
    studio.workspace.lock("a test")
    yield studio, ready_project(studio)
    studio.close()


def test_f18_stop_after_the_end_of_a_run_that_nobody_followed(tmp_path: Path) -> None:
    """The server does not look while a worker that it launched does all its work: what came out stays."""
    with stalled(tmp_path, "finish") as (studio, pid):
        eid = trained(studio, pid)
        studio.manager._starter.start(studio.manager._watched())
        folder = folder_of(studio, pid, eid)
        until(folder.attempt(1).verdict, "the worker has had its last word")
        until(lambda: not folder.lease_held(), "the worker is gone")
        assert experiments.stop(studio, ME, pid, eid).attempt == 1
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        done = until_status(studio, pid, eid, "completed", "created", "failed")
        assert (done.status, done.attempt, done.best_epoch) == ("completed", 1, 1)


class Slow(Pretending):
    """Its launches take until they may go on."""

    def __init__(self, *behaviours: str) -> None:
        super().__init__(*behaviours)
        self.may = threading.Event()

    def launch(self, folder: Path, env: Mapping[str, str], leases: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        child = super().launch(folder, env, leases)
        self.may.wait()
        return child


def test_f08_a_server_that_is_closed_in_the_midst_of_a_launch_starts_nothing_more(tmp_path: Path) -> None:
    """The next one may be there already. What it launched is taken up, and what waits is started, by that one."""
    with stalled(tmp_path, "finish", gpus=2) as (studio, pid):
        eids = [trained(studio, pid, hardware={"devices": [f"gpu:{number}"]}) for number in range(2)]
    launcher = Slow("finish")
    with running(tmp_path, [gpu(0), gpu(1)], launcher) as studio:
        until(lambda: launcher.launched, "a launch is under way")
        closing = threading.Thread(target=studio.manager.close)
        closing.start()
        until(studio.manager._closed.is_set, "it is being closed")
        launcher.may.set()
        closing.join()
        assert len(launcher.launched) == 1
    with running(tmp_path, [gpu(0), gpu(1)], Pretending("finish")) as studio:
        for eid in eids:
            assert until_status(studio, pid, eid, "completed", "failed").status == "completed"
