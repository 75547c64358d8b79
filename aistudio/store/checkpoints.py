"""Checkpoints as files: a `.ckpt`, and a `.ckpt.json` beside it that says what is in it and what its digest is."""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
    except OSError:  # it is not there, or the disk does not give it back: in no case can it be gone on from
        return None
    own = sidecar(checkpoint)
    others = sorted(set(checkpoint.parent.glob("*.ckpt.json")) - {own})
    for candidate in [own, *others, own]:  # once more: another process of the run may just give it its name
        with contextlib.suppress(OSError, Damaged):
            if (document := read_json(candidate)).get("sha256") == found:
                return document
    return None


@dataclass(frozen=True)
class Usable:
    """A checkpoint that is exactly what was written. `damaged`: it is `prev`, because `last` is there and is not."""

    name: Literal["last", "prev"]
    epoch: int
    damaged: bool = False


def usable(folder: Path) -> Usable | None:
    """Where training can go on: `last`, else `prev`; None if neither is there whole."""
    last, prev = folder / "last.ckpt", folder / "prev.ckpt"
    if (document := description(last)) is not None:
        return Usable("last", int(document.get("epoch", 0)))
    if (document := description(prev)) is not None:
        return Usable("prev", int(document.get("epoch", 0)), damaged=last.exists())
    return None
