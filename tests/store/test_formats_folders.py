"""Class folders, and folders of good and bad images, that are not quite as they should be."""

from pathlib import Path

import pytest

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
