"""Groups that cross the subsets of a split: told where they do, and nothing is told of folders that say nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from aistudio.errors import BadInput
from aistudio.schema.annotation import Anomaly, Box, Label
from aistudio.schema.project import Subset
from aistudio.schema.split import ByColumn, ByFolder, ByPattern, FoldsPlan, Ratios, SplitPlan, SplitRequest
from aistudio.service import splits
from aistudio.store.dataset import NewImage
from aistudio.studio import Studio
from tests.fixtures import ME
from tests.service.test_groups import add, image, visits

HALF = Ratios(train=0.5, val=0.25, test=0.25)
RULES = [(ByFolder(), 4), (ByPattern(pattern=r"patient(\d+)"), 8), (ByColumn(column="patient"), 8)]


@pytest.mark.parametrize(("by", "parts"), RULES)
def test_no_group_that_was_kept_together_crosses(by: Any, parts: int, studio: Studio) -> None:
    pid = add(studio, visits(), columns=["patient"])
    made = splits.create(studio, ME, pid, SplitRequest(name="A", ratios=HALF, group_by=by))
    shown = splits.preview_leaks(studio, pid, SplitPlan(ratios=HALF, group_by=by)).groups
    assert shown == splits.leaks(studio, pid, made.id).groups
    assert shown is not None and (shown.by, shown.groups, shown.crossing, shown.apart) == (by, parts, 0, 0)
    _, report = splits.preview_folds_with_leaks(studio, pid, FoldsPlan(folds=2, group_by=by))
    assert report.groups is not None and (report.groups.groups, report.groups.crossing) == (parts, 0)


def test_folders_that_cross_are_told_of_a_split_that_kept_nothing_together(studio: Studio) -> None:
    pid = add(studio, visits(), columns=["patient"])
    found = splits.preview_leaks(studio, pid, SplitPlan(ratios=HALF)).groups
    assert found is not None
    assert (found.by, found.groups, found.crossing, found.single) == (ByFolder(), 4, 4, 0)
    assert [one.key for one in found.examples] == ["clinic 0", "clinic 1", "clinic 2", "clinic 3"]
    assert {sum(one.sizes.values()) for one in found.examples} == {10}


def test_any_groups_can_be_looked_at_in_a_split_that_came_with_the_data(studio: Studio) -> None:
    """The last of the five visits of patients 0 to 2 is for validation, and all those of patient 7."""
    images = [
        replace(one, subset="val" if (number >= 32 and number % 8 < 3) or number % 8 == 7 else "train")
        for number, one in enumerate(visits())
    ]
    images.append(image(90, Label("well"), name="clinic 9/nobody.png", subset="train"))
    pid = add(studio, images, columns=["patient"])
    sid = splits.keep_source(studio, ME, pid).id
    by_patient = splits.group_crossings(studio, pid, sid, ByColumn(column="patient"))
    assert (by_patient.groups, by_patient.crossing, by_patient.apart) == (8, 3, 1)
    assert [(one.key, one.sizes) for one in by_patient.examples] == [
        (f"P{number}", {"train": 4, "val": 1}) for number in range(3)
    ]
    by_both = splits.group_crossings(studio, pid, sid, ByPattern(pattern=r"(pat)ient(\d+)"))
    assert [one.key for one in by_both.examples] == ["pat · 0", "pat · 1", "pat · 2"]
    by_folder = splits.leaks(studio, pid, sid).groups
    assert by_folder == splits.group_crossings(studio, pid, sid, ByFolder())
    assert by_folder is not None
    assert (by_folder.groups, by_folder.single, by_folder.crossing) == (5, 1, 4)
    with pytest.raises(BadInput, match="No image has an entry in a column 'age'"):
        splits.group_crossings(studio, pid, sid, ByColumn(column="age"))


def test_a_folder_in_each_part_of_the_source_is_one(studio: Studio) -> None:
    images = [
        image(number, Label("ab"[number % 2]), name=f"{subset}/site {site}/{number}.png", subset=subset)
        for number, (subset, site) in enumerate(
            [(subset, site) for subset in ("train", "val") for site in range(6) for _ in range(4) if site != 5]
            + [("train", 5), ("val", 6)] * 3
        )
    ]
    pid = add(studio, images)
    found = splits.leaks(studio, pid, splits.keep_source(studio, ME, pid).id).groups
    assert found is not None and (found.groups, found.crossing) == (7, 5)
    assert found.examples[0].key == "site 0" and found.examples[0].sizes == {"train": 4, "val": 4}
    made = splits.create(studio, ME, pid, SplitRequest(name="A", ratios=HALF, group_by=ByFolder()))
    kept = splits.leaks(studio, pid, made.id).groups
    assert kept is not None and (kept.groups, kept.crossing) == (7, 0)


def _images(names: Sequence[str], labels: Sequence[Any], count: int = 6) -> list[NewImage]:
    """So many in each folder."""
    found: list[NewImage] = []
    for folder, label in zip(names, labels, strict=True):
        for _ in range(count):
            number = len(found)
            subset: Subset | None = "train" if "train" in folder else "val" if "val" in folder else None
            name = f"{folder}/{number}.png" if folder else f"{number}.png"
            found.append(image(number, *label, name=name, subset=subset))
    return found


CAT, DOG = (Label("cat"),), (Label("dog"),)
CELL, SPOT = (Box("cell", 0, 0, 1, 1),), (Box("spot", 0, 0, 1, 1),)
GOOD, BAD = (Anomaly(False, "good"),), (Anomaly(True, "crack"),)


@pytest.mark.parametrize(
    ("images", "kind", "said"),
    [
        (_images(["cat", "dog"], [CAT, DOG]), "label", "The folders are the classes"),
        (_images(["train/cat", "train/dog", "val/cat", "val/dog"], [CAT, DOG, CAT, DOG]), "label", "are the classes"),
        (_images(["train/good", "test/good", "test/crack"], [GOOD, GOOD, BAD]), "anomaly", "are the classes"),
        (_images(["images/train", "images/val"], [CELL, SPOT]), "box", "All images are in one folder"),
        (_images(["", ""], [CAT, DOG]), "label", "All images are in one folder"),
        (
            [*_images(["cats", "dogs"], [CELL, SPOT], 30), image(99, *SPOT, name="cats/99.png")],
            "box",
            "The folders are the classes",
        ),
    ],
    ids=["classes", "classes in parts", "defects", "parts", "none", "nearly classes"],
)
def test_folders_that_say_nothing_are_no_alarm(images: list[NewImage], kind: Any, said: str, studio: Studio) -> None:
    pid = add(studio, images, kind)
    ratios = Ratios(train=0.5, val=0.5, test=0)
    assert splits.preview_leaks(studio, pid, SplitPlan(ratios=ratios)).groups is None
    made = splits.create(studio, ME, pid, SplitRequest(name="A", ratios=ratios))
    assert splits.leaks(studio, pid, made.id).groups is None
    with pytest.raises(BadInput, match=said):
        splits.group_crossings(studio, pid, made.id, ByFolder())


def test_folders_of_one_image_are_no_groups(studio: Studio) -> None:
    pid = add(studio, [image(number, Label("ab"[number % 2]), name=f"scan {number}/x.png") for number in range(20)])
    made = splits.create(studio, ME, pid, SplitRequest(name="A", ratios=HALF))
    assert splits.leaks(studio, pid, made.id).groups is None
    found = splits.group_crossings(studio, pid, made.id, ByFolder())
    assert (found.groups, found.single, found.crossing) == (20, 20, 0)
