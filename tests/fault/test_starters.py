"""What happens to a worker that is launched and does not say who it is: it may not keep its devices for ever."""

from pathlib import Path

import pytest

from aistudio.jobs.pressure import Patience
from aistudio.service import experiments
from tests.fault.invariants import check_invariants
from tests.fault.servers import click, kill, start
from tests.fixtures import ME, new_experiment, running, until, until_status, workers
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


def test_f18_stop_after_the_end_of_a_run_that_nobody_followed(tmp_path: Path) -> None:
    """The server does not look while a worker that it launched does all its work: what came out stays."""
    with pretending(tmp_path, "finish") as (studio, pid):
        studio.manager.close()
        eid = trained(studio, pid)
        studio.manager._starter.start(studio.manager._watched())
        folder = folder_of(studio, pid, eid)
        until(folder.attempt(1).verdict, "the worker has had its last word")
        until(lambda: not folder.lease_held(), "the worker is gone")
        assert experiments.stop(studio, ME, pid, eid).attempt == 1
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        done = until_status(studio, pid, eid, "completed", "created", "failed")
        assert (done.status, done.attempt, done.best_epoch) == ("completed", 1, 1)
