"""How kinds of problems, formats and data sets are called."""

from aistudio.schema.annotation import NAMES
from aistudio.schema.project import Dataset
from aistudio.service import datasets
from aistudio.ui.words import counted

KINDS = {
    "ambiguous": "Name of several images",
    "annotation": "Annotation not understood",
    "class": "Unknown or empty class",
    "colours": "Printer colours (CMYK)",
    "crowd": "Crowd",
    "depth": "16 bits a channel",
    "duplicate": "Same picture twice",
    "empty": "Box of no size",
    "frames": "Several frames or pages",
    "huge": "Too large",
    "image": "Image",
    "link": "Link",
    "mask": "Mask",
    "missing": "Image missing",
    "name": "Difficult file name",
    "object": "Object",
    "odd": "Odd size",
    "orientation": "Turned upright (EXIF)",
    "outside": "Box outside the image",
    "packed": "Packed files",
    "repeated": "Object marked twice",
    "size": "Made for another size",
    "subset": "Unknown subset",
    "suffix": "Wrong file ending",
    "twice": "Listed twice",
    "twin": "Looks like another one",
    "unannotated": "Not marked",
    "unreadable": "Unreadable",
    "unsupported": "Unsupported image format",
    "void": "Pixels that count for nothing",
}
EFFECTS = {"left out": "bad", "changed": "wait", "noted": "muted"}


def kind(key: str) -> str:
    return KINDS.get(key, key.capitalize())


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
