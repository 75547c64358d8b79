"""COCO files that are not quite as they should be: ids twice, ids and names of another type, other encodings."""

import json
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import ImportRefused
from aistudio.store.formats.base import Layout
from tests.fixtures import png
from tests.store.folders import layout
from tests.store.sources import COCO

IMAGES = {f"images/{name}.png": png() for name in "abc"}


def coco(root: Path, **changed: Any) -> Layout:
    return layout(root, {**IMAGES, "set.json": json.dumps(COCO | changed)}, "coco", "box")


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
