"""Writes checkpoints so that a crash leaves an old one or a new one, whatever is in them.

`prev.ckpt` is the `last.ckpt` before. Beside each is a sidecar `*.ckpt.json`.
"""

import contextlib
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from aistudio.errors import Damaged
from aistudio.store.atomic import make_folder, read_json, sync_folder, write_json
from aistudio.store.checkpoints import description, digest, sidecar, usable

Name = Literal["last", "best"]
Write = Callable[[BinaryIO], object]


def save(folder: Path, name: Name, write: Write, about: Mapping[str, Any]) -> Path:
    """`write` fills the file. `about` goes into the sidecar, with sha256, bytes and the time.

    The new sidecar is there before the file that it describes, under a name of its own, so that at every moment what
    was saved before has its digest beside it. Nothing starts before the folder is synced: a power cut may keep the
    second of two renames and lose the first.
    """
    make_folder(folder)
    path, upcoming = folder / f"{name}.ckpt", _upcoming(folder, name)
    temp, sha256 = _write(path, write)
    try:
        size = temp.stat().st_size
        write_json(upcoming, {**about, "sha256": sha256, "bytes": size, "saved_at": datetime.now(UTC).isoformat()})
        if name == "last":
            _rotate(path, folder / "prev.ckpt")
            sync_folder(folder)
        temp.replace(path)
    except BaseException:
        temp.unlink(missing_ok=True)
        upcoming.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    upcoming.replace(sidecar(path))
    sync_folder(folder)
    return path


def tidy(folder: Path) -> None:
    """Ends or removes what a killed worker left half-written. Only for the holder of the lease."""
    for temp in folder.glob(".*.tmp"):
        temp.unlink(missing_ok=True)
    for name in get_args(Name):
        with contextlib.suppress(FileNotFoundError, Damaged):
            _settle(folder / f"{name}.ckpt", _upcoming(folder, name))


def secure(folder: Path) -> None:
    """Where `prev` is the one to go on from, what is left of `last` goes: the next save would put it over `prev`."""
    found = usable(folder)
    prev, last = folder / "prev.ckpt", folder / "last.ckpt"
    if found is not None and found.name == "prev" and (about := description(prev)) is not None:
        write_json(sidecar(prev), about)
        last.unlink(missing_ok=True)
        sidecar(last).unlink(missing_ok=True)


def _settle(path: Path, upcoming: Path) -> None:
    """A sidecar whose checkpoint came into place gets its name; the other kind goes."""
    if path.exists() and read_json(upcoming)["sha256"] == digest(path):
        upcoming.replace(sidecar(path))
        sync_folder(path.parent)
    else:
        upcoming.unlink()


def _upcoming(folder: Path, name: Name) -> Path:
    return folder / f"{name}.upcoming.ckpt.json"


def _write(path: Path, write: Write) -> tuple[Path, str]:
    """A complete file under a temporary name in the same folder, and its digest."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temp.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        return temp, digest(temp)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


def _rotate(last: Path, prev: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        last.replace(prev)
        sidecar(last).replace(sidecar(prev))
