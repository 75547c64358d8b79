"""YOLO with keypoints behind each box, as data.yaml says: the box is what its first four numbers say."""

from pathlib import Path

import pytest

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Box
from aistudio.store import formats
from tests.fixtures import png
from tests.store.reading import Files, listed, marks, told

BOX = "0 .5 .5 .2 .2"


def pose(line: str, shape: str) -> Files:
    return {"images/a.png": png(), "labels/a.txt": f"{line}\n", "data.yaml": f"names: [cat]\n{shape}\n"}


@pytest.mark.parametrize(
    ("points", "shape"),
    [
        (" .45 .55" * 4, "kpt_shape: [4, 2]"),
        (" .45 .55 2" * 3, "kpt_shape:\n  - 3\n  - 3"),
        (" .45 .55 2" * 4, "kpt_shape: [4, 3]  # points, numbers of each"),
        ("", "kpt_shape: [4, 2]"),
    ],
)
def test_keypoints_are_no_outline(points: str, shape: str, tmp_path: Path) -> None:
    listing = listed(tmp_path, pose(BOX + points, shape))
    (finding,) = formats.detect(listing, "box")
    found = formats.importer("yolo").read(listing, "box")
    assert (finding.format, finding.kinds) == ("yolo", ["box"])
    assert marks(found) == [Box("cat", 0.4, 0.4, 0.2, 0.2)]
    assert [(str(one), one.effect) for one in found.problems] == [
        ("data.yaml says that objects have keypoints: they are not used, only the boxes are", "noted")
    ]
    with pytest.raises(ImportRefused):
        formats.importer("yolo").read(listing, "instance")


def test_a_line_with_other_numbers_than_its_keypoints_is_told(tmp_path: Path) -> None:
    listing = listed(tmp_path, pose(f"{BOX}{' .1' * 8}\n{BOX}{' .1' * 6}", "kpt_shape: [4, 2]"))
    found = formats.importer("yolo").read(listing, "box")
    assert "labels/a.txt line 2 has 10 numbers, where data.yaml says 12" in told(found) and len(marks(found)) == 1
