"""Splits that keep together what belongs together, and splits of data sets of every kind."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from aistudio.errors import BadInput, Conflict
from aistudio.jobs import name_search
from aistudio.schema.annotation import Anomaly, AnyAnnotation, Box, Kind, Label, Mask, Value
from aistudio.schema.experiment import ExperimentRequest
from aistudio.schema.project import Subset
from aistudio.schema.split import (
    ByColumn,
    ByFolder,
    ByPattern,
    Dealing,
    FoldsPlan,
    FoldsRequest,
    Ratios,
    SplitPlan,
    SplitRequest,
)
from aistudio.service import experiments, splits, trash
from aistudio.service.groups import groups, join
from aistudio.service.stratify import fold, stratify_groups
from aistudio.store.dataset import DatasetFolder, Facts, NewImage
from aistudio.studio import Studio
from tests.fixtures import ME, TINY, add_images, new_project
from tests.service.test_split import ratios

labels = some.dictionaries(some.integers(1, 500), some.integers(-1, 4), min_size=1, max_size=120)
keys = some.dictionaries(some.integers(1, 500), some.integers(0, 30), max_size=120)


@given(labels, keys, ratios(), some.integers(0, 2**32 - 1), some.sets(some.integers(1, 500), max_size=20))
def test_groups_never_come_apart_and_nothing_is_lost(
    labels: dict[int, int], keys: dict[int, int], ratios: Ratios, seed: int, bad: set[int]
) -> None:
    together = join([{image: key for image, key in keys.items() if image in labels}])
    members = stratify_groups(labels, together, ratios, seed, bad)
    assert members.keys() == labels.keys()
    assert members == stratify_groups(dict(reversed(labels.items())), together, ratios, seed, bad)
    for root in set(together.values()):
        group = [image for image, its in together.items() if its == root]
        assert len({members[image] for image in group}) == 1
        assert not bad & set(group) or members[group[0]] != "train"
    assert all(members[image] != "train" for image in bad & labels.keys())
    assert ratios.test or "test" not in members.values()


@given(some.lists(some.integers(1, 12), min_size=1, max_size=40), ratios(), some.integers(0, 99))
def test_of_one_class_the_shares_come_out_within_the_largest_group(sizes: list[int], ratios: Ratios, seed: int) -> None:
    keys = [number for number, size in enumerate(sizes) for _ in range(size)]
    labels = dict.fromkeys(range(1, len(keys) + 1), 0)
    together = join([dict(enumerate(keys, start=1))])
    counts = Counter(stratify_groups(labels, together, ratios, seed).values())
    for subset, ratio in ratios.items():
        assert abs(counts[subset] - len(keys) * ratio) <= max(sizes) + 1


@given(labels, keys, some.integers(2, 8), some.integers(0, 2**32 - 1))
def test_folds_are_complete_even_and_the_same_every_time(
    labels: dict[int, int], keys: dict[int, int], folds: int, seed: int
) -> None:
    alone = fold(labels, {}, folds, seed)
    assert alone.keys() == labels.keys() and alone == fold(labels, {}, folds, seed)
    counts = Counter(alone.values())
    assert max(counts.values()) - min(counts[part] for part in range(folds)) <= 1
    for label in set(labels.values()):
        some_of = Counter(alone[image] for image, its in labels.items() if its == label)
        assert max(some_of.values()) - min(some_of[part] for part in range(folds)) <= 1
    together = join([{image: key for image, key in keys.items() if image in labels}])
    parts = fold(labels, together, folds, seed)
    assert parts.keys() == labels.keys()
    assert all(parts[image] == parts[root] for image, root in together.items())


@given(
    some.lists(some.tuples(some.integers(0, 20), some.integers(0, 20)), min_size=1, max_size=4),
    some.integers(2, 6),
    some.integers(0, 99),
)
def test_images_on_their_own_make_good_what_pairs_left_uneven(
    classes: list[tuple[int, int]], folds: int, seed: int
) -> None:
    """Each class has some pairs, and at least two images on their own for each fold."""
    labels: dict[int, int] = {}
    pairs: dict[int, object] = {}
    for label, (paired, single) in enumerate(classes):
        for number in range(2 * paired + single + 2 * folds):
            image = len(labels) + 1
            labels[image] = label
            if number < 2 * paired:
                pairs[image] = (label, number // 2)
    parts = fold(labels, join([pairs]), folds, seed)
    assert parts.keys() == labels.keys()
    for label in range(len(classes)):
        counts = Counter(parts[image] for image, its in labels.items() if its == label)
        assert max(counts.values()) - min(counts[part] for part in range(folds)) <= 1


@given(some.lists(some.integers(1, 4), min_size=1, max_size=30), some.integers(0, 30), ratios(), some.integers(0, 99))
def test_one_group_takes_no_class_out_of_training(sizes: list[int], grouped: int, ratios: Ratios, seed: int) -> None:
    """Whether the group is of a class of its own or has some of another's images."""
    classes = [*(label for label, size in enumerate(sizes) for _ in range(size)), grouped, grouped]
    labels = dict(enumerate(classes, start=1))
    pair = dict.fromkeys(sorted(labels)[-2:], "pair")
    members = stratify_groups(labels, join([pair]), ratios, seed)
    assert {labels[image] for image, part in members.items() if part == "train"} >= set(range(len(sizes)))


