"""CSV: a line for each image with its class or its numbers, or a line for each box."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import AnyAnnotation, Box, Kind, Label, Value
from aistudio.schema.project import Finding
from aistudio.store.formats import table
from aistudio.store.formats.base import (
    SUBSETS,
    Draft,
    FoundImage,
    Layout,
    Listing,
    folder_of,
    is_ignored,
    problem,
    safe_name,
    stem_of,
    subset_of,
    text,
)
from aistudio.store.formats.finder import Finder
from aistudio.store.formats.table import Table

NAME = "csv"
TITLE = "CSV table"
KINDS: tuple[Kind, ...] = ("label", "value", "box")

_FILES = ("filename", "file_name", "file", "image", "image_path", "path", "img", "image_id", "image_name", "name", "id")
_CLASSES = ("class", "label", "labels", "category", "class_name", "classname", "species", "target", "name")
_SUBSET = ("split", "subset", "set", "fold", "partition", "usage")
_SIZES = (("width", "height"), ("image_width", "image_height"), ("img_width", "img_height"))
_CORNERS = (("xmin", "ymin", "xmax", "ymax"), ("x_min", "y_min", "x_max", "y_max"), ("x1", "y1", "x2", "y2"))
_SIDES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))
_SAMPLE = 50


def detect(listing: Listing) -> Finding | None:
    best: tuple[Finding, int] | None = None
    for name in listing.ending(".csv", ".tsv"):
        columns = _columns(listing, _peek(listing, name))
        if columns is None:
            continue
        kinds = [kind for kind in KINDS if columns.brings(kind)]
        told = f"{text(name)} names images in its column {columns.file}"
        found = Finding(format=NAME, title=TITLE, kinds=kinds, score=78, reason=f"{told} and has {columns.words()}")
        if kinds and (best is None or len(kinds) > best[1]):
            best = found, len(kinds)
    return best[0] if best else None


def _peek(listing: Listing, name: str) -> Table | None:
    try:
        return table.read(listing, name, _SAMPLE)
    except ImportRefused:
        return None


class _Columns:
    """Which column of a table is what."""

    def __init__(self, file: str, given: Table) -> None:
        lower = {name.lower(): name for name in given.columns}
        self.file = file
        self.subset = next((lower[one] for one in _SUBSET if one in lower), None)
        self.corners = next((_all(lower, names) for names in _CORNERS if _all(lower, names)), None)
        sides = next((_all(lower, names) for names in _SIDES if _all(lower, names)), None)
        self.sides = None if self.corners else sides
        size = next((_all(lower, pair) for pair in _SIZES if _all(lower, pair)), None)
        self.size = None if self.sides and set(self.sides) & set(size or ()) else size
        used = {file, self.subset, *(self.corners or ()), *(self.sides or ()), *(self.size or ())}
        free = [name for name in given.columns if name not in used]
        self.label = next((lower[one] for one in _CLASSES if one in lower and lower[one] in free), None)
        if self.label is None and not any(given.is_numeric(name) for name in free):
            self.label = next((name for name in free if name), None)
        self.values = [name for name in free if name != self.label and given.is_numeric(name)]
        if self.label is not None and not self.values and given.is_numeric(self.label):
            self.values = [self.label]
        self.others = [name for name in given.columns if name and name not in (file, self.subset)]
        self.several = _several([cells[self.label].strip() for _, cells in given.rows]) if self.label else frozenset()

    def brings(self, kind: Kind) -> bool:
        boxes = self.corners is not None or self.sides is not None
        return {
            "label": self.label is not None and not boxes,
            "value": bool(self.values) and not boxes,
            "box": boxes,
        }.get(kind, False)

    def words(self) -> str:
        if self.brings("box"):
            return "a box in each line"
        named = [f"classes in {self.label}"] if self.label else []
        named += [f"numbers in {', '.join(self.values[:5])}"] if self.values else []
        return " and ".join(named) or "nothing to learn"


def _several(cells: Sequence[str]) -> frozenset[str]:
    """Cells with more than one class, such as cat;dog: what stands in them stands in other cells too."""
    parts = {cell: [part.strip() for part in re.split(r"[;|,]", cell) if part.strip()] for cell in set(cells)}
    met = Counter(part for found in parts.values() for part in set(found))
    return frozenset(cell for cell, found in parts.items() if len(found) > 1 and any(met[part] > 1 for part in found))


def _all(lower: dict[str, str], names: Sequence[str]) -> list[str] | None:
    return [lower[name] for name in names] if all(name in lower for name in names) else None


def _columns(listing: Listing, given: Table | None) -> _Columns | None:
    """None if no column names images of the folder."""
    if given is None:
        return None
    lower = {name.lower(): name for name in given.columns}
    candidates = [lower[one] for one in _FILES if one in lower] + list(given.columns)
    stems = {stem_of(name) for name in listing.images}
    for column in candidates:
        cells = [cell for _, cells in given.rows[:_SAMPLE] if (cell := cells[column].strip())]
        hits = sum(stem_of(cell.replace("\\", "/")) in stems for cell in cells)
        suffixed = sum("." in cell for cell in cells)
        if hits * 2 > len(cells) or (suffixed * 2 > len(cells) and column.lower() in _FILES):
            return _Columns(column, given)
    return None


def read(listing: Listing, kind: Kind) -> Layout:
    found = [(given, columns) for given, columns in _tables(listing) if columns.brings(kind)]
    if not found:
        raise ImportRefused(
            f"No table in {listing.called} names images and has what is needed.{_why_not(listing)}",
            "A CSV file has a head such as filename,class, or filename,count, or filename,class,xmin,ymin,xmax,ymax.",
        )
    layout = Layout(NAME, kind, [], [])
    seen: dict[str, str] = {}
    for given, columns in found:
        _read(listing, given, columns, layout, seen)
    _strangers(listing, layout, seen)
    found_in = (draft.annotation for image in layout.images for draft in image.drafts)
    layout.classes = sorted({one.label for one in found_in if isinstance(one, Label | Box) and one.label})
    return layout


def _why_not(listing: Listing) -> str:
    """What is wrong with the first table."""
    for name in listing.ending(".csv", ".tsv"):
        try:
            given = table.read(listing, name)
        except ImportRefused as error:
            return f" {error.message}"
        columns = _columns(listing, given)
        if columns is None:
            return f" {text(name)} has no column with the names of its images."
        return f" {text(name)} has {columns.words()}{_odd(given, columns)}."
    return ""


def _odd(given: Table, columns: _Columns) -> str:
    """The first cell that keeps a column from being one of numbers."""
    for line, cells in given.rows:
        for name in columns.others:
            cell = cells[name].strip()
            if cell and given.value(cell) is None:
                return f"; {cell[:50]!r} in line {line} of {name} is no number"
    return ""


def _tables(listing: Listing) -> Iterator[tuple[Table, _Columns]]:
    for name in listing.ending(".csv", ".tsv"):
        columns = _columns(listing, _peek(listing, name))
        if columns is None:
            continue
        given = table.read(listing, name)
        whole = _columns(listing, given)
        if whole is not None:
            yield given, whole


def _read(listing: Listing, given: Table, columns: _Columns, layout: Layout, seen: dict[str, str]) -> None:
    """Lines of one image belong together; a second table may not speak of it again."""
    source = given.name
    told = "has another number of cells than the head"
    layout.problems += [problem(source, told, "annotation", line) for line in given.ragged]
    rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for line, cells in given.rows:
        if not cells[columns.file].strip():
            layout.problems.append(problem(source, "names no image", "annotation", line))
            continue
        rows.setdefault(safe_name(cells[columns.file], source, line), []).append((line, cells))
    finder = Finder(listing, source, list(rows))
    stems = _Stems(listing)
    layout.targets += [name for name in columns.values if layout.annotation == "value" and name not in layout.targets]
    layout.columns += [name for name in columns.others if name not in layout.columns]
    for name, lines in rows.items():
        found = finder.find(name) or stems.find(name)
        if found is None:
            layout.problems.append(problem(source, f"names {name}, which is not there", "missing", lines[0][0]))
        elif seen.setdefault(found, source) != source:
            layout.problems.append(problem(source, f"names {name} again", "twice", lines[0][0]))
        else:
            layout.images += _image(listing, given, columns, layout, found, lines)


def _strangers(listing: Listing, layout: Layout, seen: Collection[str]) -> None:
    """Images beside those that tables name, which none does."""
    folders = {folder_of(name) for name in seen}
    for name in listing.images:
        if folder_of(name) in folders and name not in seen:
            layout.problems.append(problem(name, "is in no table", "unannotated"))


class _Stems:
    """Images by their names without suffix, where a table leaves it out."""

    def __init__(self, listing: Listing) -> None:
        self._found = {stem_of(name): name for name in reversed(listing.images)}

    def find(self, name: str) -> str | None:
        return self._found.get(stem_of(name)) if "." not in name else None


def _image(
    listing: Listing,
    given: Table,
    columns: _Columns,
    layout: Layout,
    name: str,
    lines: list[tuple[int, dict[str, str]]],
) -> Iterator[FoundImage]:
    """Nothing for an image of which no line says what is to be learned."""
    first = lines[0][1]
    drafts, wrong = [], []
    for line, cells in lines:
        for found in _annotations(given, columns, layout.annotation, cells):
            if isinstance(found, str):
                wrong.append((found, line))
            else:
                drafts.append(Draft(found, line))
    if layout.annotation != "box" and not drafts:
        layout.problems += [problem(given.name, one, "unannotated", line) for one, line in wrong[:1]]
        return
    layout.problems += [problem(given.name, one, "annotation", line) for one, line in wrong]
    if layout.annotation != "box" and len(lines) > 1:
        told = f"names {name} in {len(lines)} lines: the first one counts"
        layout.problems.append(problem(given.name, told, "twice", lines[1][0]))
        drafts = [draft for draft in drafts if draft.line == lines[0][0]]
    subset = SUBSETS.get(first[columns.subset].strip().lower()) if columns.subset else None
    size = [given.value(first[column]) for column in columns.size] if columns.size else []
    yield FoundImage(
        text(name),
        listing.path(name),
        drafts,
        text(given.name),
        (int(size[0]), int(size[1])) if size and size[0] and size[1] and min(size[0], size[1]) >= 1 else None,
        subset=subset or subset_of(name),
        columns={column: first[column][:200] for column in columns.others if layout.annotation != "box"},
    )


def _annotations(given: Table, columns: _Columns, kind: Kind, cells: dict[str, str]) -> Iterator[AnyAnnotation | str]:
    """Texts say what is wrong."""
    if kind == "box":
        yield _box(given, columns, cells)
    elif kind == "label":
        yield _label(columns, cells)
    else:
        for name in columns.values:
            value = given.value(cells[name])
            yield f"has no number in {name}" if value is None else Value(name, value)


def _label(columns: _Columns, cells: dict[str, str]) -> Label | str:
    cell = cells[columns.label].strip() if columns.label else ""
    if cell in columns.several:
        return f"has several classes, {text(cell)[:100]}, where one is needed"
    return Label(text(cell)[:200]) if cell else "has no class"


def _box(given: Table, columns: _Columns, cells: dict[str, str]) -> Box | str:
    label = text(cells[columns.label].strip())[:200] if columns.label else "object"
    values = [given.value(cells[name]) for name in columns.corners or columns.sides or ()]
    if None in values:
        return "has no numbers for its box"
    left, top, right, bottom = (value or 0.0 for value in values)
    width, height = (right - left, bottom - top) if columns.corners else (right, bottom)
    if not label:
        return "has no class"
    if is_ignored(label):
        return Box(None, left, top, width, height, ("ignored",))
    return Box(label, left, top, width, height)
