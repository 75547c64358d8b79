"""Images that nothing marks, and annotation files without an image: every format tells them, and not too often."""

from pathlib import Path

import pytest

from aistudio.schema.annotation import Kind
from aistudio.store.formats import importer
from tests.fixtures import png
from tests.store.reading import Files, layout
from tests.store.sources import SOURCES, VOC, grey_png

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
    stem = "one" if name == "object_pngs" else "a"
    files: Files = {f"more/masks/{stem}{end}.png": png() + b"y" for end in ("", "_mask")}
    files |= {f"voc/JPEGImages/{stem}.png": png(), f"voc/Annotations/{stem}.xml": VOC}
    if name in ("voc", "rolabelimg"):
        files |= {"yolo/images/a.png": png(), "yolo/labels/a.txt": "0 .5 .5 .1 .1\n"}
        files = {name: data for name, data in files.items() if not name.startswith("voc/")}
    assert unannotated(tmp_path, name, files) == ([], 0)


@pytest.mark.parametrize("name", ["csv", "coco", "yolo", "dota", "voc"])
def test_photos_are_told_in_folders_whose_names_sound_like_masks(name: str, tmp_path: Path) -> None:
    files: Files = {f"{folder}/x.png": png() + b"x" for folder in ("labelled_images", "playground", "with_mask")}
    told, _ = unannotated(tmp_path, name, files)
    assert told == [(f"{one} {WORDS[name]}", "left out") for one in sorted(files)]


def test_what_another_format_marks_is_noted(tmp_path: Path) -> None:
    pairs = {f"old/{part}/z{number}.{end}": png() for number in range(3) for part, end in PARTS}
    words = "old/images/z0.png is marked in another format and left out, and so are others below old, 3 in all"
    assert unannotated(tmp_path, "coco", {**pairs}) == ([(words, "noted")], 0)


def test_another_image_of_the_same_name_and_size_is_no_copy(tmp_path: Path) -> None:
    other = png()[:-1] + b"x"
    marked: Files = {"old/images/a.png": other, "old/labels/a.txt": b""}
    words = "old/images/a.png is marked in another format and left out"
    assert unannotated(tmp_path / "marked", "coco", marked) == ([(words, "noted")], 0)
    bare = [("more/a.png is in no annotation file", "left out")]
    assert unannotated(tmp_path / "bare", "coco", {"more/a.png": other}) == (bare, 0)


PARTS = (("images", "png"), ("labels", "txt"))


def test_an_unlabelled_folder_is_not_taken_for_masks(tmp_path: Path) -> None:
    files: Files = {f"{one}/x.png": png() for one in ("unlabeled", "lengths", "background")}
    told, _ = unannotated(tmp_path, "coco", files)
    assert [one for one, _ in told] == [f"{one} is in no annotation file" for one in sorted(files)]


@pytest.mark.parametrize(
    ("name", "file", "data"),
    [
        ("yolo", "labels/train/x{}.txt", b"0 .5 .5 .1 .1\n"),
        ("yolo", "labels/extra/x{}.txt", b"0 .5 .5 .1 .1\n"),
        ("yolo", "labels/extra/x{}.txt", b""),
        ("dota", "labelTxt/x{}.txt", b"1 1 5 1 5 4 1 4 car 1\n"),
        ("dota", "labelTxt/x{}.txt", b""),
        ("dota", "more/labelTxt/x{}.txt", b"1 1 5 1 5 4 1 4 car 1\n"),
        ("png_masks", "masks/x{}.png", grey_png(palette=True)),
        ("png_masks", "more/masks/x{}.png", grey_png(palette=True)),
        ("instance_png", "masks/x{}.png", grey_png(16)),
        ("object_pngs", "three/masks/x{}.png", grey_png()),
        ("mvtec", "ground_truth/scratch/x{}.png", grey_png()),
        ("mvtec", "ground_truth/good/x{}.png", grey_png()),
    ],
    ids=lambda one: one if isinstance(one, str) else "file" if one else "empty",
)
def test_annotations_without_their_image_are_told(name: str, file: str, data: bytes, tmp_path: Path) -> None:
    """One for a folder that has nothing else in it."""
    files: Files = {**SOURCES[name], **{file.format(number): data for number in range(5)}}
    found = layout(tmp_path, files, name, importer(name).KINDS[0])
    folder = file.rpartition("/")[0]
    told = [one for one in found.problems if one.kind == "missing"]
    assert {one.effect for one in told} == {"left out"}
    if len(told) == 1:
        what = "label files" if file.endswith(".txt") else "masks"
        first = file.format(0).removeprefix(f"{folder}/")
        assert str(told[0]) == f"{folder} has 5 {what}, and each has no image of its name; the first is {first}"
    else:
        assert [str(one) for one in told] == [f"{file.format(number)} has no image of its name" for number in range(5)]
        assert any(one.startswith(f"{folder}/") for one in SOURCES[name])
    assert [one.kind for one in found.problems] == ["missing"] * len(told)


def test_a_list_of_names_or_of_images_is_no_label_file(tmp_path: Path) -> None:
    files: Files = {"labels/train/classes.txt": "cat\n", "labels/train/notes.txt": "by hand\n", "train.txt": "a.png\n"}
    found = layout(tmp_path, {**SOURCES["yolo"], **files}, "yolo", "box")
    assert not [one for one in found.problems if one.kind == "missing"]
