"""Where the trained weights of a backbone would come from, told before a run needs them, and without torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aistudio.catalog.backbones import find as record_of
from aistudio.catalog.backbones import split, weights_of
from aistudio.catalog.trainings import Training, file_names, trainings
from aistudio.store.weights import Found, cached, files_in, find, may_download
from aistudio.studio import Studio

Place = Literal["folder", "cache", "download", "nowhere", "unknown"]


@dataclass(frozen=True)
class Origin:
    """`file` lies there, or would have to for the run to need no internet; `megabytes` only of a download.

    `nowhere`: a run would fail for want of them, as `why` says. `unknown`: of a model that only timm knows, which the
    run asks.
    """

    place: Place
    file: str = ""
    megabytes: int | None = None
    why: str = ""


def origin(studio: Studio, backbone: str) -> Origin:
    """Looks at files, so not on the event loop."""
    return _origin(backbone, files_in(studio.settings.weights_dir))


def folder_words(studio: Studio) -> str:
    """Where somebody can put a file of weights."""
    folder = studio.settings.weights_dir
    return f"the weights folder {folder}" if folder else "a folder, and start with --weights-dir FOLDER"


def here(studio: Studio, backbones: Iterable[str]) -> set[str]:
    """Those of them whose weights are on this machine."""
    files = files_in(studio.settings.weights_dir)
    return {name for name in backbones if _origin(name, files).place in ("folder", "cache")}


def in_folder(backbone: str, folder: Path | None) -> Found[Training] | None:
    """The file that a run takes from the weights folder, with its training."""
    return _among(backbone, files_in(folder))


def _origin(backbone: str, files: Mapping[str, Path]) -> Origin:
    found = _among(backbone, files)
    if found is not None:
        return Origin("folder", found.path.name)
    architecture, tag = split(backbone)
    listed = weights_of(backbone)
    if listed and listed[0].key_map:
        return Origin("nowhere", listed[0].file, why="and cannot be downloaded from the model hub")
    tag = listed[0].tag if listed else tag
    wanted = f"{architecture}.{tag}.safetensors" if tag else f"{architecture}.safetensors"
    if tag and cached(f"timm/{architecture}.{tag}"):
        return Origin("cache")
    if not may_download():
        return Origin("nowhere" if tag else "unknown", wanted, why="and HF_HUB_OFFLINE forbids to download them")
    if not trainings(backbone):
        return Origin("unknown", wanted)
    record = record_of(backbone)
    return Origin("download", wanted, record.megabytes if record and tag == record.weights[0].tag else None)


def _among(backbone: str, files: Mapping[str, Path]) -> Found[Training] | None:
    architecture, tag = split(backbone)
    known = trainings(backbone) or [
        (Training(one), file_names(architecture, one)) for one in _tags(architecture, tag, files)
    ]
    return find(files, known, "" if tag else architecture)


def _tags(architecture: str, tag: str, files: Mapping[str, Path]) -> list[str]:
    """Of a model that only timm knows: what its name says, else what the files' names say."""
    if tag:
        return [tag]
    names = [path.stem.partition(".") for path in files.values()]
    return [ending for stem, _, ending in names if stem == architecture and ending]
