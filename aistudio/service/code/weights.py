"""Which weights a script starts from, as far as that can be told without torch."""

from dataclasses import dataclass
from pathlib import Path

from aistudio.catalog.backbones import Colour, Weights, find, split, weights_of
from aistudio.catalog.trainings import Training
from aistudio.schema.model import ImageClassifier
from aistudio.service.weights import in_folder
from aistudio.store.weights import Found, files_in


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
    found = _found(model.backbone, weights_dir, known_file) if model.pretrained else None
    record = _record(model.backbone, found)
    name = _with_tag(architecture, _tag(found) or (record.tag if record else tag))
    by_order = bool(found and record and record.key_map)
    catalogued = find(architecture)
    return Start(
        name=name if not by_order else architecture,
        file=found.path if found else None,
        by_order=by_order,
        colour=(record.mean, record.std) if record else None,
        fixed_size=catalogued.fixed_size if catalogued else None,
    )


def _tag(found: Found[Training] | None) -> str:
    return found.training.tag if found and found.training else ""


def _with_tag(architecture: str, tag: str) -> str:
    return f"{architecture}.{tag}" if tag else architecture


def _record(name: str, found: Found[Training] | None) -> Weights | None:
    """What the catalog says of this file; without one, of what is downloaded."""
    if found is not None and found.training is not None:
        return found.training.weights
    listed = weights_of(name)
    return listed[0] if listed else None


def _found(name: str, folder: Path | None, known: str | None) -> Found[Training] | None:
    """The worker knows some more names of models that are not in the catalog."""
    found = in_folder(name, folder)
    used = files_in(folder).get(known or "")
    if used is None:
        return None if known else found
    tag = _tag_in(used, split(name)[0])
    return found if found and found.path == used else Found(used, Training(tag) if tag else None)


def _tag_in(file: Path, architecture: str) -> str:
    """`c3_in1k` of `resnet10t.c3_in1k.safetensors`."""
    stem, _, tag = file.stem.partition(".")
    return tag if stem == architecture else ""