def test_groups_that_share_an_image_are_one() -> None:
    assert join([{1: "a", 2: "a", 3: "b"}, {2: 7, 3: 7, 4: 8}]) == {1: 1, 2: 1, 3: 1}


def add(studio: Studio, images: list[NewImage], kind: Kind = "label", **facts: Any) -> str:
    pid = new_project(studio)
    staged = studio.workspace.staging / f"{pid}-ready"
    (staged / "images").mkdir(parents=True)
    classes = sorted(
        {str(label) for one in images for mark in one.annotations if (label := getattr(mark, "label", None))}
    )
    DatasetFolder(staged).create(classes, images, Facts(annotation=kind, **facts))
    studio.workspace.project(pid).adopt_dataset(staged)
    return pid


def image(number: int, *marks: AnyAnnotation, **more: Any) -> NewImage:
    name = more.pop("name", f"{number}.png")
    return NewImage(name, "x.png", 8, 8, 1, more.pop("sha256", str(number)), annotations=marks, **more)


def members(studio: Studio, pid: str, plan: SplitPlan) -> dict[int, Subset]:
    made = splits.create(studio, ME, pid, SplitRequest(name=f"Split {plan.seed}", **dict(plan)))
    found = studio.workspace.project(pid).splits.members(made.id)
    assert {subset: len(ids) for subset, ids in found.items()} == made.sizes
    return {number: subset for subset, ids in found.items() for number in ids}


def visits() -> list[NewImage]:
    """Five pictures of each of eight patients, from two clinics."""
    return [
        image(
            8 * visit + patient,
            Label("sick" if patient % 2 else "well"),
            name=f"clinic {patient % 4}/patient{patient}_{visit}.png",
            columns={"patient": f"P{patient}"},
        )
        for visit in range(5)
        for patient in range(8)
    ]


@pytest.mark.parametrize(
    ("by", "parts"), [(ByFolder(), 4), (ByPattern(pattern=r"patient(\d+)"), 8), (ByColumn(column="patient"), 8)]
)
def test_patients_stay_together(by: Any, parts: int, studio: Studio) -> None:
    pid = add(studio, visits(), columns=["patient"])
    plan = SplitPlan(ratios=Ratios(train=0.5, val=0.25, test=0.25), group_by=by)
    preview = splits.preview(studio, pid, plan)
    assert (preview.groups, preview.sizes) == (parts, {"train": 20, "val": 10, "test": 10})
    found = members(studio, pid, plan)
    dataset = studio.workspace.project(pid).dataset()
    assert dataset is not None
    for number, root in groups(dataset, plan).items():
        assert found[number] == found[root]


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (ByPattern(pattern="nobody"), "is found in no image's name"),
        (ByColumn(column="age"), "No image has an entry in a column 'age'. Columns of the table: patient."),
    ],
)
def test_groups_that_are_none_are_refused(by: Any, said: str, studio: Studio) -> None:
    pid = add(studio, visits(), columns=["patient"])
    with pytest.raises(BadInput, match=said):
        splits.preview(studio, pid, SplitPlan(group_by=by))


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}"])
def test_a_pattern_must_be_one(pattern: str) -> None:
    with pytest.raises(ValidationError, match="is no regular expression"):
        ByPattern(pattern=pattern)
    assert Dealing(group_by={"kind": "folder"}).group_by == ByFolder()


