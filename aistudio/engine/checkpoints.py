"""Checkpoints: written so that a crash leaves an old one or a new one, and read only if their digest is right.

`last.ckpt` has everything that training goes on from, `best.ckpt` the weights alone; `prev.ckpt` is the `last` before.
Beside each is a sidecar `*.ckpt.json`. They hold tensors, numbers and texts only: `weights_only=True` loads them.
"""

import contextlib
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from aistudio.errors import Damaged
from aistudio.store.atomic import make_folder, read_json, sync_folder, write_json
from aistudio.store.checkpoints import description, digest, sidecar

Name = Literal["last", "best"]


def save(folder: Path, name: Name, state: Mapping[str, Any], about: Mapping[str, Any]) -> Path:
    """`about` goes into the sidecar, with sha256, bytes and the time.

    The new sidecar is there before the file that it describes, under a name of its own, so that at every moment what
    was saved before has its digest beside it. Nothing starts before the folder is synced: a power cut may keep the
    second of two renames and lose the first.
    """
    make_folder(folder)
    path, upcoming = folder / f"{name}.ckpt", _upcoming(folder, name)
    temp, sha256 = _write(path, state)
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


def load(path: Path) -> dict[str, Any]:
    """The state, on the CPU. Raises Damaged unless the file is exactly what was saved."""
    if description(path) is None:
        raise Damaged(f"The checkpoint {path.name} is damaged or incomplete.", "Use the previous one, or train again.")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def verify(path: Path) -> bool:
    return description(path) is not None


def tidy(folder: Path) -> None:
    """Ends or removes what a killed worker left half-written. Only for the holder of the lease."""
    for temp in folder.glob(".*.tmp"):
        temp.unlink(missing_ok=True)
    for name in get_args(Name):
        with contextlib.suppress(FileNotFoundError, Damaged):
            _settle(folder / f"{name}.ckpt", _upcoming(folder, name))


def _settle(path: Path, upcoming: Path) -> None:
    """A sidecar whose checkpoint came into place gets its name; the other kind goes."""
    if path.exists() and read_json(upcoming)["sha256"] == digest(path):
        upcoming.replace(sidecar(path))
        sync_folder(path.parent)
    else:
        upcoming.unlink()


def _upcoming(folder: Path, name: Name) -> Path:
    return folder / f"{name}.upcoming.ckpt.json"


def on_cpu(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state dict whose tensors can be loaded without the device and the memory format that they had."""
    return {
        name: value.detach().cpu().contiguous() if isinstance(value, torch.Tensor) else value
        for name, value in state.items()
    }


def _write(path: Path, state: Mapping[str, Any]) -> tuple[Path, str]:
    """A complete file under a temporary name in the same folder, and its digest."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temp.open("xb") as file:
            torch.save(dict(state), file)
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
