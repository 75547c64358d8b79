"""Images that nothing marks, and annotation files without an image: every format tells them, and not too often."""

from pathlib import Path

import pytest

from aistudio.schema.annotation import Kind
from aistudio.store.formats import importer
from tests.fixtures import png
from tests.store.folders import Files, layout
from tests.store.sources import SOURCES, VOC

WORDS = {
    "csv": "is in no table",
    "coco": "is in no annotation file",
    "yolo": "has no label file",
    "voc": "has no annotation file",
    "rolabelimg": "has no annotation file",
    "dota": "has no label file",
    "png_masks": "has no mask",
    "instance_png": "has no mask",
    "object_pngs": "has no folder of masks",
}


def unannotated(root: Path, name: str, files: Files, kind: Kind | None = None) -> tuple[list[tuple[str, str]], int]:
    """What is told, and of how many images more."""
    found = layout(root, {**SOURCES[name], **files}, name, kind or importer(name).KINDS[0])
    return [(str(one), one.effect) for one in found.problems if one.kind == "unannotated"], found.uncounted


@pytest.mark.parametrize(("name", "words"), WORDS.items())
def test_images_of_another_folder_are_told_once_for_all(name: str, words: str, tmp_path: Path) -> None:
    extra: Files = {f"extra/more/x{number}.png": png() + bytes(9) for number in range(5)}
    told = [(f"extra/more has 5 images, and each {words}; the first is x0.png", "left out")]
    assert unannotated(tmp_path / "five", name, extra) == (told, 4)
    one: Files = {"extra/x.png": png() + bytes(9)}
    assert unannotated(tmp_path / "one", name, one) == ([(f"extra/x.png {words}", "left out")], 0)


@pytest.mark.parametrize("name", WORDS)
def test_masks_and_copies_for_another_format_are_no_such_images(name: str, tmp_path: Path) -> None:
    files: Files = {"more/masks/y.png": png(), "voc/JPEGImages/a.png": png() + b"x", "voc/Annotations/a.xml": VOC}
    if name in ("voc", "rolabelimg"):
        files = {"more/masks/y.png": png(), "yolo/images/a.png": png() + b"x", "yolo/labels/a.txt": "0 .5 .5 .1 .1\n"}
    if name == "object_pngs":
        files = {"voc/one.png": png() + b"x", "voc/one.txt": "0 .5 .5 .1 .1\n"}
    assert unannotated(tmp_path, name, files) == ([], 0)


def test_what_another_format_marks_is_noted(tmp_path: Path) -> None:
    pairs = {f"old/{part}/z{number}.{end}": png() for number in range(3) for part, end in PARTS}
    words = "old/images/z0.png is marked in another format and left out, as are 2 more below old"
    assert unannotated(tmp_path, "coco", {**pairs}) == ([(words, "noted")], 0)


PARTS = (("images", "png"), ("labels", "txt"))


def test_an_unlabelled_folder_is_not_taken_for_masks(tmp_path: Path) -> None:
    files: Files = {f"{one}/x.png": png() for one in ("unlabeled", "lengths", "background")}
    told, _ = unannotated(tmp_path, "coco", files)
    assert [one for one, _ in told] == [f"{one} is in no annotation file" for one in sorted(files)]
