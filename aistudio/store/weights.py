"""Files of trained weights on this machine: in a folder that somebody filled, or in the cache of the model hub."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from aistudio.catalog.trainings import SUFFIXES

HUB_FILES = ("model.safetensors", "pytorch_model.bin")

Training = TypeVar("Training")


@dataclass(frozen=True)
class Found(Generic[Training]):
    """`training` is None for a file that is named like the architecture alone."""

    path: Path
    training: Training | None


def files_in(folder: Path | None) -> dict[str, Path]:
    """Those of a folder that may be weights, by name."""
    if folder is None or not folder.is_dir():
        return {}
    return {path.name: path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES}


def find(
    files: Mapping[str, Path], trainings: Sequence[tuple[Training, Sequence[str]]], bare: str = ""
) -> Found[Training] | None:
    """The weights of a backbone: by known file name, then by the hash at its end, then by the `bare` name."""
    for training, names in trainings:
        for path in (files[name] for name in names if name in files):
            return Found(path, training)
    for training, names in trainings:
        endings = tuple(f"-{match[1]}" for name in names if (match := re.search(r"-([0-9a-f]{8,})\.\w+$", name)))
        for path in (path for path in files.values() if path.stem.endswith(endings)):
            return Found(path, training)
    for name in (f"{bare}{suffix}" for suffix in SUFFIXES if bare):
        if name in files:
            return Found(files[name], None)
    return None


def cached(repository: str) -> Path | None:
    """What was downloaded from the hub before."""
    from huggingface_hub import try_to_load_from_cache  # a quarter of a second that no start need wait for

    paths = (try_to_load_from_cache(repository, file) for file in HUB_FILES)
    return next((Path(path) for path in paths if isinstance(path, str)), None)


def may_download() -> bool:
    """Whether the hub's own switch lets anything be asked of it."""
    from huggingface_hub.constants import HF_HUB_OFFLINE

    return not HF_HUB_OFFLINE
