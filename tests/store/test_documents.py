"""Projects, splits, experiments and job folders as files."""

import itertools
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import Damaged, NotFound, StaleRevision
from aistudio.schema.events import TrainRequest, Verdict
from aistudio.schema.experiment import Experiment, MainMetric
from aistudio.schema.project import Project
from aistudio.schema.split import Ratios, Split
from aistudio.store.atomic import read_json, write_json
from aistudio.store.checkpoints import Usable, digest, usable
from aistudio.store.dataset import DatasetFolder
from aistudio.store.experiments import ExperimentFolder, now
from aistudio.store.job_folder import JobFolder
from aistudio.store.process import identity
from aistudio.store.splits import SplitFile
from aistudio.store.workspace import ProjectFolder, Workspace
from tests.fixtures import contents, fill_dataset

METRIC = MainMetric(name="val_accuracy", direction="max")


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    workspace = Workspace(tmp_path / "w")
    workspace.lock("a test")
    return workspace.create_project(Project(id="p1", name="Pets", task="classification", created_at=now()))


def experiment(eid: str = "e1") -> Experiment:
    return Experiment(id=eid, name="One", created_at=now(), config={"a": 1}, main_metric=METRIC, schema=1)


@pytest.fixture
def folder(project: ProjectFolder) -> ExperimentFolder:
    folder = project.new_experiment("e1")
    folder.create(experiment())
    return folder


def test_each_save_is_the_next_revision(folder: ExperimentFolder) -> None:
    first = folder.read()
    second = folder.write(first.model_copy(update={"name": "Two"}), base_rev=1)
    assert (second.rev, folder.read().name) == (2, "Two")
    assert folder.write(second).rev == 3


def test_a_stale_save_is_refused_with_what_is_there(folder: ExperimentFolder) -> None:
    mine = folder.read()
    folder.write(mine.model_copy(update={"name": "Theirs"}), base_rev=1)
    with pytest.raises(StaleRevision, match="Theirs was changed") as refused:
        folder.write(mine.model_copy(update={"name": "Mine"}), base_rev=1)
    assert (refused.value.current["name"], refused.value.current["rev"]) == ("Theirs", 2)
    assert folder.read().name == "Theirs"


def test_a_change_made_by_hand_is_seen(folder: ExperimentFolder) -> None:
    assert folder.read().name == "One"
    document = read_json(folder.path / "experiment.json")
    write_json(folder.path / "experiment.json", {**document, "name": "By hand"})
    assert folder.read().name == "By hand"


def test_what_a_newer_version_added_is_kept(folder: ExperimentFolder) -> None:
    document = read_json(folder.path / "experiment.json")
    write_json(folder.path / "experiment.json", {**document, "tags": ["a"]})
    folder.write(folder.read().model_copy(update={"name": "Two"}))
    assert read_json(folder.path / "experiment.json")["tags"] == ["a"]


@pytest.mark.parametrize("data", ["", "{", "{}", '{"schema": 2}', "[]", '{"id": 5}'])
def test_a_damaged_document_is_kept_as_it_is(data: str, folder: ExperimentFolder) -> None:
    (folder.path / "experiment.json").write_text(data)
    with pytest.raises(Damaged):
        folder.read()
    with pytest.raises(Damaged):
        folder.write(experiment())
    assert (folder.path / "experiment.json").read_text() == data


def test_a_document_of_a_newer_version_is_left_alone(folder: ExperimentFolder) -> None:
    path = folder.path / "experiment.json"
    write_json(path, {**read_json(path), "schema": 2})
    with pytest.raises(Damaged, match="newer version"):
        folder.read()


def test_attempts_that_only_fenced_have_no_folder(folder: ExperimentFolder) -> None:
    for name in ("attempt-10", "attempt-2", "attempt-x", "attempts"):
        (folder.path / name).mkdir()
    assert [job.path.name for job in folder.attempts()] == ["attempt-2", "attempt-10"]


