"""Checkpoints as files: a `.ckpt` and beside it a `.ckpt.json` with its digest."""

import hashlib
from pathlib import Path

from aistudio.errors import Damaged
from aistudio.store.atomic import read_json


def sidecar(checkpoint: Path) -> Path:
    return checkpoint.with_name(f"{checkpoint.name}.json")


def digest(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(checkpoint: Path) -> bool:
    """Whether it is there and its bytes are the ones that were written."""
    try:
        return bool(read_json(sidecar(checkpoint))["sha256"] == digest(checkpoint))
    except (FileNotFoundError, KeyError, Damaged):
        return False
