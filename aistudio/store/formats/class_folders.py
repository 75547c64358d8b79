"""Class folders: one sub-folder for each class with its images, perhaps below folders train, val and test."""

from collections.abc import Iterator

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind, Label
from aistudio.schema.project import Finding
from aistudio.store.formats.base import SUBSETS, Draft, FoundImage, Layout, Listing
from aistudio.store.formats.strays import tell_unannotated
from aistudio.store.formats.texts import text

NAME = "class_folders"
TITLE = "Class folders"
KINDS: tuple[Kind, ...] = ("label",)

_TECHNICAL = frozenset(
    ("images", "image", "labels", "annotations", "masks", "mask", "jpegimages", "imagesets", "ground_truth", "labeltxt")
)


def detect(listing: Listing) -> Finding | None:
    depth = _depth(listing)
    classes = {parts[depth] for name in listing.images if _is_placed(parts := name.split("/"), depth)}
    if len(classes) < 2:
        return None
    technical = any(one.lower() in _TECHNICAL for one in classes) or {one.lower() for one in classes} <= SUBSETS.keys()
    below = ", below train, val and test" if depth else ""
    reason = f"found {len(classes)} folders with images, each named like a class{below}"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=20 if technical else 60, reason=reason)


def read(listing: Listing, kind: Kind = "label") -> Layout:
    """What is where: the first folder names the class. Raises ImportRefused."""
    depth = _depth(listing)
    found: list[FoundImage] = []
    classes: set[str] = set()
    for name in listing.images:
        parts = name.split("/")
        if not _is_placed(parts, depth):
            continue
        label, subset = text(parts[depth]), SUBSETS[parts[0].lower()] if depth else None
        classes.add(label)
        found.append(FoundImage(text(name), listing.path(name), [Draft(Label(label))], subset=subset))
    _check(listing, sorted(classes))
    layout = Layout(NAME, "label", sorted(classes), found, places=dict(_places(listing, depth)))
    tell_unannotated(listing, layout, "is not in a class folder")
    return layout


def _places(listing: Listing, depth: int) -> Iterator[tuple[str, tuple[str, int | None]]]:
    """Each class with its folder, also where no image is in it."""
    for name in (*listing.names, *(f"{folder}/" for folder in listing.bare)):
        parts = name.split("/")
        if _is_placed(parts, depth):
            yield text(parts[depth]), (text("/".join(parts[: depth + 1])), None)


def _is_placed(parts: list[str], depth: int) -> bool:
    """Whether an image is in a class folder, which is in that of a subset if there are such."""
    return len(parts) > depth + 1 and (not depth or parts[0].lower() in SUBSETS)


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


def _depth(listing: Listing) -> int:
    """1 if the folders at the top are subsets, with the classes below; of two such folders others are no classes."""
    tops = {name.split("/", 1)[0].lower() for name in listing.images if "/" in name}
    deep = {name.split("/", 1)[0].lower() for name in listing.images if name.count("/") >= 2} & SUBSETS.keys()
    return int(len(deep) > 1 or (bool(deep) and tops <= SUBSETS.keys()))
