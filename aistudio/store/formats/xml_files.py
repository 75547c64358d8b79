"""XML files of one image each, as labelImg and roLabelImg write them: opened safely, found in a folder, paired."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Box, Kind, RotatedBox
from aistudio.schema.project import Problem, Subset
from aistudio.store.formats.base import Draft, FoundImage, Layout, Listing, one_of_many, problem, subset_of
from aistudio.store.formats.finder import Finder
from aistudio.store.formats.pairs import Pairs
from aistudio.store.formats.strays import tell_unannotated
from aistudio.store.formats.subset_lists import SubsetLists, word_of
from aistudio.store.formats.texts import (
    base_of,
    class_name,
    composed,
    decoded,
    folder_of,
    lines_of,
    number,
    safe_name,
    stem_of,
    text,
)

_MAX_BYTES = 2**26
_LOOK = 200
_PRESENT = re.compile(r"\s+-?[01]$")
_OBJECT = re.compile(r"<object(?:\s|>|$)")


Boxed = Callable[[Element], Box | RotatedBox | str]


def read(listing: Listing, name: str, annotation: Kind, box: Boxed, advice: str) -> Layout:
    """`box` makes an annotation of an object, or says what is wrong with it."""
    layout = Layout(name, annotation, [], [])
    images: set[str] = set()
    labels: set[str] = set()
    for page in pages(listing, layout.problems):
        with layout.about(page.image):
            drafts = list(_drafts(page, box, layout.problems, labels))
            if page.image in images:
                layout.problems.append(problem(page.name, f"is a second file for {text(page.image)}", "twice"))
                continue
        images.add(page.image)
        path = listing.path(page.image)
        layout.images.append(FoundImage(text(page.image), path, drafts, text(page.name), page.size, subset=page.subset))
    if not layout.images:
        first = f" First: {layout.problems[0]}." if layout.problems else ""
        raise ImportRefused(f"There is no image with an XML file in {listing.called}.{first}", advice)
    pairs, read = Pairs(listing.images), {one.source for one in layout.images}
    broken = [name for name in listing.ending(".xml") if text(name) not in read]
    lost = {image for name in broken if (image := _paired(name, pairs)) is not None}
    tell_unannotated(listing, layout, "has no annotation file", told=lost)
    layout.uncounted += len(lost - images)
    layout.classes = sorted(labels)
    return layout


@dataclass(frozen=True)
class Page:
    """One XML file: its image, the size that it gives, and its objects with the lines in which they begin."""

    name: str
    image: str
    size: tuple[int, int] | None
    objects: list[tuple[int | None, Element]]
    subset: Subset | None


def count(listing: Listing, mark: str) -> int:
    """How many XML files have that tag, of some from everywhere: the first ones may all be of empty images."""
    names = listing.ending(".xml")
    return sum(f"<{mark}>" in listing.head(name, 65_536) for name in names[:: max(len(names) // _LOOK, 1)])


def pages(listing: Listing, problems: list[Problem]) -> Iterator[Page]:
    """What cannot be read or has no image is told in `problems`. Raises ImportRefused for a name that leads out."""
    names = listing.ending(".xml")
    pairs = Pairs(listing.images)
    opened = ((name, _open(listing, name, pairs, problems)) for name in names)
    roots = {name: root for name, root in opened if root is not None}
    given = {name: (root[0].findtext("filename") or "").strip() for name, root in roots.items()}
    for name, file in given.items():
        if file:
            safe_name(file, name)
    subsets = _subsets(listing, {stem_of(name) for name in names}, problems)
    finder = Finder(listing, names[0] if names else "", [base_of(file) for file in given.values() if file])
    for name, (top, lines) in roots.items():
        image = _image(name, given[name], pairs, finder)
        if image is None:
            problems.append(problem(name, f"has no image {given[name] or stem_of(name)!r}", "missing"))
            continue
        found = top.findall("object")
        numbered = zip(lines if len(lines) == len(found) else [None] * len(found), found, strict=True)
        subset = subsets.get(stem_of(name)) or subset_of(name) or subset_of(image)
        yield Page(name, image, _size(top), list(numbered), subset)


def _open(listing: Listing, name: str, pairs: Pairs, problems: list[Problem]) -> tuple[Element, list[int]] | None:
    cost = "" if _paired(name, pairs) is None else "; its image is left out with it"
    data = one_of_many(listing, name, problems, _MAX_BYTES)
    if data is None:
        return None
    try:
        root = fromstring(data)
    except ParseError as error:
        message = f"is not XML: {str(error).partition(': line')[0]}{cost}"
        problems.append(problem(name, message, "annotation", error.position[0]))
        return None
    except DefusedXmlException:
        message = f"has entities or a document type with tricks, which are refused{cost}"
        problems.append(problem(name, message, "annotation"))
        return None
    except (ValueError, LookupError):
        problems.append(problem(name, f"has an encoding that is not known{cost}", "annotation"))
        return None
    return root, [line for line, row in enumerate(lines_of(decoded(data)), start=1) for _ in _OBJECT.finditer(row)]


def _image(name: str, given: str, pairs: Pairs, finder: Finder) -> str | None:
    """The one of the same stem, or else the one that it names."""
    if (paired := _paired(name, pairs)) is not None:
        return paired
    return finder.find(safe_name(given, name)) if given else None


def _paired(name: str, pairs: Pairs) -> str | None:
    """The image beside it or in the folder for images."""
    apart = sorted((part.lower() not in ("jpegimages", "images"), found) for _, part, found in pairs.apart(name))
    return pairs.beside(name) or (apart[0][1] if apart else None)


def _size(root: Element) -> tuple[int, int] | None:
    width, height = number(root.findtext("size/width")), number(root.findtext("size/height"))
    return (int(width), int(height)) if width and height and min(width, height) >= 1 else None


def _subsets(listing: Listing, stems: Collection[str], problems: list[Problem]) -> dict[str, Subset]:
    """Stem → subset, from ImageSets/Main/train.txt and so on."""
    given = SubsetLists(problems)
    lists = {name: word for name in listing.ending(".txt") if (word := word_of(name))}
    for name in sorted(lists, key=lambda name: ("train", "val", "test").index(lists[name])):
        if "imagesets" not in folder_of(name).lower():
            continue
        rows = enumerate(lines_of(listing.text(name, _MAX_BYTES)), start=1)
        entries = [(line, row.strip()) for line, row in rows if row.strip()]
        found = {line: stem for line, row in entries if (stem := _stem(row, stems)) is not None}
        given.put(name, lists[name], found.items())
        given.miss(name, [(line, row) for line, row in entries if line not in found])
    return given.found


def _stem(row: str, stems: Collection[str]) -> str | None:
    """A name may have spaces in it, a suffix, or a number behind it that says whether a class is in the image."""
    plain = _PRESENT.sub("", row)
    return next((one for one in (composed(row), stem_of(row), composed(plain), stem_of(plain)) if one in stems), None)


def _drafts(page: Page, box: Boxed, problems: list[Problem], labels: set[str]) -> Iterator[Draft]:
    for line, element in page.objects:
        found = box(element)
        if isinstance(found, str):
            problems.append(problem(page.name, found, "annotation", line))
        else:
            labels.update([found.label] if found.label else [])
            yield Draft(found, line)


def label_of(element: Element) -> str:
    return class_name(element.findtext("name") or "")


def is_set(element: Element, tag: str) -> bool:
    return (element.findtext(tag) or "").strip() in ("1", "true", "True")