def test_half_made_things_are_not_there(project: ProjectFolder, folder: ExperimentFolder) -> None:
    (project.path / "experiments/e2").mkdir()
    (project.path.parent / "p2").mkdir()
    assert [one.id for one in project.experiments()] == ["e1"]
    assert [one.id for one in project.workspace.projects()] == ["p1"]


@pytest.mark.parametrize("name", ["", ".", "..", "../p1", "p1/..", "P1", "p 1", "p1\n", "a" * 65, "p\0", "-p"])
def test_only_plain_names_are_ids(name: str, project: ProjectFolder) -> None:
    for look in (project.workspace.project, project.experiment, project.workspace.import_job):
        with pytest.raises(NotFound):
            look(name)


def test_deleting_moves_to_the_trash_whole(project: ProjectFolder, folder: ExperimentFolder) -> None:
    before = contents(folder.path)
    name = project.workspace.trash.put(folder.path, "experiment", "One")
    assert not folder.path.exists()
    (kept,) = project.workspace.trash.path.iterdir()
    assert kept.name == name
    assert name.endswith("-e1")
    assert contents(kept / "e1") == before


def test_versions_of_a_data_set_count_up(project: ProjectFolder) -> None:
    assert project.dataset() is None
    for number in range(1, 12):
        staged = project.workspace.root / "staged"
        fill_dataset(DatasetFolder(staged), {"a": 1, "b": 1})
        assert project.adopt_dataset(staged).version == number
        assert not staged.exists()
    newest = project.dataset()
    assert newest is not None
    assert newest.version == 11
    assert project.dataset(12) is None


def test_a_restart_clears_away_what_a_killed_server_was_writing(
    folder: ExperimentFolder, project: ProjectFolder
) -> None:
    for place in (folder.path, project.path):
        (place / ".experiment.json.0123abcd.tmp").write_text("{")
    project.workspace.unlock()
    again = Workspace(project.workspace.root)
    again.lock("a test")
    assert list(again.root.rglob("*.tmp")) == []
    again.unlock()


def split(name: str, sid: str) -> Split:
    return Split(
        id=sid, name=name, dataset_version=1, seed=0, ratios=Ratios(), counts={"a": {"train": 2, "val": 1, "test": 0}}
    )


def test_splits_are_kept_in_order_with_their_members(tmp_path: Path) -> None:
    file = SplitFile(tmp_path / "splits.sqlite")
    assert file.all() == []
    assert not file.path.exists()
    file.add([(split("B", "s1"), {1: "train", 3: "val", 2: "train"})])
    file.add([(split("A", "s2"), {1: "test"})])
    assert [one.name for one in file.all()] == ["B", "A"]
    assert file.get("s1") == split("B", "s1")
    assert file.members("s1") == {"train": [1, 2], "val": [3], "test": []}
    assert file.get("s1").size("train") == 2
    file.delete(["s1"])
    assert [one.id for one in file.all()] == ["s2"]
    for look in (file.get, file.members):
        with pytest.raises(NotFound):
            look("s1")


def test_splits_are_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    file = SplitFile(tmp_path / "splits.sqlite")
    file.add([(split("A", "s1"), {1: "train"})])
    with pytest.raises(Exception, match="UNIQUE"):
        file.add([(split("B", "s2"), {1: "val"}), (split("A", "s1"), {2: "val"})])
    assert [one.id for one in file.all()] == ["s1"]
    assert file.members("s1") == {"train": [1], "val": [], "test": []}


def test_an_empty_file_of_splits_is_like_none(tmp_path: Path) -> None:
    """What a server leaves that is killed while it makes the first one."""
    file = SplitFile(tmp_path / "splits.sqlite")
    file.path.touch()
    assert file.all() == []
    for look in (file.get, file.members):
        with pytest.raises(NotFound):
            look("s1")
    file.add([(split("A", "s1"), {1: "train"})])
    assert [one.id for one in file.all()] == ["s1"]


