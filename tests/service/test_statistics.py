"""What a data set is like as a whole."""

import pytest

from aistudio.errors import NotFound
from aistudio.schema.annotation import Box, Mask, Value
from aistudio.schema.project import Problem
from aistudio.service import datasets
from aistudio.store.dataset import DatasetFolder, Facts, NewImage
from aistudio.studio import Studio
from tests.fixtures import new_project


def add(studio: Studio, classes: list[str], images: list[NewImage], facts: Facts) -> str:
    pid = new_project(studio)
    staged = studio.workspace.staging / f"{pid}-ready"
    staged.mkdir(parents=True)
    DatasetFolder(staged).create(classes, images, facts)
    studio.workspace.project(pid).adopt_dataset(staged)
    return pid


def test_boxes_are_counted_by_class_size_and_image(studio: Studio) -> None:
    small, large = Box("cat", 0, 0, 10, 10), Box("dog", 0, 0, 100, 90)
    images = [
        NewImage("a", "1.png", 200, 100, 7, "1", annotations=[small, small, large], format="PNG", subset="train"),
        NewImage("b", "2.jpg", 200, 100, 8, "2", annotations=[small], format="JPEG", subset="val", twin=2),
        NewImage("c", "3.jpg", 100, 200, 9, "3", format="JPEG", twin=2, problems=[Problem(file="c", message="x")]),
    ]
    pid = add(studio, ["cat", "dog"], images, Facts(annotation="box", totals={"image": 1}))
    found = datasets.statistics(studio, pid)
    assert (found.images, found.bytes, found.twins) == (3, 24, 2)
    assert [(one.name, one.images, one.objects, one.share) for one in found.classes] == [
        ("cat", 2, 3, None),
        ("dog", 1, 1, None),
    ]
    assert (found.formats, found.objects) == ({"JPEG": 2, "PNG": 1}, {0: 1, 1: 1, 3: 1})
    assert [(one.low, one.count) for one in found.areas if one.count] == [(8, 3), (64, 1)]
    assert [(one.width, one.height, one.count) for one in found.sizes] == [(200, 100, 2), (100, 200, 1)]
    assert [(one.low, one.high, one.count) for one in found.aspects if one.count] == [(0.4, 0.55, 1), (1.8, 2.5, 2)]
    assert found.widths is not None and (found.widths.least, found.widths.most, found.widths.median) == (100, 200, 200)
    assert (found.subsets, found.problems) == ({"train": 1, "val": 1}, {"image": 1})


def test_numbers_have_bars(studio: Studio) -> None:
    images = [NewImage(str(one), "x", 1, 1, 1, "0", annotations=[Value("age", one)]) for one in range(101)]
    pid = add(studio, [], images, Facts(annotation="value", targets=["age", "none"]))
    (spread,) = datasets.statistics(studio, pid).targets
    assert (spread.name, spread.least, spread.most, spread.mean, spread.median) == ("age", 0, 100, 50, 50)
    assert [bar.count for bar in spread.bars] == [5] * 19 + [6]
    assert (spread.bars[0].low, spread.bars[-1].high) == (0, 100)


def test_masks_have_shares(studio: Studio) -> None:
    masks = [Mask("1.png", 255, (("road", 0.25), ("sky", 0.75))), Mask("2.png", 255, (("road", 0.75), ("sky", 0.25)))]
    images = [NewImage("a", "1.png", 8, 8, 1, "0", annotations=[one]) for one in masks]
    pid = add(studio, ["road", "sky", "sea"], images, Facts(annotation="mask"))
    found = datasets.statistics(studio, pid)
    assert [(one.name, one.share) for one in found.classes] == [("road", 0.5), ("sky", 0.5), ("sea", 0.0)]
    assert found.objects == {} and found.areas == []


def test_without_images_there_is_nothing_to_count(studio: Studio) -> None:
    with pytest.raises(NotFound, match="Import images first"):
        datasets.statistics(studio, new_project(studio))
