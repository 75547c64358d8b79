"""Every training of the networks in the catalog that timm knows: facts of timm, which a test compares."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from aistudio.catalog.backbones import Weights, split, weights_of

SUFFIXES = (".safetensors", ".pth", ".bin")
TABLE = Path(__file__).with_name("trainings.txt")


class Training(NamedTuple):
    """`weights` are None where only timm knows how images must look for it."""

    tag: str
    weights: Weights | None = None


def trainings(name: str) -> list[tuple[Training, list[str]]]:
    """Each training that a name may mean, its usual one first, with the names by which people know its file.

    None for what is not in the catalog.
    """
    architecture, wanted = split(name)
    known = _table().get(architecture, {})
    listed = [Training(one.tag, one) for one in weights_of(name)]
    others = [Training(tag) for tag in known if wanted in ("", tag) and tag not in {one.tag for one in listed}]
    return [(one, _names(architecture, one, known)) for one in (*listed, *others)]


def _names(architecture: str, training: Training, known: dict[str, list[str]]) -> list[str]:
    tag, weights = training
    if weights is not None and weights.key_map:
        return [weights.file]
    return [*file_names(architecture, tag), *known.get(tag, [])]


def file_names(architecture: str, tag: str) -> list[str]:
    """What timm's own files are called."""
    return [f"{architecture}.{tag}{suffix}" for suffix in SUFFIXES]


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    """By architecture and tag: what the file was called when it was first published, where that was another name."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in TABLE.read_text().splitlines():
        model, *files = line.split()
        architecture, _, tag = model.partition(".")
        found.setdefault(architecture, {})[tag] = files
    return found
