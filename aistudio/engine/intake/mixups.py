"""Names that a person or another computer takes for one another, and images that share the file of their marks."""

from collections.abc import Iterator, Sequence

from aistudio.store.formats.base import FoundImage
from aistudio.store.formats.texts import composed, folder_of, stem_of


def confusable(images: Sequence[FoundImage]) -> Iterator[tuple[int, str]]:
    """(place of an image, what there is to tell of its name), for each that comes after the one it is like."""
    for place, other, how in _pairs([one.name for one in images]):
        yield place, f"differs from {images[other].name} {how}"
    owners: dict[tuple[str, str, str], int] = {}
    for place, one in enumerate(images):
        marks = _own_file(one)
        first = owners.setdefault((folder_of(one.name), stem_of(one.name), marks), place) if marks else place
        if first != place:
            yield place, f"shares {marks} with {images[first].name}: both have what it says"


def _own_file(one: FoundImage) -> str:
    """The mask or file of annotations that is called as the image is; nothing where a table has them all."""
    if one.mask is not None:
        return "" if one.mask.single else one.mask.name
    return one.source if one.source != one.name and stem_of(one.source) == stem_of(one.name) else ""


def alike(names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(name, the earlier one that it is like, how they differ)."""
    for place, other, how in _pairs(names):
        yield names[place], names[other], how


def _pairs(names: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    first: dict[str, int] = {}
    for place, name in enumerate(names):
        other = first.setdefault(" ".join(composed(name).casefold().split()), place)
        if names[other] != name:
            yield place, other, _difference(name, names[other])


def _difference(one: str, other: str) -> str:
    if composed(one) == composed(other):
        return "in how its accents are written only"
    if composed(one).casefold() == composed(other).casefold():
        return "in capitals only"
    return "in spaces only" if composed(one).split() == composed(other).split() else "in spaces and capitals only"
