"""Sources as importers see them: listed, read, and what was found and told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aistudio.schema.annotation import Kind
from aistudio.store import formats
from aistudio.store.formats.base import Layout, Listing
from aistudio.store.paths import walk_files
from tests.store.sources import SOURCES

Files = dict[str, bytes | str]


def listed(root: Path, files: Mapping[str, bytes | str]) -> Listing:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return Listing.of(root, walk_files(root))


def layout(root: Path, files: Mapping[str, bytes | str], name: str, kind: Kind) -> Layout:
    """Of files that are nothing but a source of that format."""
    return formats.importer(name).read(listed(root, files), kind)


def read(root: Path, name: str, kind: Kind, **changed: bytes | str) -> Layout:
    """The small source of that format, with some files another way."""
    files = SOURCES[name] | {
        key.replace("__", "/").replace("_dot_", "."): one.encode() if isinstance(one, str) else one
        for key, one in changed.items()
    }
    return formats.importer(name).read(listed(root, files), kind)


def marks(found: Layout) -> list[Any]:
    return [draft.annotation for image in found.images for draft in image.drafts]


def told(found: Layout) -> list[str]:
    return [str(one) for one in found.problems]
