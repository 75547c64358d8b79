"""COCO: JSON files with images, categories and annotations: boxes, polygons, run-length codes, crowds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Box, Flags, Instance, Kind
from aistudio.schema.project import Finding, Problem
from aistudio.store.formats.base import Draft, FoundImage, Layout, Listing, is_ignored, problem, subset_for, subset_of
from aistudio.store.formats.coco_outlines import numbers, outline_of, what_is_wrong
from aistudio.store.formats.finder import Finder
from aistudio.store.formats.strays import tell_unannotated
from aistudio.store.formats.texts import class_name, json_utf8, number, safe_name, text, whole_number

NAME = "coco"
TITLE = "COCO"
KINDS: tuple[Kind, ...] = ("box", "instance", "mask")

_LOOK = 65_536
_NAME = re.compile(rb'"name"\s*:\s*("(?:[^"\\]|\\.)*")')


def detect(listing: Listing) -> Finding | None:
    found = _files(listing)
    if not found:
        return None
    named = f"{found[0]} has" if len(found) == 1 else f"{len(found)} JSON files have"
    reason = f"{text(named)} images, categories and annotations as COCO has them"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=80, reason=reason)


def _files(listing: Listing) -> list[str]:
    return [name for name in listing.ending(".json") if _is_coco(listing, name)]


def _is_coco(listing: Listing, name: str) -> bool:
    """Looked at from both ends: in between there may be a gigabyte."""
    try:
        with listing.path(name).open("rb") as file:
            start = file.read(_LOOK)
            file.seek(max(0, file.seek(0, 2) - _LOOK))
            seen = (start + file.read(_LOOK)).replace(b"\0", b"")  # UTF-16 has one between all letters
    except OSError:
        return False
    return sum(mark in seen for mark in (b'"images"', b'"annotations"', b'"categories"', b'"image_id"')) >= 2


@dataclass
class _Source:
    """One JSON file: its categories by id, and the annotations of each image by id."""

    name: str
    images: list[dict[str, Any]]
    annotations: dict[Any, list[dict[str, Any]]]
    classes: dict[Any, str]
    lines: dict[str, int]
    problems: list[Problem]
    boxes_only: int = 0


class _NoObjects(ImportRefused):
    """A JSON file without lists of images, annotations and categories."""


def read(listing: Listing, kind: Kind) -> Layout:
    files = _files(listing)
    if not files:
        raise ImportRefused(
            f"There is no COCO file in {listing.called}.",
            "COCO is a .json file with images, annotations and categories.",
        )
    layout = Layout(NAME, "box" if kind == "box" else "instance", [], [])
    sources = _sources(listing, files, layout.problems)
    layout.classes = _classes(sources)
    seen: set[str] = set()
    for source in sources:
        layout.images += [one for one in _images(listing, source, layout) if _first(one, source, seen)]
        for label in source.classes.values():
            layout.places.setdefault(label, (text(source.name), source.lines.get(label)))
        layout.problems += _boxes_only(source)
    tell_unannotated(listing, layout, "is in no annotation file")
    return layout


def _sources(listing: Listing, files: list[str], problems: list[Problem]) -> list[_Source]:
    """Captions and the like have images but no objects: they are passed over where another file has some."""
    opened: list[_Source] = []
    refused: list[tuple[str, _NoObjects]] = []
    for name in files:
        try:
            opened.append(_open(listing, name, problems))
        except _NoObjects as error:
            refused.append((name, error))
    if not opened:
        raise refused[0][1]
    rows = {one.name: [row for some in one.annotations.values() for row in some] for one in opened}
    able = [one for one in opened if not rows[one.name] or any("category_id" in row for row in rows[one.name])]
    able = able or opened
    told = "has no objects with a category: it is passed over, because another file has some"
    passed = [*(name for name, _ in refused), *(one.name for one in opened if one not in able)]
    problems += [problem(name, told, "annotation", effect="noted") for name in passed]
    return able


def _boxes_only(source: _Source) -> Iterator[Problem]:
    """One for the whole file: most such files have no outline at all."""
    if source.boxes_only:
        several = f"{source.boxes_only:,} objects" if source.boxes_only > 1 else "an object"
        told = f"has {several} with a box and no outline: the box is taken for the outline"
        yield problem(source.name, told, "annotation", effect="changed")


def _open(listing: Listing, name: str, problems: list[Problem]) -> _Source:
    data = json_utf8(listing.bytes(name))
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ImportRefused(
            f"{text(name)} line {error.lineno} is not JSON at its character {error.colno}: {error.msg}.",
            "Export the annotations again.",
        ) from None
    parts = [document.get(part) if isinstance(document, dict) else None for part in ("images", "categories")]
    annotations = document.get("annotations", []) if isinstance(document, dict) else None
    if not all(isinstance(part, list) for part in (*parts, annotations)):
        raise _NoObjects(
            f"{text(name)} has no lists of images, annotations and categories.", "Export the annotations as COCO."
        )
    source = _Source(name, [], {}, {}, dict(_lines(data)), problems)
    images, categories = parts
    source.images = [one for one in _documents(source, images, "image") if _named(source, one, "image", "file_name")]
    for one in _documents(source, categories, "category"):
        if _named(source, one, "category", "name"):
            _add_class(source, _key(one.get("id")), class_name(str(one["name"])))
    for one in _documents(source, annotations, "annotation"):
        source.annotations.setdefault(_key(one.get("image_id")), []).append(one)
    return source


def _lines(data: bytes) -> Iterator[tuple[str, int]]:
    """Each category with the line of its name, which parsing forgets; of several of one name, the last."""
    start = max(data.find(b'"categories"'), 0)
    line = 1 + data.count(b"\n", 0, start)
    for match in _NAME.finditer(data, start):
        line += data.count(b"\n", start, match.start())
        start = match.start()
        yield class_name(orjson.loads(match[1])), line


def _add_class(source: _Source, key: Any, name: str) -> None:
    """Raises ImportRefused if the id has another name: nobody knows which of the two an annotation means."""
    if source.classes.setdefault(key, name) != name:
        raise ImportRefused(
            f"{text(source.name)} gives the id {key} to two categories, {source.classes[key]} and {name}.",
            "Give each category an id of its own.",
        )


def _documents(source: _Source, given: Any, what: str) -> Iterator[dict[str, Any]]:
    for place, one in enumerate(given, start=1):
        if isinstance(one, dict):
            yield one
        else:
            source.problems.append(problem(source.name, f"has no JSON object as its {what} {place}", "annotation"))


def _named(source: _Source, one: dict[str, Any], what: str, part: str) -> bool:
    given = one.get(part)
    if (isinstance(given, str) and given.strip()) or (part == "name" and type(given) in (int, float)):
        return True
    source.problems.append(problem(source.name, f"has the {what} {_key(one.get('id'))} without a {part}", "annotation"))
    return False


def _key(given: Any) -> Any:
    """Something to look up by; ids are numbers or texts, and 1, 1.0 and "1" are the same."""
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if isinstance(given, str) and str(whole_number(given)) == given:
        return int(given)
    return given if isinstance(given, int | str) else repr(given)[:100]


def _classes(sources: list[_Source]) -> list[str]:
    """In the order of their ids."""
    pairs = {(key, name) for source in sources for key, name in source.classes.items() if not is_ignored(name)}
    ordered = sorted(pairs, key=_order)
    return list(dict.fromkeys(name for _, name in ordered))


def _order(pair: tuple[Any, str]) -> tuple[bool, int, str, str]:
    key, name = pair
    return isinstance(key, str), key if isinstance(key, int) else 0, str(key), name


def _images(listing: Listing, source: _Source, layout: Layout) -> Iterator[FoundImage]:
    names = [safe_name(one["file_name"], source.name) for one in source.images]
    subset = subset_for(source.name)
    finder = Finder(listing, source.name, names, subset)
    known: dict[Any, str] = {}
    for stranger in source.annotations.keys() - {_key(one.get("id")) for one in source.images}:
        count = len(source.annotations[stranger])
        several = f"{count:,} annotations" if count > 1 else "an annotation"
        message = f"has {several} of image {stranger}, which it does not list"
        source.problems.append(problem(source.name, message, "missing"))
    for one, name in zip(source.images, names, strict=True):
        key = _key(one.get("id"))
        if known.setdefault(key, name) != name:
            message = f"gives {name} the id {key}, which {known[key]} has"
            source.problems.append(problem(source.name, message, "twice"))
            continue
        found = finder.find(name)
        if found is None:
            source.problems.append(problem(source.name, f"names {name}, which is not there", "missing"))
            continue
        size = _size(one)
        rows = source.annotations.get(key, [])
        with layout.about(found):
            read = (_draft(source, row, layout.annotation, size, text(found)) for row in rows)
            drafts = [draft for draft in read if draft is not None]
        yield FoundImage(
            text(found),
            listing.path(found),
            drafts,
            source=text(source.name),
            size=size,
            subset=subset or subset_of(found),
        )


def _size(one: dict[str, Any]) -> tuple[int, int] | None:
    width, height = number(one.get("width")), number(one.get("height"))
    return (int(width), int(height)) if width and height and min(width, height) >= 1 else None


def _first(one: FoundImage, source: _Source, seen: set[str]) -> bool:
    """Whether no other entry was this image; a second one is told."""
    if one.name not in seen:
        seen.add(one.name)
        return True
    source.problems.append(problem(one.name, f"is listed again in {text(source.name)}", "twice"))
    return False


def _draft(source: _Source, row: dict[str, Any], kind: Kind, size: tuple[int, int] | None, image: str) -> Draft | None:
    what = f"annotation {_key(row.get('id'))}"
    label = source.classes.get(_key(row.get("category_id")))
    if label is None:
        message = f"{what} of {image} has the unknown category {_key(row.get('category_id'))}"
        source.problems.append(problem(source.name, message, "class"))
        return None
    flags: Flags = ("crowd",) if str(row.get("iscrowd")).lower() in ("1", "1.0", "true") else ()
    if is_ignored(label):
        label, flags = None, ("ignored", *flags)
    found: Box | Instance | None
    box = numbers(row.get("bbox"), 4)
    if kind == "instance":
        given = row.get("segmentation")
        outline = outline_of(given, size)
        found = _object(label, box, outline, flags)
        source.boxes_only += bool(found and not given)
        if found and given and (wrong := what_is_wrong(given, outline)):
            message = f"{what} of {image} has {wrong}"
            source.problems.append(problem(source.name, message, "annotation", effect="changed"))
    else:
        found = Box(label, box[0], box[1], box[2], box[3], flags) if box else None
    if not found:
        message = f"{what} of {image} has no {'outline and no ' if kind == 'instance' else ''}box that makes sense"
        source.problems.append(problem(source.name, message, "annotation"))
        return None
    return Draft(found, name=what)


def _object(label: str | None, box: list[float] | None, outline: Instance | None, flags: Flags) -> Instance | None:
    if outline is not None:
        placed = replace(outline, label=label, flags=flags)
        return replace(placed, x=box[0], y=box[1], w=box[2], h=box[3]) if box else placed
    if box is None:
        return None
    x, y, w, h = box
    return Instance(label, x, y, w, h, ((x, y, x + w, y, x + w, y + h, x, y + h),), flags=flags)
