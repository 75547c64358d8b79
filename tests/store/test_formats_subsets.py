"""What sources say of training, validation and test: found, and told where it cannot be or where it is said twice."""

from pathlib import Path

import pytest

from aistudio.schema.project import Subset
from aistudio.store.formats.base import Layout
from tests.fixtures import png
from tests.store.reading import Files, layout, told
from tests.store.sources import VOC

BOX = "0 .5 .5 .2 .2\n"


def subsets(found: Layout) -> list[Subset | None]:
    return [one.subset for one in sorted(found.images, key=lambda one: one.name)]


def yolo(root: Path, data: str, folders: tuple[str, ...] = ("images", "labels"), **lists: str) -> Layout:
    """Four images, a to d."""
    files: Files = {"data.yaml": f"names: [cat]\n{data}"}
    for name in "abcd":
        files |= {f"{folders[0]}/{name}.png": png(), f"{folders[1]}/{name}.txt": BOX}
    files |= {key.replace("__", "/") + ".txt": text for key, text in lists.items()}
    return layout(root, files, "yolo", "box")


@pytest.mark.parametrize("path", ["", "path: .\n", "path: /content/drive/set\n", "path: ../datasets/set\n"])
@pytest.mark.parametrize("place", ["set{}/images", "../set{}/images", "/content/drive/set{}/images", "./set{}/images/"])
def test_folders_of_data_yaml_are_subsets(path: str, place: str, tmp_path: Path) -> None:
    files: Files = {"data.yaml": f"names: [cat]\n{path}train: {place.format(1)}\nval: [{place.format(2)}]\ntest:\n"}
    for number in (1, 2, 3):
        files |= {f"set{number}/images/a{number}.png": png(), f"set{number}/labels/a{number}.txt": BOX}
    found = layout(tmp_path, files, "yolo", "box")
    assert (subsets(found), told(found)) == (["train", "val", None], [])


@pytest.mark.parametrize("prefix", ["", "images/", "data/images/", "./images/"])
def test_lists_that_data_yaml_names_are_read(prefix: str, tmp_path: Path) -> None:
    """By the ends of their paths, as they were written for another folder."""
    lines = [f"{prefix}{name}.png" for name in "abcd"]
    found = yolo(
        tmp_path,
        "train: lists/fold1_first.txt\nval: lists/fold1_second.txt\n",
        lists__fold1_first="\r\n".join(lines[:2]),
        lists__fold1_second="\n".join(lines[2:]),
    )
    assert (subsets(found), told(found)) == (["train", "train", "val", "val"], [])


def test_a_list_called_train_counts_without_being_named(tmp_path: Path) -> None:
    found = yolo(tmp_path, "", train="data/images/a.png\ndata/images/b.png\n", valid="c.png\n")
    assert (subsets(found), told(found)) == (["train", "train", "val", None], [])


def test_what_lists_and_folders_say_in_vain_or_twice_is_told(tmp_path: Path) -> None:
    found = yolo(
        tmp_path, "train: images\nval: valid/images\n", train="a.png\ngone.png\nlost.png\n", val="c.png\nb.png\n"
    )
    assert subsets(found) == ["train"] * 4
    assert [(str(one), one.kind, one.effect) for one in found.problems] == [
        ("data.yaml names valid/images, which is not there", "missing", "noted"),
        ("train.txt line 2 names gone.png, which is not there, and 1 more like it", "missing", "noted"),
        (
            "val.txt line 1 puts images/c.png into val, but it is in train already, and 1 more like it",
            "twice",
            "noted",
        ),
    ]


def test_a_name_that_several_images_have_is_told(tmp_path: Path) -> None:
    files: Files = {f"{one}/images/a.png": png() for one in ("x", "y")} | {"data.yaml": "names: [cat]\n"}
    files |= {f"{one}/labels/a.txt": BOX for one in ("x", "y")} | {"train.txt": "a.png\ny/images/a.png\n"}
    found = layout(tmp_path, files, "yolo", "box")
    assert subsets(found) == [None, "train"]
    assert told(found) == ["train.txt line 1 names a.png, which could be several images"]


def test_voc_lists_may_have_spaces_suffixes_and_signs(tmp_path: Path) -> None:
    files: Files = {}
    for name in ("a photo", "b.1", "c", "d"):
        files |= {f"JPEGImages/{name}.png": png(), f"Annotations/{name}.xml": VOC.replace("a.png", f"{name}.png")}
    files |= {"ImageSets/Main/train.txt": "a photo\nb.1.png\n", "ImageSets/Main/val.txt": "c -1\nb.1\nzz\n"}
    found = layout(tmp_path, files, "voc", "box")
    assert subsets(found) == ["train", "train", "val", None]
    assert told(found) == [
        "ImageSets/Main/val.txt line 2 puts b.1 into val, but it is in train already",
        "ImageSets/Main/val.txt line 3 names zz, which is not there",
    ]


@pytest.mark.parametrize(
    ("head", "words", "expected", "problem"),
    [
        ("split", ["train", "val", "holdout"], ["train", "val", None], "line 4 has 'holdout'"),
        ("split", ["0", "1", "1"], [None] * 3, "line 2 has '0'"),
        ("fold", ["0", "1", "4"], [None] * 3, ""),
        ("fold", ["train", "val", "test"], ["train", "val", "test"], ""),
    ],
)
def test_a_column_of_other_words_can_be_grouped_by(
    head: str, words: list[str], expected: list[Subset | None], problem: str, tmp_path: Path
) -> None:
    rows = [f"{name}.png,{word},1.5" for name, word in zip("abc", words, strict=True)]
    files: Files = {f"{name}.png": png() for name in "abc"} | {"t.csv": "\n".join([f"filename,{head},size", *rows])}
    found = layout(tmp_path, files, "csv", "value")
    assert (subsets(found), found.targets) == (expected, ["size"])
    assert (head in found.columns) == (None in expected) and len(found.problems) == bool(problem)
    assert all(one.startswith(f"t.csv {problem} where a subset should be") for one in told(found))


@pytest.mark.parametrize("name", ["data.YAML", "Data.Yml"])
def test_yaml_is_known_whatever_its_case(name: str, tmp_path: Path) -> None:
    content = "train: images\nnc: 1\nnames: [cat]\n"
    found = layout(tmp_path, {"images/a.png": png(), "labels/a.txt": BOX, name: content}, "yolo", "box")
    assert (found.classes, told(found), subsets(found)) == (["cat"], [], ["train"])
