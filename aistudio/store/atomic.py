"""JSON documents that are old or new after a crash, never torn."""

import contextlib
import errno
import math
import os
import secrets
from pathlib import Path
from typing import Any

import orjson

from aistudio.errors import Damaged, DiskFull


def write_json(path: Path, document: Any) -> None:
    """Replaces `path`: temp file in the same folder → fsync → old one kept as `.prev` → replace → fsync of folder.

    Raises DiskFull; then, as after any error, the old one is still there.
    """
    try:
        _replace(path, to_json(document))
    except OSError as error:
        if not is_full(error):
            raise
        raise DiskFull(
            f"{path.name} of {path.parent.name} could not be saved: the disk is full.",
            "Free space on the workspace's disk, for example by deleting old experiments, and try again.",
        ) from error


def _replace(path: Path, data: bytes) -> None:
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _keep_previous(path)
        temp.replace(path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def is_full(error: BaseException) -> bool:
    """Whether there was no space left on the disk, or none that this user may have."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def remove_unfinished(folder: Path) -> None:
    """Deletes what a killed writer left of `write_json`. Only for whoever alone writes in that folder."""
    for temp in folder.glob(".*.tmp"):
        temp.unlink(missing_ok=True)


def remove_stubs(parent: Path) -> None:
    """Deletes folders with nothing in them but what `remove_unfinished` would delete. Only for whoever alone writes."""
    for folder in parent.glob("*/"):
        if all(path.match(".*.tmp") for path in folder.iterdir()):
            remove_unfinished(folder)
            folder.rmdir()


def _keep_previous(path: Path) -> None:
    """A second name for the old content, made so that there is a complete `.prev` at every moment."""
    spare = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with contextlib.suppress(FileNotFoundError):
        spare.hardlink_to(path)
        try:
            spare.replace(previous(path))
        finally:
            spare.unlink(missing_ok=True)  # rename(2) leaves it where both are names of one file already


def read_json(path: Path) -> dict[str, Any]:
    """Raises FileNotFoundError, or Damaged if it is not a JSON object."""
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Damaged(f"{path.name} of {path.parent.name} is damaged: {error}.", _way_out(path)) from error
    if not isinstance(document, dict):
        raise Damaged(f"{path.name} of {path.parent.name} is not a JSON object.", _way_out(path))
    return document


def previous(path: Path) -> Path:
    """Where what was in it before the last change is kept."""
    return path.with_name(f"{path.name}.prev")


def _way_out(path: Path) -> str:
    there = previous(path).exists()
    return f"What it was before its last change is in {previous(path).name}: copy that over it." if there else ""


def to_json(document: Any) -> bytes:
    """Indented JSON. NaN and infinity become null, and `"nonfinite": true` says that it happened."""
    clean, found = without_nonfinite(document)
    if found and isinstance(clean, dict):
        clean = {**clean, "nonfinite": True}
    return orjson.dumps(clean, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def without_nonfinite(value: Any) -> tuple[Any, bool]:
    """The same structure with null for NaN and infinity, and whether there was any."""
    if isinstance(value, float) and not math.isfinite(value):
        return None, True
    if isinstance(value, dict):
        parts = {key: without_nonfinite(part) for key, part in value.items()}
        return {key: part for key, (part, _) in parts.items()}, any(found for _, found in parts.values())
    if isinstance(value, list | tuple):
        if all(type(part) is float for part in value) and math.isfinite(sum(value)):
            return list(value), False  # the losses of many steps, looked through in one go
        pairs = [without_nonfinite(part) for part in value]
        return [part for part, _ in pairs], any(found for _, found in pairs)
    return value, False


def make_folder(folder: Path) -> None:
    """Makes it with its parents, so that a power cut cannot take what is saved in it later."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def move(path: Path, target: Path) -> None:
    """Renames a file or a folder with all that is in it; afterwards no power cut can undo it, or half of it."""
    path.rename(target)
    sync_folder(target.parent)
    if path.parent != target.parent:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
