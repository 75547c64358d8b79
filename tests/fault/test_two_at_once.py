"""Two who want the same: servers, threads, tabs, fingers, runs."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aistudio.errors import AIStudioError, Conflict, NotFound, StaleRevision, WorkspaceLocked
from aistudio.schema.experiment import ExperimentChange
from aistudio.service import experiments, projects
from aistudio.studio import Studio
from tests.fault.invariants import check_invariants
from tests.fault.servers import kill, start, watch
from tests.fixtures import ME, new_experiment, ready_project, running, settings_in, until, until_status, workers
from tests.jobs.fakes import Pretending
from tests.jobs.stage import pretending, trained

pytestmark = pytest.mark.fault


def together(*actions: Callable[[], object]) -> list[object]:
    """What each returned or raised, all begun in the same moment."""
    answers: list[object] = []
    barrier = threading.Barrier(len(actions))

    def act(action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            answers.append(action())
        except AIStudioError as error:
            answers.append(error)

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def refusals(answers: list[object]) -> int:
    return sum(isinstance(answer, AIStudioError) for answer in answers)


def test_f42_a_second_server(tmp_path: Path) -> None:
    """It is refused and told who has the workspace; when that one is killed the workspace is free at once."""
    server = start(watch, tmp_path, "finish")
    try:
        until(lambda: (tmp_path / "open").exists(), "the first is open")
        with pytest.raises(WorkspaceLocked, match=rf"in use by a server \(process {server.pid} on "):
            Studio(settings_in(tmp_path)).open("another")
    finally:
        kill(server)
    with running(tmp_path):
        pass


def test_f42_six_threads_press_train(tmp_path: Path) -> None:
    """Exactly one run starts."""
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = new_experiment(studio, pid)
        assert refusals(together(*[lambda: experiments.train(studio, ME, pid, eid)] * 6)) == 5
        assert until_status(studio, pid, eid, "training").attempt == 1
        assert len(workers(studio.settings.workspace)) == 1
        check_invariants(studio.settings.workspace)


def test_f42_two_tabs_save(tmp_path: Path) -> None:
    """One is saved; the other is shown what changed, and nothing is lost."""
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = new_experiment(studio, pid)
        changes = [ExperimentChange(rev=1, name=name) for name in ("A", "B")]
        answers = together(*[lambda c=c: experiments.change(studio, ME, pid, eid, c) for c in changes])
        (refused,) = [answer for answer in answers if isinstance(answer, StaleRevision)]
        assert refused.current["name"] == experiments.get(studio, pid, eid).name
        assert experiments.get(studio, pid, eid).rev == 2


@pytest.mark.parametrize("what", ["experiment", "project"])
def test_f42_train_in_one_tab_and_delete_in_another(what: str, tmp_path: Path) -> None:
    """One of the two wins: it runs, or it lies in the trash."""
    with pretending(tmp_path, "loop") as (studio, first):
        pids = [first, *(ready_project(studio) for _ in range(3))]
        for number, pid in enumerate(pids):
            eid = new_experiment(studio, pid)

            def delete(pid: str = pid, eid: str = eid, delay: float = number * 0.02) -> None:
                threading.Event().wait(delay)  # pressing Train takes longer
                if what == "project":
                    projects.delete(studio, ME, pid)
                else:
                    experiments.delete(studio, ME, pid, eid)

            answers = together(delete, lambda pid=pid, eid=eid: experiments.train(studio, ME, pid, eid))  # type: ignore[misc]
            try:
                assert experiments.get(studio, pid, eid).active
                assert any(isinstance(answer, Conflict) for answer in answers)
                experiments.stop(studio, ME, pid, eid)
                until_status(studio, pid, eid, "created", "stopped")
            except NotFound:
                assert any(isinstance(answer, NotFound) for answer in answers), "it was started and deleted"
                until(lambda: not workers(studio.settings.workspace), "nothing runs")
        check_invariants(studio.settings.workspace)


def test_f42_five_fast_clicks(tmp_path: Path) -> None:
    """They do what one does: one run, one stop, one restart."""
    with pretending(tmp_path, "loop", "finish") as (studio, pid):
        eid = new_experiment(studio, pid)
        clicks = [
            lambda: experiments.train(studio, ME, pid, eid),
            lambda: experiments.stop(studio, ME, pid, eid),
            lambda: experiments.restart(studio, ME, pid, eid),
        ]
        outcomes = [("training",), ("stopped",), ("created",)]
        for click, expected in zip(clicks, outcomes, strict=True):
            answers = together(*[click] * 5)
            assert refusals(answers) <= 4
            assert until_status(studio, pid, eid, *expected).attempt == 1
        assert len(studio.workspace.trash.entries()) == 1
        check_invariants(studio.settings.workspace)


def test_f42_a_queue_with_a_failure_and_a_crash(tmp_path: Path) -> None:
    """The others start in their order all the same."""
    with pretending(tmp_path, "finish", "fail", "crash", "refuse", "finish", "finish") as (studio, pid):
        eids = [trained(studio, pid) for _ in range(6)]
        ends = [until_status(studio, pid, eid, "completed", "failed").status for eid in eids]
        assert ends == ["completed", "failed", "failed", "failed", "completed", "completed"]
        launcher = studio.manager._launcher
        assert isinstance(launcher, Pretending)
        assert [folder.parent.name for folder in launcher.launched] == eids
        check_invariants(studio.settings.workspace)
