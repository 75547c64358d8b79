"""Checkpoints as files: a `.ckpt` and beside it a `.ckpt.json` with its digest."""

import hashlib
from pathlib import Path

from aistudio.errors import Damaged
from aistudio.store.atomic import read_json


def digest(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def can_go_on(folder: Path) -> bool:
    """Whether `last`, or after a crash while it was saved `prev`, is there and exactly what was written."""
    known = {
        _said_digest(path) for path in folder.glob("*.ckpt.json")
    }  # a crash may leave a sidecar under the other name
    return any(path.exists() and digest(path) in known for path in (folder / "last.ckpt", folder / "prev.ckpt"))


def _said_digest(path: Path) -> str:
    try:
        return str(read_json(path).get("sha256"))
    except (FileNotFoundError, Damaged):
        return ""