@pytest.mark.fault
def test_a_server_that_is_killed_while_it_makes_splits_leaves_all_or_none(tmp_path: Path) -> None:
    """Before each of its statements in turn, until it comes to its end."""
    folds = [(split(f"Fold {n}", f"s{n}"), {1: "train", 2: "val"}) for n in range(3)]
    for statements in itertools.count(1):
        file = SplitFile(tmp_path / f"{statements}.sqlite")
        if (child := os.fork()) == 0:
            try:
                _kill_before(statements)
                file.add(folds)  # type: ignore[arg-type]
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(child, 0)[1] == 0:
            break
        assert file.all() == []
    assert statements > 10 and len(file.all()) == 3


def _kill_before(statement: int) -> None:
    """This process, before it has done so many statements of SQLite."""
    connect, counted = sqlite3.connect, itertools.count(1)

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*arguments, **options)
        db.set_trace_callback(lambda _: os.kill(os.getpid(), 9) if next(counted) == statement else None)
        return db

    sqlite3.connect = traced  # type: ignore[assignment]


def request(folder: Path) -> TrainRequest:
    return TrainRequest(attempt=1, project="p", experiment="e", folder=str(folder), dataset="d", splits="s", config={})


def test_a_job_folder_holds_the_papers_of_a_job(tmp_path: Path) -> None:
    job = JobFolder(tmp_path / "attempt-1")
    assert (job.worker(), job.verdict(), job.stop_requested(), job.log_tail()) == (None, None, False, "")
    job.write_request(request(job.path))
    job.write_worker(identity(1))
    job.request_stop()
    verdict = Verdict(attempt=1, status="stopped", finished_at=1.5)
    job.write_verdict(verdict)
    assert job.request() == request(job.path)
    assert (job.worker(), job.verdict(), job.stop_requested()) == (identity(1), verdict, True)


@pytest.mark.parametrize("data", ["", "{", "{}", "[]"])
def test_papers_that_cannot_be_read_say_nothing(data: str, tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    for name in ("worker.json", "verdict.json", "request.json"):
        (tmp_path / name).write_text(data)
    assert (job.worker(), job.verdict()) == (None, None)
    with pytest.raises(Damaged):
        job.request()


def test_the_end_of_the_log_starts_with_a_whole_line(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    job.log.write_bytes(b"first\nsecond \xff\nthird\n")
    assert job.log_tail() == "first\nsecond �\nthird\n"
    assert job.log_tail(12) == "third\n"


def test_files_are_readable_by_people(folder: ExperimentFolder) -> None:
    text = (folder.path / "experiment.json").read_text()
    assert text.startswith('{\n  "schema": 1,\n')
    assert text.endswith("}\n")
    assert (folder.path / "experiment.json").stat().st_mode & 0o777 == 0o644


def test_a_run_can_go_on_from_the_last_or_the_previous_checkpoint(tmp_path: Path) -> None:
    assert usable(tmp_path) is None
    for epoch, name in ((2, "last"), (1, "prev")):
        (tmp_path / f"{name}.ckpt").write_bytes(name.encode() * 1000)
        write_json(tmp_path / f"{name}.ckpt.json", {"sha256": digest(tmp_path / f"{name}.ckpt"), "epoch": epoch})
    assert usable(tmp_path) == Usable("last", 2)
    (tmp_path / "last.ckpt").write_bytes(b"torn")
    assert usable(tmp_path) == Usable("prev", 1, damaged=True)
    (tmp_path / "prev.ckpt.json").rename(tmp_path / "last.ckpt.json")
    assert usable(tmp_path) == Usable("prev", 1, damaged=True)
    (tmp_path / "prev.ckpt").write_bytes(b"torn too")
    assert usable(tmp_path) is None
    (tmp_path / "last.ckpt.json").write_text("{")
    assert usable(tmp_path) is None
