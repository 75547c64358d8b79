"""Class folders: one sub-folder for each class with its images, perhaps below folders train, val and test."""

from collections.abc import Iterator, Mapping, Sequence

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind, Label
from aistudio.schema.project import Finding
from aistudio.store.formats.base import SUBSETS, Draft, FoundImage, Layout, Listing, problem
from aistudio.store.formats.outer_folders import Outer, outer_folders
from aistudio.store.formats.strays import tell_unannotated
from aistudio.store.formats.texts import text

NAME = "class_folders"
TITLE = "Class folders"
KINDS: tuple[Kind, ...] = ("label",)

_TECHNICAL = frozenset(
    ("images", "image", "labels", "annotations", "masks", "mask", "jpegimages", "imagesets", "ground_truth", "labeltxt")
)


def detect(listing: Listing) -> Finding | None:
    outer = outer_folders(listing)
    classes = {
        parts[place] for name in listing.images if (place := _place(parts := name.split("/"), outer)) is not None
    }
    if len(classes) < 2:
        return None
    technical = any(one.lower() in _TECHNICAL for one in (*classes, *outer))
    technical |= {one.lower() for one in classes} <= SUBSETS.keys()
    reason = f"found {len(classes)} folders with images, each named like a class{_below(outer)}"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=20 if technical else 60, reason=reason)


def _below(outer: Mapping[str, Outer]) -> str:
    if any(one.subset for one in outer.values()):
        return ", below train, val and test"
    return f", below {_listed(sorted(outer))}" if outer else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(text, names[:3])) + ", …" * (len(names) > 3)


def read(listing: Listing, kind: Kind = "label") -> Layout:
    """What is where: the first folder names the class. Raises ImportRefused."""
    outer = outer_folders(listing)
    found: list[FoundImage] = []
    classes: set[str] = set()
    for name in listing.images:
        parts = name.split("/")
        place = _place(parts, outer)
        if place is None:
            continue
        label, subset = text(parts[place]), outer[parts[0]].subset if outer else None
        classes.add(label)
        found.append(FoundImage(text(name), listing.path(name), [Draft(Label(label))], subset=subset))
    _check(listing, sorted(classes))
    layout = Layout(NAME, "label", sorted(classes), found, places=dict(_places(listing, outer)))
    if outer and not any(one.subset for one in outer.values()):
        message = f"is no class, because {_listed(sorted(outer))} have the same folders; those are the classes"
        layout.problems.append(problem(min(outer), message, "class", effect="noted"))
    tell_unannotated(listing, layout, "is not in a class folder")
    return layout


def _places(listing: Listing, outer: Mapping[str, Outer]) -> Iterator[tuple[str, tuple[str, int | None]]]:
    """Each class with its folder, also where no image is in it."""
    for name in (*listing.names, *(f"{folder}/" for folder in listing.bare)):
        parts = name.split("/")
        place = _place(parts, outer)
        if place is not None:
            yield text(parts[place]), (text("/".join(parts[: place + 1])), None)


def _place(parts: Sequence[str], outer: Mapping[str, Outer]) -> int | None:
    """Which part of the path of an image names its class; None if it is in no class folder."""
    around = outer.get(parts[0]) if outer else Outer(0)
    return around.depth if around and len(parts) > around.depth + 1 else None


def _check(listing: Listing, classes: list[str]) -> None:
    if not listing.images:
        raise ImportRefused(
            f"There are no images in {listing.called}.",
            "It takes one sub-folder of JPEG or PNG images for each class.",
        )
    if len(classes) < 2:
        raise ImportRefused(
            f"There is {'no' if not classes else 'only one'} class folder with images in it in {listing.called}.",
            "Put the images of each class into a sub-folder of its own, named after the class; two classes at least.",
        )
