"""Experiments as a user meets them: made, changed, refused with a reason, listed even when something is damaged."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aistudio.errors import Conflict, Damaged, InvalidConfig, NotFound, PreflightFailed, StaleRevision
from aistudio.schema.experiment import ExperimentChange, ExperimentRequest
from aistudio.schema.project import ProjectRequest
from aistudio.service import experiments, projects, splits
from aistudio.store.atomic import read_json, write_json
from aistudio.studio import Studio
from tests.fixtures import ME, TINY, add_images, gpu, new_experiment, new_project, ready_project, running


def refusal(studio: Studio, pid: str, eid: str) -> str:
    with pytest.raises((InvalidConfig, PreflightFailed)) as refused:
        experiments.train(studio, ME, pid, eid)
    experiment = experiments.get(studio, pid, eid)
    assert (experiment.status, experiment.attempt) == ("created", 0)
    assert not list(studio.settings.workspace.rglob("attempt-*"))
    return str(refused.value)


def test_a_new_experiment_has_the_defaults_of_this_machine(studio: Studio, pid: str) -> None:
    experiment = experiments.create(studio, ME, pid, ExperimentRequest())
    assert (experiment.name, experiment.status, experiment.rev, experiment.attempt) == ("Experiment 1", "created", 1, 0)
    assert experiment.config["hardware"]["devices"] == ["cpu"]
    assert experiment.config["split"] == splits.all_splits(studio, pid)[-1].id
    assert experiments.create(studio, ME, pid, ExperimentRequest()).name == "Experiment 2"


def test_copies_of_copies_are_numbered(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid, "Baseline")
    for name in ("Baseline copy", "Baseline copy 2", "Baseline copy 3"):
        copy = experiments.duplicate(studio, ME, pid, eid)
        assert (copy.name, copy.parent) == (name, eid)
        eid = copy.id
    assert experiments.duplicate(studio, ME, pid, new_experiment(studio, pid, "copy")).name == "copy copy"


def test_a_gpu_is_the_default_where_there_is_one(tmp_path: Path) -> None:
    with running(tmp_path, [gpu(0), gpu(1)]) as studio:
        pid = ready_project(studio)
        assert experiments.default_config(studio, pid)["hardware"]["devices"] == ["gpu:0"]


def test_a_wrong_config_makes_no_experiment(studio: Studio, pid: str) -> None:
    with pytest.raises(InvalidConfig, match="Epochs: must be a whole number from 1 to 10000"):
        experiments.create(studio, ME, pid, ExperimentRequest(config={"training": {"epochs": 0}}))
    with pytest.raises(InvalidConfig):
        experiments.create(studio, ME, pid, ExperimentRequest(config={"optimizer": {"lr": float("nan")}}))
    assert experiments.all_experiments(studio, pid) == []


def test_train_without_images_says_where_to_go(studio: Studio) -> None:
    pid = new_project(studio)
    assert refusal(studio, pid, new_experiment(studio, pid)).startswith("The project has no images. Import images on")


def test_train_without_a_split_says_where_to_go(studio: Studio) -> None:
    pid = new_project(studio)
    add_images(studio, pid, {"cats": 5, "dogs": 5})
    eid = new_experiment(studio, pid)
    assert refusal(studio, pid, eid) == "Split: choose one. There is none yet: make one on the Split page."


def test_train_with_a_deleted_split_asks_for_another(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid)
    splits.delete(studio, ME, pid, splits.all_splits(studio, pid)[0].id)
    assert refusal(studio, pid, eid) == "Split: was deleted, choose another one."


def test_a_batch_larger_than_the_training_set_is_named_with_both_numbers(tmp_path: Path) -> None:
    with running(tmp_path, [gpu(0), gpu(1)]) as studio:
        pid = ready_project(studio)
        said = refusal(studio, pid, new_experiment(studio, pid, batch_size=33))
        assert said == "Batch Size: 33 is more than the 32 training images of the split; choose at most 32."
        both = new_experiment(studio, pid, batch_size=17, hardware={"devices": ["gpu:0", "gpu:1"]})
        said = refusal(studio, pid, both)
        assert "17 on each of 2 GPUs is more than the 32 training images of the split; choose at most 16." in said


def test_a_device_that_is_not_there_is_named_with_those_that_are(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid, hardware={"devices": ["gpu:3"]})
    assert refusal(studio, pid, eid) == "Device: gpu:3 is not on this machine, choose from cpu."


def test_two_tabs_save_and_the_second_is_told(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid)
    saved = experiments.change(studio, ME, pid, eid, ExperimentChange(rev=1, name="Mine"))
    assert (saved.name, saved.rev) == ("Mine", 2)
    with pytest.raises(StaleRevision) as refused:
        experiments.change(studio, ME, pid, eid, ExperimentChange(rev=1, config={"training": {"epochs": 9}}))
    assert refused.value.current["name"] == "Mine"
    assert experiments.get(studio, pid, eid) == saved


def test_a_given_config_replaces_the_old_one_and_a_name_leaves_it(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid, epochs=7)
    named = experiments.change(studio, ME, pid, eid, ExperimentChange(rev=1, name="B"))
    assert named.config["training"]["epochs"] == 7
    changed = experiments.change(studio, ME, pid, eid, ExperimentChange(rev=2, config={"optimizer": {"kind": "SGD"}}))
    default = experiments.default_config(studio, pid)
    assert changed.config == {**default, "optimizer": {**changed.config["optimizer"], "kind": "SGD"}}


def test_one_damaged_experiment_is_one_card_and_everything_else_works(studio: Studio, pid: str) -> None:
    good, bad, newer = (new_experiment(studio, pid, name) for name in ("Good", "Bad", "Newer"))
    folder = studio.workspace.project(pid)
    broken = folder.experiment(bad).path / "experiment.json"
    broken.write_text("{")
    future = folder.experiment(newer).path / "experiment.json"
    write_json(future, {**read_json(future), "schema": 99})
    cards = {one.id: one for one in experiments.all_experiments(studio, pid)}
    assert cards == {one.id: one for one in experiments.all_experiments(studio, pid)}
    assert cards[good].error is None
    for eid in (bad, newer):
        error = cards[eid].error
        assert error is not None
        assert (cards[eid].status, error.type) == ("failed", "Damaged")
        with pytest.raises(Damaged):
            experiments.get(studio, pid, eid)
    assert broken.read_text() == "{"
    assert experiments.create(studio, ME, pid, ExperimentRequest(config=TINY)).status == "created"
    experiments.delete(studio, ME, pid, bad)
    assert {one.id for one in experiments.all_experiments(studio, pid)} >= {good, newer}
    projects.delete(studio, ME, pid)


def test_a_deleted_experiment_is_in_the_trash(studio: Studio, pid: str, workspace: Path) -> None:
    eid = new_experiment(studio, pid)
    experiments.delete(studio, ME, pid, eid)
    with pytest.raises(NotFound):
        experiments.get(studio, pid, eid)
    assert [path.name for path in workspace.glob(f".trash/*{eid}/{eid}/*")] == ["experiment.json"]


def test_there_is_nothing_to_stop_before_the_start(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid)
    with pytest.raises(Conflict, match="is created, so there is nothing to stop"):
        experiments.stop(studio, ME, pid, eid)


def test_projects_are_listed_newest_first_and_can_be_renamed(studio: Studio) -> None:
    first, second = new_project(studio, "First"), new_project(studio, "Second")
    assert [one.id for one in projects.all_projects(studio)] == [second, first]
    assert projects.rename(studio, ME, first, "Größer", 1).name == "Größer"
    assert projects.get(studio, first).name == "Größer"
    with pytest.raises(StaleRevision, match="Größer was changed elsewhere meanwhile") as stale:
        projects.rename(studio, ME, first, "Smaller", 1)
    assert (stale.value.current["name"], stale.value.current["rev"]) == ("Größer", 2)
    assert projects.get(studio, first).name == "Größer"
    projects.delete(studio, ME, first)
    assert [one.id for one in projects.all_projects(studio)] == [second]


def test_one_damaged_project_is_one_card_and_the_others_work(studio: Studio) -> None:
    good, bad = new_project(studio, "Good"), new_project(studio, "Bad")
    file = studio.workspace.project(bad).path / "project.json"
    file.write_text("{")
    listed = {one.id: one for one in projects.all_projects(studio)}
    assert (listed[good].name, listed[good].damage) == ("Good", "")
    assert "project.json" in listed[bad].damage and bad in listed[bad].name
    assert file.read_text() == "{"
    projects.delete(studio, ME, bad)
    assert [one.id for one in projects.all_projects(studio)] == [good]


@pytest.mark.parametrize("where", ["start", "middle", "version", "gone"])
def test_a_project_whose_images_cannot_be_read_keeps_its_name(studio: Studio, where: str) -> None:
    pid = new_project(studio, "Pets")
    index = add_images(studio, pid, {"cat": 400, "dog": 400}).path / "index.sqlite"
    whole = bytearray(index.read_bytes())
    if where == "version":
        with closing(sqlite3.connect(index)) as db:
            db.execute("PRAGMA user_version = 1")
    elif where == "gone":
        index.unlink()
    else:
        start = 0 if where == "start" else 4096
        whole[start:] = b"\xa5" * (len(whole) - start)
        index.write_bytes(whole)
    (listed,) = projects.all_projects(studio)
    assert (listed.name, listed.task) == ("Pets", "classification")
    assert "ersion 1 of the data set" in listed.damage
    assert projects.rename(studio, ME, pid, "Animals", listed.rev).name == "Animals"
    assert studio.workspace.project(pid).read().damage == ""
    projects.delete(studio, ME, pid)
    assert projects.all_projects(studio) == []


def test_an_unknown_task_is_refused(studio: Studio) -> None:
    with pytest.raises(Exception, match="There is no task 'juggling'"):
        projects.create(studio, ME, ProjectRequest(name="A", task="juggling"))


def test_two_studios_work_side_by_side_in_one_process(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with running(tmp_path / "a") as one, running(tmp_path / "b") as other:
        new_project(one, "One")
        assert projects.all_projects(other) == []
