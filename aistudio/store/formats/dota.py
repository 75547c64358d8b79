"""DOTA: a text file for each image, a line for each object: four corners in pixels, class, difficult or not."""

from collections.abc import Iterator

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Flags, Kind, RotatedBox
from aistudio.schema.project import Finding, Problem
from aistudio.store.formats.base import Draft, FoundImage, Layout, Listing, is_ignored, one_of_many, problem, subset_of
from aistudio.store.formats.pairs import Pairs, first_line
from aistudio.store.formats.strays import tell_missing, tell_unannotated
from aistudio.store.formats.texts import class_name, decoded, folder_of, lines_of, number, text

NAME = "dota"
TITLE = "DOTA"
KINDS: tuple[Kind, ...] = ("rotated",)

_LOOK = 50
_MAX_BYTES = 2**26
_HEADS = ("imagesource", "gsd")


def detect(listing: Listing) -> Finding | None:
    labels = _labels(listing)
    if not labels:
        return None
    reason = f"found {len(labels)} images with a text file of corners and class names"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=75, reason=reason)


def _labels(listing: Listing) -> dict[str, str]:
    """Image → its text file, for folders of text files that look like DOTA's."""
    texts = listing.ending(".txt")
    by_folder: dict[str, list[str]] = {}
    for name in texts:
        by_folder.setdefault(folder_of(name), []).append(name)
    folders = {one for one, names in by_folder.items() if any(_looks(listing, name) for name in names[:_LOOK])}
    pairs = Pairs(name for name in texts if folder_of(name) in folders)
    found: dict[str, str] = {}
    for image in listing.images:
        names = [pairs.beside(image), *(name for _, _, name in pairs.apart(image))]
        if (label := next((one for one in names if one), None)) is not None:
            found[image] = label
    return found


def _like_labels(listing: Listing, used: set[str]) -> Iterator[str]:
    """Others that look like them, or are empty and lie where they do."""
    beside = {folder_of(name) for name in used}
    for name in listing.ending(".txt"):
        empty = folder_of(name) in beside and not listing.head(name, 100).strip()
        if name not in used and (empty or _looks(listing, name)):
            yield name


def _looks(listing: Listing, name: str) -> bool:
    for row in lines_of(listing.head(name, 4096))[:10]:
        parts = row.split()
        coordinates = len(parts) in (9, 10) and all(number(part) is not None for part in parts[:8])
        if coordinates and (number(parts[8]) is None or parts[9:] in (["0"], ["1"], ["2"])):  # a class may be a number
            return True
    return False


def read(listing: Listing, kind: Kind = "rotated") -> Layout:
    labels = _labels(listing)
    if not labels:
        raise ImportRefused(
            f"There is no text file as DOTA has them beside an image of {listing.called}.{first_line(listing)}",
            "A line is x1 y1 x2 y2 x3 y3 x4 y4 class difficult.",
        )
    layout = Layout(NAME, "rotated", [], [])
    folders = {folder_of(image) for image in labels}
    names: set[str] = set()
    lost: list[str] = []
    for image in listing.images:
        if folder_of(image) not in folders:
            continue
        label = labels.get(image)
        with layout.about(image):
            if label is None:
                layout.problems.append(problem(image, "has no label file", "unannotated", effect="noted"))
            drafts = _drafts(listing, label, layout.problems, names) if label else []
        if drafts is None:
            lost.append(image)
            continue
        path, source = listing.path(image), text(label or image)
        layout.images.append(FoundImage(text(image), path, drafts, source, subset=subset_of(image)))
    used = set(labels.values())
    tell_missing(listing, layout, _like_labels(listing, used), used, "label files")
    tell_unannotated(listing, layout, "has no label file", told=lost)
    layout.uncounted += len(lost)
    layout.classes = sorted(names)
    return layout


def _drafts(listing: Listing, name: str, problems: list[Problem], names: set[str]) -> list[Draft] | None:
    """None if the file cannot be read: nobody knows then what is in the image."""
    data = one_of_many(listing, name, problems, _MAX_BYTES)
    if data is None:
        return None
    drafts: list[Draft] = []
    for line, row in enumerate(lines_of(decoded(data)), start=1):
        if not row.strip() or row.strip().lower().startswith(_HEADS):
            continue
        found = _box(row.split())
        if isinstance(found, str):
            problems.append(problem(name, found, "annotation", line))
            continue
        names.update([found.label] if found.label else [])
        drafts.append(Draft(found, line))
    return drafts


def _box(parts: list[str]) -> RotatedBox | str:
    """A text says what is wrong."""
    values = [value for part in parts[:8] if (value := number(part)) is not None]
    if len(values) != 8 or len(parts) not in (9, 10):
        return "is not eight coordinates and a class"
    difficult: Flags = ("difficult",) if parts[9:] in (["1"], ["2"]) else ()
    if is_ignored(parts[8]):
        return RotatedBox(None, tuple(values), ("ignored",))
    return RotatedBox(class_name(parts[8]), tuple(values), difficult)
