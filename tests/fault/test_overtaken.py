"""A request that waits for another one finds things changed: it looks again, and nothing is made or lost by halves."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from aistudio.errors import AIStudioError, Conflict, NotFound
from aistudio.schema.experiment import ExperimentRequest
from aistudio.schema.split import FoldsRequest
from aistudio.service import experiments, preflight, projects, runs, splits, trash
from aistudio.studio import Studio
from tests.fault.test_two_at_once import together
from tests.fixtures import ME, contents, new_experiment, ready_project, running
from tests.jobs.stage import pretending

pytestmark = pytest.mark.fault
SECONDS = 0.3  # in which the other one comes to where it waits; if it does not, it comes too late, which is right too


def overtaken(
    lock: AbstractContextManager[object], action: Callable[[], object], first: Callable[[], object]
) -> object:
    """What an action returns or raises that waited for a lock while something else was done."""
    answers: list[object] = []

    def act() -> None:
        try:
            answers.append(action())
        except AIStudioError as error:
            answers.append(error)

    thread = threading.Thread(target=act)
    with lock:
        thread.start()
        threading.Event().wait(SECONDS)
        first()
    thread.join()
    return answers[0]


@pytest.mark.parametrize("how", ["new", "copy", "restored", "split"])
def test_what_comes_into_a_project_that_was_deleted(how: str, studio: Studio) -> None:
    """It is refused, and the project can come back as it was."""
    pid = ready_project(studio)
    eid, gone = new_experiment(studio, pid), new_experiment(studio, pid)
    experiments.delete(studio, ME, pid, gone)
    (entry,) = trash.entries(studio)
    folder = studio.workspace.project(pid)
    before = contents(folder.path)
    action = {
        "new": lambda: experiments.create(studio, ME, pid, ExperimentRequest()),
        "copy": lambda: experiments.duplicate(studio, ME, pid, eid),
        "restored": lambda: trash.restore(studio, ME, entry.name),
        "split": lambda: splits.create_folds(studio, ME, pid, FoldsRequest(name="CV", folds=2)),
    }[how]
    guard = studio.workspace.guard(f"{'splits' if how == 'split' else 'experiments'}:{pid}")
    answer = overtaken(guard, action, lambda: projects.delete(studio, ME, pid))
    assert isinstance(answer, NotFound | Conflict)
    assert not folder.path.exists()
    trash.restore(studio, ME, next(one.name for one in trash.entries(studio) if one.kind == "project"))
    assert contents(folder.path) == before


def test_what_is_deleted_twice_at_once(studio: Studio) -> None:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid)
    for delete in (lambda: experiments.delete(studio, ME, pid, eid), lambda: projects.delete(studio, ME, pid)):
        answers = together(*[delete] * 4)
        assert sum(isinstance(answer, NotFound) for answer in answers) == 3
    assert sorted(entry.kind for entry in trash.entries(studio)) == ["experiment", "project"]
    assert len(list(studio.workspace.trash.path.iterdir())) == 2


def test_copies_made_at_once_have_names_of_their_own(studio: Studio) -> None:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid, "Mine")
    together(*[lambda: experiments.duplicate(studio, ME, pid, eid)] * 4)
    names = {one.name for one in experiments.all_experiments(studio, pid)}
    assert names == {"Mine", "Mine copy", "Mine copy 2", "Mine copy 3", "Mine copy 4"}


def test_a_split_that_is_deleted_while_train_checks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run does not start on what is gone; one that is about to start keeps its split."""
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = new_experiment(studio, pid)
        (split,) = splits.all_splits(studio, pid)
        check = preflight.check

        def slow(*arguments: object, **options: object) -> object:
            checked = check(*arguments, **options)  # type: ignore[arg-type]
            splits.delete(studio, ME, pid, split.id)
            return checked

        monkeypatch.setattr(runs, "check", slow)
        with pytest.raises(Conflict, match=f"The split {split.name} was deleted"):
            experiments.train(studio, ME, pid, eid)
        assert experiments.get(studio, pid, eid).status == "created"
        monkeypatch.undo()
        trash.restore(studio, ME, trash.entries(studio)[0].name)
        guard = studio.workspace.guard(f"splits:{pid}")
        answer = overtaken(
            guard,
            lambda: splits.delete(studio, ME, pid, split.id),
            lambda: experiments.train(studio, ME, pid, eid),
        )
        assert isinstance(answer, Conflict)


def test_folds_that_come_back_stay_apart_from_those_that_have_their_name_now(studio: Studio) -> None:
    pid = ready_project(studio)
    request = FoldsRequest(name="CV", folds=3)
    old = splits.create_folds(studio, ME, pid, request)
    splits.delete_folds(studio, ME, pid, old[0].id)
    new = splits.create_folds(studio, ME, pid, request)
    trash.restore(studio, ME, trash.entries(studio)[0].name)
    back = splits.fold_set(studio, pid, old[0].id)
    assert [split.name for split in back] == [f"CV 2, fold {number} of 3" for number in (1, 2, 3)]
    assert [split.id for split in back] == [split.id for split in old]
    assert [split.id for split in splits.fold_set(studio, pid, new[0].id)] == [split.id for split in new]


def test_a_restored_experiment_is_told_of(studio: Studio) -> None:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid)
    experiments.delete(studio, ME, pid, eid)
    told: list[object] = []
    studio.manager.subscribe(told.append)
    trash.restore(studio, ME, trash.entries(studio)[0].name)
    assert [change.experiment for change in told] == [eid]  # type: ignore[attr-defined]


def test_a_new_server_removes_what_one_left_that_was_killed_at_its_first_write(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        new_experiment(studio, pid)
        workspace = studio.workspace.root
    before = contents(workspace, skip=("workspace.lock",))
    for place in (
        f"projects/{pid}/experiments/e1/.experiment.json",
        "projects/p1/.project.json",
        ".staging/i1/.request.json",
    ):
        temp = workspace / f"{place}.1234.tmp"
        temp.parent.mkdir(parents=True)
        temp.write_text('{"id"')
    (workspace / f"projects/{pid}/deleted-splits").mkdir()
    (workspace / f"projects/{pid}/deleted-splits/.s1.json.1234.tmp").write_text("{")
    with running(tmp_path):
        pass
    assert contents(workspace, skip=("workspace.lock",)) == before
