"""Which weights a script starts from, as far as that can be told without torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aistudio.catalog.backbones import Colour, Weights, find, split, weights_of
from aistudio.schema.model import ImageClassifier

SUFFIXES = (".safetensors", ".pth", ".bin")


@dataclass(frozen=True)
class Start:
    """`name` is timm's. `file`: weights on this machine; `by_order`: under other names than timm's.

    `colour` is mean and deviation where the catalog knows them, `fixed_size` None where it does not know.
    """

    name: str
    file: Path | None
    by_order: bool
    colour: tuple[Colour, Colour] | None
    fixed_size: bool | None


def start(model: ImageClassifier, weights_dir: Path | None, known_file: str | None) -> Start:
    """`known_file`: what a run of this experiment has found in the weights folder."""
    architecture, tag = split(model.backbone)
    file = _file(model.backbone, weights_dir, known_file) if model.pretrained else None
    record = _record(model.backbone, file)
    name = _with_tag(architecture, _tag_in(file, architecture) or (record.tag if record else tag))
    by_order = bool(file and record and record.key_map)
    catalogued = find(architecture)
    return Start(
        name=name if not by_order else architecture,
        file=file,
        by_order=by_order,
        colour=(record.mean, record.std) if record else None,
        fixed_size=catalogued.fixed_size if catalogued else None,
    )


def _with_tag(architecture: str, tag: str) -> str:
    return f"{architecture}.{tag}" if tag else architecture


def _record(name: str, file: Path | None) -> Weights | None:
    """What the catalog says of this file; without one, of what is downloaded."""
    listed = weights_of(name)
    if file is None:
        return listed[0] if listed else None
    architecture, _ = split(name)
    tag = _tag_in(file, architecture)
    named = [one for one in listed if file.name == one.file or (tag and tag == one.tag)]
    return named[0] if named else (listed[0] if listed and not tag else None)


def _tag_in(file: Path | None, architecture: str) -> str:
    """`c3_in1k` of `resnet10t.c3_in1k.safetensors`."""
    if file is None or not file.stem.startswith(f"{architecture}."):
        return ""
    return file.stem.removeprefix(f"{architecture}.")


def _file(name: str, folder: Path | None, known: str | None) -> Path | None:
    if folder is None or not folder.is_dir():
        return None
    there = {path.name: path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES}
    wanted = [known] if known else _file_names(name, list(there))
    return next((there[file] for file in wanted if file in there), None)


def _file_names(name: str, there: list[str]) -> Iterator[str]:
    """By what the worker looks for, in its order; it knows some more names, those of timm's old downloads."""
    architecture, tag = split(name)
    for one in weights_of(name):
        yield from [one.file] if one.key_map else [f"{architecture}.{one.tag}{suffix}" for suffix in SUFFIXES]
    if tag:
        yield from (f"{architecture}.{tag}{suffix}" for suffix in SUFFIXES)
    else:
        yield from (file for file in there if file.startswith(f"{architecture}.") and file.count(".") > 1)
        yield from (f"{architecture}{suffix}" for suffix in SUFFIXES)
