"""How kinds of problems, formats and data sets are called."""

from collections.abc import Mapping

from aistudio.schema.annotation import NAMES
from aistudio.schema.project import Dataset, Effect, Subset
from aistudio.service import datasets
from aistudio.ui.words import counted

SUBSETS: dict[Subset, str] = {"train": "training", "val": "validation", "test": "test"}
KINDS = {
    "ambiguous": "Name of several images",
    "annotation": "Annotation not understood",
    "class": "Unknown, empty or similar class",
    "colours": "Printer colours (CMYK)",
    "crowd": "Crowd",
    "depth": "16 bits a channel",
    "duplicate": "Same picture twice",
    "empty": "Nothing inside",
    "frames": "Several frames or pages",
    "huge": "Too large",
    "image": "Image",
    "link": "Link or special file",
    "mask": "Mask not usable",
    "missing": "Image missing",
    "name": "File name easily mixed up",
    "object": "Object",
    "odd": "Odd size",
    "orientation": "Turned upright (EXIF)",
    "outside": "Box over the border",
    "packed": "Packed files",
    "repeated": "Object marked twice",
    "size": "Made for another size",
    "subset": "Unknown subset",
    "suffix": "Wrong file ending",
    "twice": "Listed twice",
    "twin": "Looks like another one",
    "unannotated": "No annotation",
    "unreadable": "Unreadable",
    "unsupported": "Unsupported image format",
    "void": "Pixels that count for nothing",
}
EFFECTS: dict[Effect, str] = {"left out": "bad", "changed": "wait", "noted": "muted"}  # the gravest first
LONGEST = 120  # characters of a path in a list


def kind(key: str) -> str:
    return KINDS.get(key, key.capitalize())


def gravity(effect: Effect) -> int:
    """0 for the gravest."""
    return list(EFFECTS).index(effect)


def remarks(count: int) -> str:
    return f"The check has {counted(count, 'remark')}"


def shortened(path: str) -> str:
    """The ends of a long path, which tell it from others."""
    return path if len(path) <= LONGEST else f"{path[: LONGEST // 2 - 1]}…{path[-LONGEST // 2 :]}"


def subsets(counts: Mapping[Subset, int]) -> str:
    """12 for training, 10 for test."""
    return ", ".join(f"{count:,} for {SUBSETS[subset]}" for subset, count in counts.items())


def format_title(key: str) -> str:
    return next((one.title for one in datasets.all_formats() if one.format == key), key)


def facts(summary: Dataset) -> str:
    """119 images · 3 classes · 1,594 boxes · COCO · version 2."""
    words = [counted(summary.images, "image")]
    if summary.classes:
        words.append(counted(len(summary.classes), "class"))
    if summary.annotation in ("box", "rotated", "instance"):
        words.append(counted(sum(summary.objects.values()), "object"))
    elif summary.annotation is not None and summary.annotation != "label":
        words.append(NAMES[summary.annotation])
    if summary.targets:
        words.append(f"{counted(len(summary.targets), 'number')} to predict: {', '.join(summary.targets[:4])}")
    words.append(format_title(summary.format))
    if summary.storage == "reference":
        words.append("images stay where they are")
    return " · ".join([*words, f"version {summary.version}"])
