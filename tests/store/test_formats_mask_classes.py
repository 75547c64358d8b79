"""Files that name the classes of masks, and are not quite as they should be."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from aistudio.errors import ImportRefused
from aistudio.store.formats.base import Layout
from aistudio.store.formats.png_masks import Key
from tests.fixtures import png
from tests.store.reading import layout, told
from tests.store.sources import grey_png


def masks(root: Path, name: str, content: str) -> tuple[Layout, Mapping[Key, str | None]]:
    found = layout(root, {"images/a.png": png(), "masks/a.png": grey_png(), name: content}, "png_masks", "mask")
    (image,) = found.images
    assert image.mask is not None
    return found, image.mask.classes or {}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("car\n2 wheeler\ntruck\n", {0: "car", 1: "2 wheeler", 2: "truck"}),
        ("0 car\n3: truck\n2 wheeler\n", {0: "car", 3: "truck", 2: "wheeler"}),
        ("2 wheeler\n2 seater\n", {0: "2 wheeler", 1: "2 seater"}),
        ("# all\n128 64 128 road\n0 0 0 void\n", {(128, 64, 128): "road", (0, 0, 0): None}),
    ],
)
def test_a_number_before_a_name_may_belong_to_it(content: str, expected: dict[Key, str | None], tmp_path: Path) -> None:
    assert masks(tmp_path, "classes.txt", content)[1] == expected


def test_lines_of_a_colour_map_that_make_no_sense_are_told(tmp_path: Path) -> None:
    lines = ["name,r,g,b", "road,128,64,128", "sky,300,0,0", ",1,2,3", "car,1,2", "tree,x,2,3", "hut,0,0,9"]
    found, classes = masks(tmp_path, "class_dict.csv", "\n".join(lines))
    assert classes == {(128, 64, 128): "road", (0, 0, 9): "hut"}
    assert sorted((one.line, one.effect) for one in found.problems) == [(line, "left out") for line in (3, 4, 5, 6)]
    assert "class_dict.csv line 3 is not a name and three numbers from 0 to 255" in told(found)


def test_a_colour_map_without_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"class_dict\.csv has colours, but no names of classes"):
        masks(tmp_path, "class_dict.csv", "r,g,b\n128,64,128\n0,0,0\n")
