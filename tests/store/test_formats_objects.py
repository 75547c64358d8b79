"""Importers of boxes, rotated boxes and outlines: COCO with its run-length codes, YOLO, XML files, DOTA."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Box, Instance, RotatedBox
from aistudio.store.formats import rle
from tests.fixtures import png
from tests.store.reading import marks, read, told
from tests.store.sources import COCO, VOC


def test_coco_to_the_letter(tmp_path: Path) -> None:
    boxes = read(tmp_path, "coco", "box")
    assert boxes.classes == ["cat", "dog"], "in the order of their ids"
    assert marks(boxes) == [Box("cat", 1, 1, 4, 4), Box("dog", 0, 0, 2, 3, ("crowd",))]
    assert [one.subset for one in boxes.images] == ["val", "val"]
    outlines = read(tmp_path, "coco", "instance")
    assert marks(outlines) == [
        Instance("cat", 1, 1, 4, 4, ((1, 1, 5, 1, 5, 5),)),
        Instance("dog", 0, 0, 2, 3, (), rle.code_of([0, 3, 5, 3, 53]), ("crowd",)),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category_id": 9}, "instances_val.json annotation 1 of images/a.png has the unknown category 9"),
        ({"bbox": [1, 2, 3]}, "instances_val.json annotation 1 of images/a.png has no box that makes sense"),
        ({"bbox": [1, 2, 3, None]}, "instances_val.json annotation 1 of images/a.png has no box that makes sense"),
        ({"image_id": 99}, "instances_val.json has an annotation of image 99, which it does not list"),
    ],
)
def test_what_is_wrong_in_coco_is_told(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    first, second = COCO["annotations"]
    layout = read(
        tmp_path,
        "coco",
        "box",
        instances_val_dot_json=json.dumps({**COCO, "annotations": [{**first, **change}, second]}),
    )
    assert message in told(layout)
    assert len(marks(layout)) == 1


def test_images_that_are_missing_twice_or_unmentioned_are_told(tmp_path: Path) -> None:
    images = [*COCO["images"], {"id": 3, "file_name": "images/a.png"}, {"id": 4, "file_name": "gone.png"}]
    layout = read(
        tmp_path, "coco", "box", instances_val_dot_json=json.dumps({**COCO, "images": images}), images__c_dot_png=png()
    )
    assert sorted(told(layout)) == [
        "images/a.png is listed again in instances_val.json",
        "images/c.png is in no annotation file",
        "instances_val.json names gone.png, which is not there",
    ]
    assert len(layout.images) == 2


def test_broken_json_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"instances_val\.json line 2 is not JSON"):
        read(tmp_path, "coco", "box", instances_val_dot_json='{"images": [], "categories": [],\n "annotations": [}')


def test_yolo_to_the_letter(tmp_path: Path) -> None:
    layout = read(tmp_path, "yolo", "box")
    assert layout.classes == ["cat", "dog"]
    assert marks(layout) == [Box("cat", 0.25, 0.25, 0.5, 0.5), Box("dog", 0, 0, 0.5, 0.5)]
    assert [(one.subset, one.relative, len(one.drafts)) for one in layout.images] == [
        ("train", True, 2),
        ("val", True, 0),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7 0.5 0.5 0.5 0.5", "labels/train/a.txt line 2 has the unknown class 7, which data.yaml does not name"),
        ("0 0.5 x 0.5 0.5", "labels/train/a.txt line 2 is not a class number and coordinates"),
        ("0 0.5 0.5 nan 0.5", "labels/train/a.txt line 2 is not a class number and coordinates"),
        ("0 0.5", "labels/train/a.txt line 2 has 1 coordinates, which is neither a box nor an outline"),
        ("-1 0.5 0.5 0.5 0.5", "labels/train/a.txt line 2 has the unknown class -1, which data.yaml does not name"),
    ],
)
def test_what_is_wrong_in_yolo_has_its_line(line: str, message: str, tmp_path: Path) -> None:
    layout = read(tmp_path, "yolo", "box", labels__train__a_dot_txt=f"0 0.5 0.5 0.5 0.5\n{line}\n")
    assert told(layout) == [message] and len(marks(layout)) == 1


def test_boxes_among_outlines_are_told_once_for_each_file(tmp_path: Path) -> None:
    lines = "0 0.1 0.1 0.9 0.1 0.9 0.9\n0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.5\n"
    found = read(tmp_path, "yolo", "instance", labels__train__a_dot_txt=lines)
    assert len(marks(found)) == 3
    assert [(str(one), one.effect) for one in found.problems] == [
        ("labels/train/a.txt line 2 is a box without an outline, and 1 more like it: it is taken for one", "changed")
    ]


def test_yolo_outlines_corners_and_names(tmp_path: Path) -> None:
    outline = "0 0.1 0.1 0.9 0.1 0.9 0.9\n1 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5 0.2 0.3\n"
    layout = read(tmp_path / "a", "yolo", "instance", labels__train__a_dot_txt=outline)
    assert marks(layout)[0].polygons[0] == (0.1, 0.1, 0.9, 0.1, 0.9, 0.9)
    corners = "0 0.1 0.1 0.9 0.1 0.9 0.5 0.1 0.5\n"
    data = "path: ../x\nnames:\n  0: car\n  1: DontCare\n"
    layout = read(
        tmp_path / "b",
        "yolo",
        "rotated",
        labels__train__a_dot_txt=corners + corners.replace("0 0.1", "1 0.1", 1),
        data_dot_yaml=data,
    )
    assert layout.classes == ["car"]
    assert [(one.label, one.flags) for one in marks(layout)] == [("car", ()), (None, ("ignored",))]


@pytest.mark.parametrize(
    "document", ["names: 7", "names: [[1]]", "{", "names: &a [*a]", "- 1", "!!python/object:x {}", "[" * 5000]
)
def test_a_broken_list_of_names_is_refused(document: str, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"data\.yaml.* (has no list of names|is not YAML)"):
        read(
            tmp_path,
            "yolo",
            "box",
            data_dot_yaml=f"names: x\n{document}" if document[0] in "{[" else document + "\nx: names",
        )


def test_voc_to_the_letter(tmp_path: Path) -> None:
    layout = read(tmp_path, "voc", "box")
    assert marks(layout) == [Box("cat", 1, 2, 4, 4, ("difficult",))]
    (image,) = layout.images
    assert (image.name, image.source, image.size, image.subset) == (
        "JPEGImages/a.png",
        "Annotations/a.xml",
        (8, 8),
        "val",
    )
    assert image.drafts[0].line == 4


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><annotation><object><name>&c;</name></object></annotation>'


OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation><bndbox></bndbox>&b;</annotation>'


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (VOC[:-20], "Annotations/b.xml line 7 is not XML"),
        (BOMB, "Annotations/b.xml has entities or a document type with tricks, which are refused"),
        (OUTSIDE, "Annotations/b.xml has entities or a document type with tricks, which are refused"),
        ("", "Annotations/b.xml line 1 is not XML"),
        (VOC.replace("a.png", "gone.png"), "Annotations/b.xml has no image 'gone.png'"),
        (VOC, "Annotations/b.xml is a second file for JPEGImages/a.png"),
    ],
)
def test_what_is_wrong_in_xml_is_told(document: str, message: str, tmp_path: Path) -> None:
    layout = read(tmp_path, "voc", "box", Annotations__b_dot_xml=document)
    assert len(marks(layout)) == 1
    assert any(one.startswith(message) for one in told(layout))


def test_a_box_without_numbers_has_its_line(tmp_path: Path) -> None:
    layout = read(tmp_path, "voc", "box", Annotations__a_dot_xml=VOC.replace("<xmin>1", "<xmin>x"))
    assert told(layout) == ["Annotations/a.xml line 4 has no box for its cat"]


def test_rotated_boxes_and_regions_to_be_ignored(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "rolabelimg", "rotated")
    car, ignored = marks(layout)
    assert car == RotatedBox("car", (2, 3, 6, 3, 6, 5, 2, 5))
    assert (ignored.label, ignored.flags, layout.classes) == (None, ("ignored",), ["car"])
    layout = read(tmp_path / "b", "dota", "rotated")
    assert marks(layout)[0] == RotatedBox("car", (1, 1, 5, 1, 5, 4, 1, 4), ("difficult",))
    assert (marks(layout)[1].label, marks(layout)[1].flags) == (None, ("ignored",))
    assert [draft.line for draft in layout.images[0].drafts] == [3, 4]
    bad = read(tmp_path / "c", "dota", "rotated", labelTxt__a_dot_txt="1 1 5 1 5 4 1 4 car 0\n1 2 3 car\n")
    assert told(bad) == ["labelTxt/a.txt line 2 is not eight coordinates and a class"]


@given(some.lists(some.integers(0, 10**7), min_size=1, max_size=50))
def test_a_run_length_code_is_read_back(counts: list[int]) -> None:
    assert rle.counts_of(rle.code_of(counts)) == counts


@given(some.text(alphabet=[chr(one) for one in range(40, 120)], max_size=40))
def test_a_text_that_is_no_run_length_code_is_none(code: str) -> None:
    counts = rle.counts_of(code)
    assert counts is None or all(one >= 0 for one in counts)