@pytest.mark.parametrize(("pattern", "said"), [("(a+)+$", "takes longer than 1 s"), ("x*", "is found in no")])
def test_a_pattern_that_never_ends_or_tells_nothing_is_refused(
    pattern: str, said: str, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "longer" in said:  # else what ends by itself might take that long where Python is slow to start
        monkeypatch.setattr(name_search, "SECONDS", 1.0)
    pid = add(studio, [image(number, Label("a"), name=f"{'a' * 60}{number}!") for number in range(4)])
    by = ByPattern(pattern=pattern)
    with pytest.raises(BadInput, match=said):
        splits.preview_groups(studio, pid, by)
    with pytest.raises(BadInput, match=said):
        splits.preview(studio, pid, SplitPlan(group_by=by))


def test_a_pattern_that_takes_too_much_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_search, "BYTES", 50_000_000)
    with pytest.raises(BadInput, match="takes too much memory"):
        name_search.found_in("(?:(a)|b)*c", ["a" * 1_000_000])
    assert name_search.found_in("(a)|b", ["a", "b", "c"]) == [("a",), (None,), None]


def test_what_groups_come_out_is_told_before(studio: Studio) -> None:
    images = [*visits(), image(90, Label("well"), name="clinic 9/nobody.png")]
    pid = add(studio, images, columns=["patient"])
    by_pattern = splits.preview_groups(studio, pid, ByPattern(pattern=r"(pat)ient(\d+)"))
    assert (by_pattern.groups, by_pattern.single, by_pattern.apart) == (8, 0, 1)
    assert by_pattern.apart_names == ["clinic 9/nobody.png"]
    first = by_pattern.largest[0]
    assert (first.key, first.images, first.names[0]) == ("pat · 0", 5, "clinic 0/patient0_0.png")
    by_folder = splits.preview_groups(studio, pid, ByFolder())
    assert [(one.key, one.images) for one in by_folder.largest][-2:] == [("clinic 3", 10), ("clinic 9", 1)]
    assert (by_folder.groups, by_folder.single, by_folder.apart) == (5, 1, 0)
    assert splits.preview_groups(studio, pid, ByColumn(column="patient")).apart == 1


def test_one_group_of_everything_is_refused_with_the_reason(studio: Studio) -> None:
    pid = add(studio, [image(number, Label("ab"[number % 2]), name=f"all/{number}.png") for number in range(10)])
    with pytest.raises(BadInput, match="empty with 10 images in 2 classes, 1 group of them kept together"):
        splits.preview(studio, pid, SplitPlan(group_by=ByFolder()))


