"""Classes that a source names and no image has are told, each with the file and the line that names it."""

import json

import pytest

from aistudio.schema.annotation import Kind
from tests.engine.taking import imported
from tests.fixtures import png
from tests.store.sources import COCO, SOURCES

pytestmark = pytest.mark.usefixtures("unlimited")
PRETTY = json.dumps({**COCO, "categories": [*COCO["categories"], {"id": 9, "name": "gnü"}]}, indent=1)
LINE = next(number for number, row in enumerate(PRETTY.splitlines(), start=1) if r"gn\u00fc" in row)
ONE_HOT = b"filename,cat,dog,yak\na.png,1,0,0\nb.png,0,1,0\n"
CASES: dict[tuple[str, Kind], list[tuple[dict[str, bytes], list[str]]]] = {
    ("class_folders", "label"): [
        ({"train/yak/": b"", "val/dog/": b""}, ["train/yak names the class yak, which no image has"]),
        ({"val/yak/notes.txt": b"none yet"}, ["val/yak names the class yak, which no image has"]),
        ({"val/emu/e.png": b""}, ["val/emu/e.png is empty", "val/emu names the class emu, which no image has"]),
        ({"train/.git/": b""}, []),
    ],
    ("csv", "label"): [
        ({"labels.csv": ONE_HOT}, ["labels.csv line 1 names the class yak, which no image has"]),
    ],
    ("coco", "box"): [
        (
            {"instances_val.json": PRETTY.encode()},
            [f"instances_val.json line {LINE} names the class gnü, which no image has"],
        ),
    ],
    ("yolo", "box"): [
        (
            {"data.yaml": b"# of a kind\nnames:\n  0: cat\n  1: dog\n  2: yak\n"},
            ["data.yaml line 5 names the class yak, which no image has"],
        ),
        (
            {"data.yaml": b"", "classes.txt": b"cat\n\ndog\n"},
            [
                "labels/train/a.txt line 2 has the unknown class 1, which classes.txt does not name",
                "classes.txt line 3 names the class dog, which no image has",
            ],
        ),
    ],
    ("voc", "box"): [
        (
            {"Annotations/b.xml": SOURCES["voc"]["Annotations/a.xml"].replace(b"cat", b"yak").replace(b">5<", b">1<")}
            | {"JPEGImages/b.png": png((9, 9, 9))},
            [
                "Annotations/b.xml line 4 has a box of no size",
                "Annotations/b.xml line 4 names the class yak, which no image has",
            ],
        ),
    ],
    ("png_masks", "mask"): [
        ({}, ["classes.txt line 1 names the class road, which no image has"]),
        (
            {"classes.txt": b"# by number\n\n1 sky\n7 yak\n"},
            ["classes.txt line 4 names the class yak, which no image has"],
        ),
    ],
    ("mvtec", "anomaly"): [
        ({"test/hole/": b""}, ["test/hole names the class hole, which no image has"]),
        (
            {"ground_truth/hole/x_mask.png": SOURCES["mvtec"]["ground_truth/scratch/c_mask.png"]},
            [
                "ground_truth/hole/x_mask.png has no image of its name",
                "ground_truth/hole names the class hole, which no image has",
            ],
        ),
    ],
}


@pytest.mark.parametrize(
    ("place", "changes", "expected"),
    [pytest.param(place, *one, id=f"{place[0]}-{n}") for place, some in CASES.items() for n, one in enumerate(some)],
)
def test_a_class_of_no_image_is_told(place: tuple[str, Kind], changes: dict[str, bytes], expected: list[str]) -> None:
    name, kind = place
    apart = {file: png((n * 20, 99, 7)) for n, (file, data) in enumerate(SOURCES[name].items()) if data == png()}
    with imported(name, kind, SOURCES[name] | apart | changes) as (_, report):
        found = [str(one) for one in report.problems if one.kind not in ("twin", "duplicate", "odd")]
        assert sorted(found) == sorted(expected)
        assert report.totals.get("class", 0) == sum("class" in one for one in expected)
