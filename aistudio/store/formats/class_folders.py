"""Class folders: one sub-folder for each class, its images inside."""

from collections.abc import Iterable
from pathlib import Path

from aistudio.errors import ImportRefused
from aistudio.store.formats.base import FoundImage, Layout

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


def read(root: Path, files: Iterable[Path]) -> Layout:
    """What is where: the first folder below `root` names the class. Raises ImportRefused."""
    found: list[FoundImage] = []
    outside: list[str] = []
    others: list[str] = []
    for file in files:
        name = _text(file.relative_to(root))
        if file.name.startswith("."):
            continue
        if file.suffix.lower() not in SUFFIXES:
            others.append(name)
        elif "/" not in name:
            outside.append(name)
        else:
            found.append(FoundImage(name, file, name.split("/", 1)[0]))
    if not found and not outside:
        raise ImportRefused(
            f"There are no images in {root}.",
            "Choose a folder with one sub-folder of JPEG or PNG images for each class.",
        )
    classes = sorted({image.label for image in found})
    if len(classes) < 2:
        raise ImportRefused(
            f"{root} has {'no' if not classes else 'only one'} class folder with images in it.",
            "Put the images of each class into a sub-folder of its own, named after the class; two classes at least.",
        )
    return Layout("class_folders", classes, found, outside, others)


def _text(path: Path) -> str:
    """The path as text that can be stored and sent; bytes of a name that are not UTF-8 become question marks."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
