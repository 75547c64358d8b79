"""Checkpoints of a run: what is in them, and reading them only if their digest is right.

`last.ckpt` has everything that training goes on from, `best.ckpt` the weights alone; `prev.ckpt` is the `last` before.
They hold tensors, numbers and texts only: `weights_only=True` loads them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from aistudio.errors import Damaged
from aistudio.store import checkpoint_writer
from aistudio.store.checkpoint_writer import Name
from aistudio.store.checkpoints import description


def save(folder: Path, name: Name, state: Mapping[str, Any], about: Mapping[str, Any]) -> Path:
    """`about` goes into the sidecar."""
    return checkpoint_writer.save(folder, name, lambda file: torch.save(dict(state), file), about)


def load(path: Path) -> dict[str, Any]:
    """The state, on the CPU. Raises Damaged unless the file is exactly what was saved."""
    if description(path) is None:
        raise Damaged(f"The checkpoint {path.name} is damaged or incomplete.", "Use the previous one, or train again.")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def verify(path: Path) -> bool:
    return description(path) is not None


def on_cpu(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state dict whose tensors can be loaded without the device and the memory format that they had."""
    return {
        name: value.detach().cpu().contiguous() if isinstance(value, torch.Tensor) else value
        for name, value in state.items()
    }
