"""Folders with a source in them, read as an import reads them."""

from pathlib import Path
from typing import Any

from aistudio.schema.annotation import Kind
from aistudio.store import formats
from aistudio.store.formats.base import Layout, Listing
from aistudio.store.paths import walk_files

Files = dict[str, bytes | str]


def listed(root: Path, files: Files) -> Listing:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return Listing.of(root, walk_files(root))


def layout(root: Path, files: Files, name: str, kind: Kind) -> Layout:
    return formats.importer(name).read(listed(root, files), kind)


def told(found: Layout) -> list[str]:
    return [str(one) for one in found.problems]


def marks(found: Layout) -> list[Any]:
    return [draft.annotation for image in found.images for draft in image.drafts]
