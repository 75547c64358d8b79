"""Label files of single images: one that cannot be read costs its image, and a problem is of the image it is about."""

from pathlib import Path

import pytest

from aistudio.schema.annotation import Kind
from aistudio.store import formats
from aistudio.store.formats.base import Layout
from tests.fixtures import png
from tests.store.reading import Files, layout, listed, told
from tests.store.sources import SOURCES, VOC

SECOND: dict[str, tuple[str, str, Kind]] = {
    "yolo": ("images/train/z.png", "labels/train/z.txt", "box"),
    "dota": ("images/z.png", "labelTxt/z.txt", "rotated"),
    "voc": ("JPEGImages/z.png", "Annotations/z.xml", "box"),
    "rolabelimg": ("z.png", "z.xml", "rotated"),
}


@pytest.mark.parametrize("name", SECOND)
def test_a_label_file_that_cannot_be_read_costs_its_image(name: str, tmp_path: Path) -> None:
    """Not the import; and it is no image without objects either."""
    image, label, kind = SECOND[name]
    listing = listed(tmp_path, {**SOURCES[name], image: png(), label: b"0 .5 .5 .5 .5\n"})
    (tmp_path / label).unlink()
    found = formats.importer(name).read(listing, kind)
    assert told(found) == [f"{label} cannot be read: No such file or directory"]
    assert image not in {one.name for one in found.images} and found.images
    assert [(one.kind, one.effect) for one in found.problems] == [("unreadable", "left out")]


@pytest.mark.parametrize("name", ["yolo", "dota", "voc"])
def test_a_label_file_larger_than_any_real_one_costs_its_image(name: str, tmp_path: Path) -> None:
    image, label, kind = SECOND[name]
    listing = listed(tmp_path, {**SOURCES[name], image: png(), label: b""})
    with (tmp_path / label).open("wb") as file:
        file.truncate(2**26 + 1)
    assert told(formats.importer(name).read(listing, kind)) == [f"{label} is larger than 67,108,864 bytes"]


def test_a_line_that_makes_no_sense_is_no_matter_of_its_class(tmp_path: Path) -> None:
    lines = "0 .5 x .5 .5\n9 .5 .5 .5 .5\n0 .5\n0 .5 .5 .5 .5\n"
    found = layout(tmp_path, {**SOURCES["yolo"], "labels/train/a.txt": lines}, "yolo", "box")
    assert [(one.line, one.kind) for one in found.problems] == [(1, "annotation"), (2, "class"), (3, "annotation")]


def about(found: Layout) -> dict[str, list[str]]:
    return {name: [str(one) for one in some] for name, some in found.of_images.items()}


COCO = '{"images": [{"id": 1, "file_name": "a.png"}], "categories": [], "annotations": [{"image_id": 1, "id": 5}]}'
TABLE = "file,class,xmin,ymin,xmax,ymax\na.png,cat,1,1,2,2\na.png,cat,1,x,2,2\n"


@pytest.mark.parametrize(
    ("name", "files", "kind", "expected"),
    [
        ("yolo", {"a.txt": "0 .5 .5 .5 .5\n1\n", "data.yaml": "names: [cat]"}, "box", "a.txt line 2 has the unknown"),
        ("dota", {"a.txt": "1 1 5 1 5 4 1 4 car 1\n1 2 car\n"}, "rotated", "a.txt line 2 is not eight coordinates"),
        ("voc", {"a.xml": VOC.replace(">5<", ">x<")}, "box", "a.xml line 4 has no box for its cat"),
        ("csv", {"t.csv": TABLE}, "box", "t.csv line 3 has no numbers for its box"),
        ("coco", {"t.json": COCO}, "box", "t.json annotation 5 of a.png has the unknown category None"),
    ],
)
def test_a_problem_is_of_the_image_that_it_is_about(
    name: str, files: Files, kind: Kind, expected: str, tmp_path: Path
) -> None:
    found = layout(tmp_path, {**files, "a.png": png(), "other.png": png() + b"x"}, name, kind)
    assert list(about(found)) == ["a.png"] or name in ("yolo", "dota")
    assert about(found)["a.png"][0].startswith(expected) and len(about(found)["a.png"]) == 1
    assert set(about(found)["a.png"]) < set(told(found)), "and still among all"


@pytest.mark.parametrize(
    ("data", "classes", "expected"),
    [
        ("names: [no, yes]", ["no", "yes"], []),
        ("names: [on, 007, 1.50, null]", ["on", "007", "1.50", "null"], []),
        ("names:\n  0: y\n  1: off\nnc: 2", ["y", "off"], []),
        (
            "names: [cat, dog, cat]\nnc: 3",
            ["cat", "dog"],
            ["data.yaml line 1 gives the name cat to the numbers 0, 2: they are one class"],
        ),
        ("nc: 5\nnames: [cat, dog]", ["cat", "dog"], ["data.yaml says that there are 5 classes, and names 2"]),
    ],
)
def test_names_in_data_yaml_are_texts_and_what_is_odd_is_told(
    data: str, classes: list[str], expected: list[str], tmp_path: Path
) -> None:
    found = layout(tmp_path, {**SOURCES["yolo"], "data.yaml": data}, "yolo", "box")
    assert (found.classes, told(found)) == (classes, expected)


def test_voc_is_known_where_the_first_images_are_empty(tmp_path: Path) -> None:
    empty = "<annotation><filename>x{0}.png</filename></annotation>"
    files: Files = {f"x{number:03}.xml": empty.format(number) for number in range(60)}
    files |= {f"z{number:03}.xml": VOC for number in range(60)}
    found = formats.detect(listed(tmp_path, {**files, "z000.png": png()}), "box")
    assert [one.format for one in found] == ["voc"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_lines_of_xml_are_counted_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    page = f'<?xml version="1.0" encoding="{encoding}"?>\r\n<!-- gr\u00f6\u00dfe -->\r\n' + VOC.replace(">5<", ">x<")
    found = layout(tmp_path, {"a.png": png(), "a.xml": page.encode(encoding)}, "voc", "box")
    assert told(found) == ["a.xml line 6 has no box for its cat"]
