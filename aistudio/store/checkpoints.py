"""Checkpoints as files: a `.ckpt`, and a `.ckpt.json` beside it that says what is in it and what its digest is."""

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from aistudio.errors import Damaged
from aistudio.store.atomic import read_json


def sidecar(checkpoint: Path) -> Path:
    return checkpoint.with_name(f"{checkpoint.name}.json")


def digest(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def description(checkpoint: Path) -> dict[str, Any] | None:
    """What is said about exactly these bytes: the sidecar in the folder that has their digest, or None.

    Not by name alone: after a crash between two renames the sidecar of `prev` is still called that of `last`.
    """
    try:
        found = digest(checkpoint)
    except FileNotFoundError:
        return None
    own = sidecar(checkpoint)
    for candidate in [own, *sorted(set(checkpoint.parent.glob("*.ckpt.json")) - {own})]:
        with contextlib.suppress(FileNotFoundError, Damaged):
            if (document := read_json(candidate)).get("sha256") == found:
                return document
    return None


def can_go_on(folder: Path) -> bool:
    """Whether `last`, or after a crash while it was saved `prev`, is there and exactly what was written."""
    return any(description(folder / name) is not None for name in ("last.ckpt", "prev.ckpt"))
