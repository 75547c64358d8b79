"""Class folders, and folders of good and bad images, that are not quite as they should be."""

from pathlib import Path

import pytest

from aistudio.schema.project import Subset
from tests.fixtures import png
from tests.store.reading import Files, layout, told
from tests.store.sources import grey_png


def test_a_folder_beside_those_of_the_subsets_does_not_make_classes_of_them(tmp_path: Path) -> None:
    files: Files = {f"{one}/{name}/a.png": png() for one in ("train", "Val") for name in ("cat", "dog")}
    files |= {f"rejected/{number}.png": png() + bytes(9) for number in range(4)} | {"rejected/old/5.png": png() + b"x"}
    found = layout(tmp_path, files, "class_folders", "label")
    assert found.classes == ["cat", "dog"] and [one.subset for one in found.images] == ["val", "val", "train", "train"]
    assert told(found) == [
        "rejected has 4 images, and each is not in a class folder; the first is 0.png",
        "rejected/old/5.png is not in a class folder",
    ]
    assert found.uncounted == 3


def test_a_class_may_be_called_like_a_subset(tmp_path: Path) -> None:
    files: Files = {"test/x/a.png": png(), "cat/b.png": png(), "dog/c.png": png()}
    assert layout(tmp_path, files, "class_folders", "label").classes == ["cat", "dog", "test"]


@pytest.mark.parametrize(
    ("folders", "subsets"),
    [
        (("seg_train/seg_train", "seg_test/seg_test"), {"train", "test"}),
        (("train/train", "test/test"), {"train", "test"}),
        (("training_set", "val-set", "Test images"), {"train", "val", "test"}),
        (("color", "grayscale"), {None}),
    ],
)
def test_folders_with_the_same_folders_below_are_no_classes(
    folders: tuple[str, ...], subsets: set[Subset | None], tmp_path: Path
) -> None:
    files: Files = {f"{one}/{name}/a.png": png() for one in folders for name in ("forest", "glacier", "sea")}
    found = layout(tmp_path, {**files, "more/x.png": png() + b"x"}, "class_folders", "label")
    assert (found.classes, {one.subset for one in found.images}) == (["forest", "glacier", "sea"], subsets)
    note = "color is no class, because color, grayscale have the same folders; those are the classes"
    assert told(found) == [*[note] * (None in subsets), "more/x.png is not in a class folder"]
    assert {one.effect for one in found.problems} == {"left out"} | ({"noted"} if None in subsets else set())


@pytest.mark.parametrize(
    ("classes", "below"),
    [
        (["cat", "dog"], ["indoor", "outdoor"]),
        (["fine", "faulty"], ["cam1", "cam2", "cam3", "cam4"]),
        (["bottle", "cable"], ["train", "val", "test"]),
        (["test_tube", "flask"], ["day", "night"]),
    ],
)
def test_classes_may_have_the_same_folders(classes: list[str], below: list[str], tmp_path: Path) -> None:
    files: Files = {f"{one}/{name}/a.png": png() for one in classes for name in below}
    assert layout(tmp_path, files, "class_folders", "label").classes == sorted(classes)


GOOD_AND_BAD: Files = {"train/good/a.png": png(), "test/good/b.png": png(), "test/scratch/c.png": png()}


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        (["scratch/c_mask.png"], []),
        (["c.png"], []),
        (
            ["scratch/c_mask.jpg"],
            [
                "ground_truth/scratch/c_mask.jpg is no mask: save it as PNG, BMP or TIFF",
            ],
        ),
        (
            ["scratch/c.png", "good/a.png", "good/b_mask.jpg"],
            ["ground_truth/good has masks of 2 good images, which are not used"],
        ),
        (["scratch/c.png", "scratch/x.png"], ["ground_truth/scratch/x.png has no image of its name"]),
    ],
)
def test_masks_of_defects_are_used_or_told(masks: list[str], expected: list[str], tmp_path: Path) -> None:
    files: Files = {**GOOD_AND_BAD, **{f"ground_truth/{name}": grey_png() for name in masks}}
    found = layout(tmp_path, files, "mvtec", "anomaly")
    assert told(found) == expected
    assert sum(one.mask is not None for one in found.images) == (not masks[0].endswith("jpg"))