def test_twins_stay_together_unless_told_otherwise_and_leaks_are_found(studio: Studio) -> None:
    images = [
        image(number, Label("ab"[number % 2]), twin=1 + number - number % 4, sha256=str(number // 2))
        for number in range(80)
    ]
    pid = add(studio, images)
    ratio = Ratios(train=0.5, val=0.5, test=0)
    clean = splits.create(studio, ME, pid, SplitRequest(name="Clean", ratios=ratio))
    assert (clean.keep_twins, clean.groups) == (True, 20)
    assert splits.leaks(studio, pid, clean.id).examples == []
    plan = SplitPlan(ratios=ratio, keep_twins=False)
    report = splits.preview_leaks(studio, pid, plan)
    assert report.same > 0 and report.alike > 0
    assert len(report.examples) == report.same + report.alike
    for leak in report.examples:
        assert leak.first_subset != leak.second_subset
        assert leak.same == (images[leak.first - 1].sha256 == images[leak.second - 1].sha256)
        assert images[leak.first - 1].twin == images[leak.second - 1].twin


def test_boxes_are_shared_out_by_the_class_that_an_image_has_most_of(studio: Studio) -> None:
    many, few = Box("cat", 0, 0, 1, 1), Box("dog", 0, 0, 1, 1)
    images = [image(number, *((many, many, few) if number % 2 else (few, few, many))) for number in range(40)]
    pid = add(studio, [*images, *(image(100 + number) for number in range(10))], "box")
    found = members(studio, pid, SplitPlan(ratios=Ratios(train=0.8, val=0.2, test=0)))
    odd = Counter(found[number + 1] for number in range(40) if number % 2)
    bare = Counter(found[number] for number in range(41, 51))
    assert (odd, bare) == ({"train": 16, "val": 4}, {"train": 8, "val": 2})
    split = splits.all_splits(studio, pid)[0]
    assert split.counts["cat"] == {"train": 32, "val": 8, "test": 0}
    assert (split.size("train"), split.size("val")) == (40, 10)
    assert split.bare == {"train": 8, "val": 2, "test": 0}


def test_masks_are_shared_out_by_what_is_no_background(studio: Studio) -> None:
    images = [
        image(number, Mask("1.png", 255, (("background", 0.8), ("road" if number % 4 else "sky", 0.2))))
        for number in range(40)
    ]
    pid = new_project(studio)
    staged = studio.workspace.staging / "masks-ready"
    staged.mkdir(parents=True)
    DatasetFolder(staged).create(["background", "road", "sky"], images, Facts(annotation="mask"))
    studio.workspace.project(pid).adopt_dataset(staged)
    split = splits.preview(studio, pid, SplitPlan(ratios=Ratios(train=0.5, val=0.5, test=0)))
    assert split.counts["sky"] == {"train": 5, "val": 5, "test": 0}


def test_defects_are_never_for_training(studio: Studio) -> None:
    images = [image(number, Anomaly(False, "good")) for number in range(60)]
    images += [image(100 + number, Anomaly(True, "ab"[number % 2])) for number in range(30)]
    pid = add(studio, images, "anomaly")
    split = splits.create(studio, ME, pid, SplitRequest(name="A", ratios=Ratios(train=0.7, val=0.2, test=0.1)))
    assert split.counts["good"] == {"train": 42, "val": 12, "test": 6}
    assert split.counts["a"] == split.counts["b"] == {"train": 0, "val": 10, "test": 5}
    for made in splits.create_folds(studio, ME, pid, FoldsRequest(name="F", folds=3)):
        assert made.counts["good"] == {"train": 40, "val": 20, "test": 0}
        assert made.counts["a"] == made.counts["b"] == {"train": 0, "val": 15, "test": 0}, "all of them in every fold"


def test_good_images_that_stay_together_with_defects_are_never_for_training(studio: Studio) -> None:
    images = [image(number, Anomaly(False, "good"), name=f"good/{number}.png") for number in range(20)]
    images += [
        image(100 + number, Anomaly(number < 2, "a" if number < 2 else "good"), name=f"mixed/{number}.png")
        for number in range(5)
    ]
    pid = add(studio, images, "anomaly")
    request = FoldsRequest(name="F", folds=2, group_by=ByPattern(pattern="mixed|good/\\d+"))
    for made in splits.create_folds(studio, ME, pid, request):
        assert made.sizes == {"train": 10, "val": 15, "test": 0}


def test_numbers_are_shared_out_by_ranges(studio: Studio) -> None:
    images = [image(number, Value("age", number), Value("weight", (number * 37) % 100)) for number in range(100)]
    pid = add(studio, images, "value", targets=["age", "weight"])
    ratio = Ratios(train=0.8, val=0.2, test=0)
    for seed, target in enumerate((None, "weight")):
        found = members(studio, pid, SplitPlan(ratios=ratio, target=target, seed=seed))
        for start in range(0, 100, 10):
            of_range = [
                number
                for number in range(100)
                if start <= (number if target is None else (number * 37) % 100) < start + 10
            ]
            assert Counter(found[number + 1] for number in of_range) == {"train": 8, "val": 2}
    shown = splits.preview(studio, pid, SplitPlan(ratios=ratio, target="age"))
    assert shown.target == "age"
    assert list(shown.counts)[:2] == ["below 10", "10 to 20"] and list(shown.counts)[-1] == "90 and more"
    assert set(map(str, shown.counts.values())) == {"{'train': 8, 'val': 2, 'test': 0}"}
    with pytest.raises(BadInput, match=r"There is no number 'height' in the data set\. Choose one of age, weight"):
        splits.preview(studio, pid, SplitPlan(target="height"))


def test_folds_become_splits(studio: Studio, pid: str) -> None:
    shown = splits.preview_folds(studio, pid, FoldsPlan(folds=4, seed=3))
    made = splits.create_folds(studio, ME, pid, FoldsRequest(name="Cross", folds=4, seed=3))
    assert [one.counts for one in shown] == [one.counts for one in made]
    assert [one.name for one in made] == [f"Cross, fold {number} of 4" for number in (1, 2, 3, 4)]
    assert {one.origin for one in made} == {"fold"}
    held = [studio.workspace.project(pid).splits.members(one.id)["val"] for one in made]
    assert sorted(number for ids in held for number in ids) == list(range(1, 41))
    assert {one.size("train") for one in made} == {30}
    with pytest.raises(Conflict, match="'Cross, fold 1 of 4' already"):
        splits.create_folds(studio, ME, pid, FoldsRequest(name="Cross", folds=4))
    with pytest.raises(BadInput, match="The source says nothing"):
        splits.keep_source(studio, ME, pid)


def test_folds_go_and_come_back_together(studio: Studio, pid: str) -> None:
    made = splits.create_folds(studio, ME, pid, FoldsRequest(name="Cross", folds=4))
    other = splits.create_folds(studio, ME, pid, FoldsRequest(name="Cross", folds=3))
    members = [studio.workspace.project(pid).splits.members(one.id) for one in made]
    kept = [one for one in splits.all_splits(studio, pid) if one not in made]
    request = ExperimentRequest(name="Third", config={**TINY, "split": made[2].id})
    experiments.create(studio, ME, pid, request)
    assert splits.users(studio, pid, made[0].id) == []
    assert [one.name for one in splits.users(studio, pid, *(one.id for one in made))] == ["Third"]
    assert splits.fold_set(studio, pid, made[2].id) == made
    assert splits.fold_set(studio, pid, kept[0].id) == [kept[0]]
    splits.delete_folds(studio, ME, pid, made[1].id)
    assert splits.all_splits(studio, pid) == kept
    assert splits.deleted_name(studio, pid, made[2].id) == "Cross, 4 folds"
    (entry,) = trash.entries(studio)
    assert (entry.kind, entry.title) == ("split", "Cross, 4 folds")
    trash.restore(studio, ME, entry.name)
    assert splits.all_splits(studio, pid) == [*kept, *made]
    assert [studio.workspace.project(pid).splits.members(one.id) for one in made] == members
    splits.delete(studio, ME, pid, made[0].id)
    splits.delete_folds(studio, ME, pid, made[1].id)  # those that are left
    assert [one.title for one in trash.entries(studio)] == ["Cross, 3 folds", "Cross, fold 1 of 4"]
    assert splits.fold_set(studio, pid, other[0].id) == other


def test_the_split_of_the_source_can_be_brought_back(studio: Studio) -> None:
    parts: list[Subset] = ["train", "train", "train", "val"]
    images = [image(number, Label("ab"[number % 2]), subset=parts[number % 4]) for number in range(20)]
    pid = add(studio, images)
    made = splits.keep_source(studio, ME, pid)
    assert (made.name, made.origin, made.sizes) == ("As in the source", "source", {"train": 15, "val": 5, "test": 0})
    with pytest.raises(BadInput):
        splits.keep_source(studio, ME, pid)
    assert splits.source_sizes(studio, pid) is None
    splits.delete(studio, ME, pid, made.id)
    assert splits.source_sizes(studio, pid) == made.sizes
    assert splits.keep_source(studio, ME, pid).sizes == made.sizes


def test_ranges_of_a_number_that_repeats_are_named_once(studio: Studio) -> None:
    """Half of the numbers are 0: a range with nothing in it is not shown, and no two have one name."""
    images = [image(number, Value("count", max(0, number - 30) / 1000)) for number in range(60)]
    images.append(image(90))
    pid = add(studio, images, "value", targets=["count"])
    split = splits.preview(studio, pid, SplitPlan(ratios=Ratios(train=0.5, val=0.5, test=0)))
    assert sum(sum(count.values()) for count in split.counts.values()) == 60
    assert sum(split.bare.values()) == 1
    assert all(sum(count.values()) for count in split.counts.values())


def test_folders_that_are_the_classes_are_told_as_such(studio: Studio) -> None:
    pid = new_project(studio)
    add_images(studio, pid, {"cat": 20, "dog": 20})
    plan = SplitPlan(ratios=Ratios(train=0.9, val=0.1, test=0), group_by=ByFolder())
    with pytest.raises(BadInput, match="The folders are the classes"):
        splits.preview(studio, pid, plan)
