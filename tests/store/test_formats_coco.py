"""COCO files that are not quite as they should be: ids twice, ids and names of another type, other encodings."""

import json
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Box, Instance, Kind
from aistudio.store import formats
from aistudio.store.formats.base import Layout
from tests.fixtures import png
from tests.store.reading import Files, layout, listed, marks, told
from tests.store.sources import COCO

IMAGES = {f"images/{name}.png": png() for name in "abc"}


def coco(root: Path, kind: Kind = "box", **changed: Any) -> Layout:
    return layout(root, {**IMAGES, "set.json": json.dumps(COCO | changed)}, "coco", kind)


def test_a_second_image_of_one_id_gets_none_of_the_others_boxes(tmp_path: Path) -> None:
    images = [*COCO["images"], {"id": 1, "file_name": "c.png"}]
    found = coco(tmp_path, images=images)
    assert [(one.name, len(one.drafts)) for one in found.images] == [("images/a.png", 2), ("images/b.png", 0)]
    assert [(str(one), one.kind) for one in found.problems if one.kind == "twice"] == [
        ("set.json gives c.png the id 1, which a.png has", "twice")
    ]


def test_an_id_of_two_classes_is_refused(tmp_path: Path) -> None:
    categories = [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}]
    assert coco(tmp_path / "same", categories=[*categories, categories[0]]).classes == ["cat", "dog"]
    with pytest.raises(ImportRefused, match=r"set\.json gives the id 3 to two categories, cat and cow\."):
        coco(tmp_path / "other", categories=[*categories, {"id": 3, "name": "cow"}])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_json_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    listing = listed(tmp_path, {**IMAGES, "set.json": json.dumps(COCO).encode(encoding)})
    (finding,) = formats.detect(listing, "box")
    assert finding.format == "coco" and len(marks(formats.importer("coco").read(listing, "box"))) == 2


@pytest.mark.parametrize("one", [1.0, "1", 1])
@pytest.mark.parametrize("crowd", ["1", 1, True, 1.0])
def test_ids_and_flags_may_be_of_another_type(one: object, crowd: object, tmp_path: Path) -> None:
    row = {"id": 1, "image_id": one, "category_id": one, "bbox": [1, 1, 4, 4], "iscrowd": crowd}
    found = coco(tmp_path, annotations=[row], categories=[{"id": 1, "name": 7}], images=COCO["images"][:1])
    assert marks(found) == [Box("7", 1, 1, 4, 4, ("crowd",))]
    assert not [text for text in told(found) if "annotation 1" in text]


def test_an_id_that_only_looks_like_a_number_is_text(tmp_path: Path) -> None:
    images = [{"id": "007", "file_name": "a.png"}, {"id": 7, "file_name": "b.png"}]
    row = {"id": 1, "image_id": "007", "category_id": 3, "bbox": [1, 1, 4, 4]}
    assert [len(one.drafts) for one in coco(tmp_path, images=images, annotations=[row]).images] == [1, 0]


CAPTIONS = {"images": COCO["images"], "annotations": [{"id": 9, "image_id": 1, "caption": "a cat"}]}
SEGMENTS = {**CAPTIONS, "annotations": [{"image_id": 1, "segments_info": []}], "categories": COCO["categories"]}


@pytest.mark.parametrize("other", [CAPTIONS, SEGMENTS, [CAPTIONS]])
def test_a_file_without_objects_is_passed_over_beside_one_that_has_some(other: Any, tmp_path: Path) -> None:
    """Of whichever name, so that none of its images counts as listed twice."""
    files: Files = {
        **IMAGES,
        "captions_train2017.json": json.dumps(other),
        "instances_train2017.json": json.dumps(COCO),
    }
    found = layout(tmp_path, files, "coco", "box")
    assert len(marks(found)) == 2 and found.classes == ["cat", "dog"]
    assert [(one.file, one.kind, one.effect) for one in found.problems if one.file.endswith("json")] == [
        ("captions_train2017.json", "annotation", "noted")
    ]


def test_only_files_without_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"captions\.json has no lists of images, annotations and categories\."):
        layout(tmp_path, {**IMAGES, "captions.json": json.dumps(CAPTIONS)}, "coco", "box")


@pytest.mark.parametrize("kind", ["instance", "mask"])
def test_boxes_that_stand_for_outlines_are_told_once(kind: Kind, tmp_path: Path) -> None:
    rows = [{"id": one, "image_id": 1, "category_id": 3, "bbox": [1, 1, 4, 4]} for one in range(3)]
    found = coco(tmp_path, kind, annotations=[*rows, {**rows[0], "segmentation": [[1, 1, 5, 1, 5, 5]]}])
    assert [(str(one), one.effect) for one in found.problems if one.file == "set.json"] == [
        ("set.json has 3 objects with a box and no outline: the box is taken for the outline", "changed")
    ]
    assert marks(found)[0] == Instance("cat", 1, 1, 4, 4, ((1, 1, 5, 1, 5, 5, 1, 5),))
    assert "no outline" not in "".join(told(coco(tmp_path, "box", annotations=rows)))


def test_a_fragment_that_makes_no_sense_costs_not_the_whole_outline(tmp_path: Path) -> None:
    flat = [1, 1, 5, 1, 5, 5]
    row = {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 1, 4, 4], "segmentation": [flat, [2, 2, 3, 3]]}
    found = coco(tmp_path, "instance", annotations=[row])
    assert marks(found) == [Instance("cat", 1, 1, 4, 4, (tuple(flat),))]
    assert [(str(one), one.effect) for one in found.problems if one.file == "set.json"] == [
        (
            "set.json annotation 1 of images/a.png has 1 of 2 polygons that make no sense: the others are its outline",
            "changed",
        )
    ]
