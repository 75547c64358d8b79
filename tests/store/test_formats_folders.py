"""Class folders, and folders of good and bad images, that are not quite as they should be."""

from pathlib import Path

from tests.fixtures import png
from tests.store.folders import Files, layout, told


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
