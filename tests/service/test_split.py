"""Splits: fair to every class, the same every time, and refused where they make no sense."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from aistudio.errors import BadInput, Conflict, NotFound
from aistudio.schema.experiment import ExperimentRequest
from aistudio.schema.split import Ratios, SplitPlan, SplitRequest
from aistudio.service import datasets, experiments, splits, trash
from aistudio.service.stratify import stratify
from aistudio.service.versions import versions
from aistudio.store import split_trash
from aistudio.store.splits import SplitFile
from aistudio.store.trash import Trash
from aistudio.studio import Studio
from tests.fixtures import ME, TINY, add_images, new_experiment, new_project, ready_project, running

labels = some.dictionaries(some.integers(1, 10_000), some.integers(0, 5), min_size=1, max_size=300)


@some.composite
def ratios(draw: some.DrawFn) -> Ratios:
    train = draw(some.integers(1, 98))
    val = draw(some.integers(1, 99 - train))
    test = 100 - train - val if draw(some.booleans()) else 0
    return Ratios(train=(100 - val - test) / 100, val=val / 100, test=test / 100)


@given(labels, ratios(), some.integers(0, 2**32 - 1))
def test_every_image_is_in_one_part_and_every_class_is_shared_out_fairly(
    labels: dict[int, int], ratios: Ratios, seed: int
) -> None:
    members = stratify(labels, ratios, seed)
    assert members.keys() == labels.keys()
    assert members == stratify(dict(reversed(labels.items())), ratios, seed)
    for label in set(labels.values()):
        counts = Counter(members[image] for image, its in labels.items() if its == label)
        assert counts["train"] >= 1
        for subset, ratio in ratios.items():
            assert abs(counts[subset] - counts.total() * ratio) <= 1 + 1e-6
            assert ratio or not counts[subset]


@given(labels, ratios(), some.integers(0, 2**32 - 1))
def test_the_whole_comes_out_by_the_same_ratios(labels: dict[int, int], ratios: Ratios, seed: int) -> None:
    counts = Counter(stratify(labels, ratios, seed).values())
    classes = len(set(labels.values()))
    for subset, ratio in ratios.items():
        assert abs(counts[subset] - len(labels) * ratio) <= classes


def test_the_same_seed_gives_the_same_split_and_another_one_another() -> None:
    labels = {image: image % 3 for image in range(1, 301)}
    backwards = dict(reversed(labels.items()))
    ratios = Ratios(train=0.7, val=0.2, test=0.1)
    assert stratify(labels, ratios, 1) == stratify(backwards, ratios, 1)
    assert stratify(labels, ratios, 1) != stratify(labels, ratios, 2)


def test_a_split_is_the_same_on_every_machine() -> None:
    """Written down once: a split made with a seed today must come out like this for ever."""
    members = stratify({image: image % 2 for image in range(1, 11)}, Ratios(train=0.6, val=0.4, test=0), 42)
    assert [image for image, subset in sorted(members.items()) if subset == "val"] == [5, 6, 8, 9]


@pytest.mark.parametrize("shares", [(0.5, 0.4, 0), (0.8, 0.3, 0), (0, 0.5, 0.5), (1, 0, 0), (0.8, -0.1, 0.3)])
def test_shares_must_add_up_and_none_is_negative(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError):
        Ratios(train=shares[0], val=shares[1], test=shares[2])


def request(name: str = "A", seed: int = 0, test: float = 0.1) -> SplitRequest:
    return SplitRequest(name=name, seed=seed, ratios=Ratios(train=0.8 - test, val=0.2, test=test))


def test_a_preview_is_what_is_made_and_stores_nothing(studio: Studio, pid: str) -> None:
    before = splits.all_splits(studio, pid)
    preview = splits.preview(studio, pid, SplitPlan(ratios=request().ratios))
    assert preview.counts == {"cats": {"train": 14, "val": 4, "test": 2}, "dogs": {"train": 14, "val": 4, "test": 2}}
    assert splits.all_splits(studio, pid) == before
    made = splits.create(studio, ME, pid, request())
    assert (made.counts, made.dataset_version, made.name) == (preview.counts, 1, "A")
    assert splits.get(studio, pid, made.id) == made


def test_a_name_is_taken_once(studio: Studio, pid: str) -> None:
    splits.create(studio, ME, pid, request("A"))
    with pytest.raises(Conflict, match="'A' already"):
        splits.create(studio, ME, pid, request("A", seed=1))


def test_without_images_there_is_nothing_to_split(studio: Studio) -> None:
    with pytest.raises(BadInput, match="Import images on the Data page"):
        splits.preview(studio, new_project(studio), SplitPlan())


def test_a_part_that_would_be_empty_is_named(studio: Studio) -> None:
    pid = new_project(studio)
    add_images(studio, pid, {"a": 1, "b": 1})
    with pytest.raises(BadInput, match="Validation would be empty with 2 images in"):
        splits.create(studio, ME, pid, request(test=0))


def test_a_split_stays_with_its_version_of_the_data(studio: Studio, pid: str) -> None:
    add_images(studio, pid, {"cats": 30, "dogs": 30})
    old = splits.all_splits(studio, pid)[0]
    new = splits.create(studio, ME, pid, request("B"))
    assert (old.dataset_version, old.size("train")) == (1, 32)
    assert (new.dataset_version, new.size("train")) == (2, 42)


def test_versions_say_what_stays_with_them(studio: Studio, pid: str) -> None:
    new_experiment(studio, pid, "Baseline")
    add_images(studio, pid, {"cat": 30, "dog": 30, "yak": 5})
    splits.create(studio, ME, pid, request("B"))
    folder = studio.workspace.project(pid)
    (folder.path / "dataset/3").mkdir()  # was never finished
    new, old = versions(studio, pid)
    assert (new.version, new.images, new.splits, new.experiments) == (2, 65, ["B"], [])
    assert (old.version, old.images, old.splits, old.experiments) == (1, 40, ["80/20"], ["Baseline"])
    assert old.imported_at <= new.imported_at
    assert datasets.images(studio, pid, version=1).total == 40
    assert datasets.images(studio, pid, label="yak", version=2).total == 5
    (folder.path / "dataset/1/index.sqlite").write_bytes(b"no database")
    assert [one.images for one in versions(studio, pid)] == [65, None]


def test_a_deleted_split_is_gone_and_its_experiments_are_named_before(studio: Studio, pid: str) -> None:
    sid = splits.all_splits(studio, pid)[0].id
    new_experiment(studio, pid, "Baseline")
    assert [one.name for one in splits.users(studio, pid, sid)] == ["Baseline"]
    splits.delete(studio, ME, pid, sid)
    with pytest.raises(NotFound):
        splits.get(studio, pid, sid)
    assert experiments.all_experiments(studio, pid)[0].config["split"] == sid


def test_a_deleted_split_comes_back_from_the_trash_as_it_was(studio: Studio, pid: str) -> None:
    folder = studio.workspace.project(pid)
    made = splits.create(studio, ME, pid, request("A", seed=3))
    members = folder.splits.members(made.id)
    splits.delete(studio, ME, pid, made.id)
    (entry,) = trash.entries(studio)
    assert (entry.kind, entry.title) == ("split", "A")
    splits.create(studio, ME, pid, request("A", seed=4))
    trash.restore(studio, ME, entry.name)
    assert splits.get(studio, pid, made.id) == made.model_copy(update={"name": "A 2"})
    assert folder.splits.members(made.id) == members
    assert trash.entries(studio) == [] and not (folder.path / split_trash.FOLDER).exists()


@pytest.mark.parametrize("last", ["written", "moved", "back"])
def test_a_split_is_there_or_in_the_trash_wherever_deleting_it_was_cut_off(
    last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends after that step; the next one finishes what it finds."""

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with running(tmp_path) as studio:
        pid = ready_project(studio)
        folder = studio.workspace.project(pid)
        (split,) = splits.all_splits(studio, pid)
        members = folder.splits.members(split.id)
        with monkeypatch.context() as patch:
            step = {"written": (Trash, "put"), "moved": (SplitFile, "delete"), "back": (split_trash, "take_back")}[last]
            if last == "back":
                splits.delete(studio, ME, pid, split.id)
            patch.setattr(*step, cut)
            with pytest.raises(KeyboardInterrupt):
                if last == "back":
                    trash.restore(studio, ME, trash.entries(studio)[0].name)
                else:
                    splits.delete(studio, ME, pid, split.id)
    with running(tmp_path) as studio:
        for entry in trash.entries(studio):
            trash.restore(studio, ME, entry.name)
        assert splits.all_splits(studio, pid) == [split]
        assert studio.workspace.project(pid).splits.members(split.id) == members


def test_a_damaged_experiment_does_not_keep_a_split(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid)
    (studio.workspace.project(pid).experiment(eid).path / "experiment.json").write_text("{")
    sid = splits.all_splits(studio, pid)[0].id
    assert splits.users(studio, pid, sid) == []
    splits.delete(studio, ME, pid, sid)


def test_the_newest_split_is_the_default(studio: Studio, pid: str) -> None:
    assert TINY.get("split") is None
    newest = splits.create(studio, ME, pid, request("B"))
    assert experiments.default_config(studio, pid)["split"] == newest.id


def test_the_batch_goes_by_the_split_that_was_chosen(studio: Studio) -> None:
    pid = new_project(studio)
    add_images(studio, pid, {"cat": 400, "dog": 400})
    large, small = (
        splits.create(studio, ME, pid, SplitRequest(name=str(share), ratios=Ratios(train=share, val=1 - share, test=0)))
        for share in (0.75, 0.05)
    )
    for split, size in ((large, 32), (small, 8)):
        made = experiments.create(studio, ME, pid, ExperimentRequest(config={"split": split.id}))
        assert (made.config["split"], made.config["training"]["batch_size"]) == (split.id, size)
