"""What an importer finds in a folder, before any image is opened."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FoundImage:
    """`name` is its path below the imported folder."""

    name: str
    path: Path
    label: str


@dataclass(frozen=True)
class Layout:
    """`unlabelled` and `others` are names of images without a class and of files that are no images."""

    format: str
    classes: list[str]
    images: list[FoundImage]
    unlabelled: list[str]
    others: list[str]
