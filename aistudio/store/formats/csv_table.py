"""CSV: a line for each image with its class or its numbers, or a line for each box."""

from collections.abc import Iterator

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
    is_ignored,
    problem,
    subset_for,
    subset_of,
)
from aistudio.store.formats.csv_columns import SAMPLE, Columns, columns_of, headless
from aistudio.store.formats.finder import Finder
from aistudio.store.formats.strays import tell_unannotated
from aistudio.store.formats.subset_lists import more
from aistudio.store.formats.table import Table
from aistudio.store.formats.texts import safe_name, text

NAME = "csv"
TITLE = "CSV table"
KINDS: tuple[Kind, ...] = ("label", "value", "box")

Lines = list[tuple[int, dict[str, str]]]
_MOST_AT_ONCE = 2**24
NAME_THE_COLUMN = "Write class over the column of the classes, in the first line of the table."


def detect(listing: Listing) -> Finding | None:
    best: tuple[Finding, int] | None = None
    for name in listing.ending(".csv", ".tsv"):
        columns = _seen(listing, name)
        if columns is None:
            continue
        kinds = [kind for kind in KINDS if columns.brings(kind)]
        told = f"{text(name)} names images in its column {columns.file} and has {columns.words()}"
        score = 50 if columns.classes.columns and not columns.classes.sure else 78
        found = Finding(format=NAME, title=TITLE, kinds=kinds, score=score, reason=told)
        if kinds and (best is None or len(kinds) > best[1]):
            best = found, len(kinds)
    return best[0] if best else None


def unclear(listing: Listing) -> ImportRefused | None:
    """What to say where a table names images, and several of its columns could have their classes."""
    for name in listing.ending(".csv", ".tsv"):
        columns = _seen(listing, name)
        if columns is not None and columns.unclear():
            return ImportRefused(
                f"{text(name)} names images in its column {columns.file}{columns.unclear()}.", NAME_THE_COLUMN
            )
    return None


def _seen(listing: Listing, name: str) -> Columns | None:
    """From the whole table, unless it is huge: its first lines may all be of one class."""
    columns = columns_of(listing, _peek(listing, name, SAMPLE))
    return columns and (columns_of(listing, _peek(listing, name, None)) or columns)


def _peek(listing: Listing, name: str, most_rows: int | None) -> Table | None:
    try:
        return table.read(listing, name, most_rows, _MOST_AT_ONCE)
    except ImportRefused:
        return None


def read(listing: Listing, kind: Kind) -> Layout:
    found = [(given, columns) for given, columns in _tables(listing) if columns.brings(kind)]
    if not found:
        raise ImportRefused(
            f"No table in {listing.called} names images and has what is needed.{why_not(listing)}",
            "A CSV file has a head such as filename,class, or filename,count, or filename,class,xmin,ymin,xmax,ymax.",
        )
    layout = Layout(NAME, kind, [], [])
    seen: dict[str, str] = {}
    doubtful: set[str] = set()
    for given, columns in found:
        _read(listing, given, columns, layout, seen, doubtful)
    tell_unannotated(listing, layout, "is in no table", told=seen)
    layout.uncounted += len(doubtful - {one.name for one in layout.images})
    found_in = (draft.annotation for image in layout.images for draft in image.drafts)
    layout.classes = sorted({one.label for one in found_in if isinstance(one, Label | Box) and one.label})
    return layout


def why_not(listing: Listing) -> str:
    """What is wrong with the first table."""
    for name in listing.ending(".csv", ".tsv"):
        try:
            given = table.read(listing, name)
        except ImportRefused as error:
            return f" {error.message}"
        columns = columns_of(listing, given)
        if image := headless(listing, given):
            return f" {text(name)} names the image {image} where the names of its columns should be."
        if columns is None:
            return f" {text(name)} has no column with the names of the images."
        return f" {text(name)} has {columns.words()}{columns.unclear() or _odd(given, columns)}."
    return ""


def odd(listing: Listing) -> str:
    """For a refusal because no table has numbers: the first cell that keeps a column from being one of them."""
    for name in listing.ending(".csv", ".tsv"):
        given = _peek(listing, name, None)
        columns = columns_of(listing, given)
        if given is not None and columns is not None:
            return _odd(given, columns)
    return ""


def _odd(given: Table, columns: Columns) -> str:
    """The first cell that keeps a column from being one of numbers, which some of its others are."""
    nearly = [one for one in columns.others if any(given.value(cells[one]) is not None for _, cells in given.rows)]
    for line, cells in given.rows:
        for name in nearly or columns.others:
            cell = cells[name].strip()
            if cell and given.value(cell) is None:
                return f"; {cell[:50]!r} in line {line} of {name} is no number"
    return ""


def _tables(listing: Listing) -> Iterator[tuple[Table, Columns]]:
    for name in listing.ending(".csv", ".tsv"):
        columns = columns_of(listing, _peek(listing, name, SAMPLE))
        if columns is None:
            continue
        given = table.read(listing, name)
        whole = columns_of(listing, given)
        if whole is not None:
            yield given, whole


def _read(
    listing: Listing, given: Table, columns: Columns, layout: Layout, seen: dict[str, str], doubtful: set[str]
) -> None:
    """Lines of one image belong together; a second table may not speak of it again. `doubtful`: images that a name
    could mean, but others as well.
    """
    source = given.name
    told = "has another number of cells than the head"
    layout.problems += [problem(source, told, "annotation", line) for line in given.ragged]
    rows: dict[str, Lines] = {}
    for line, cells in given.rows:
        if not cells[columns.file].strip():
            layout.problems.append(problem(source, "names no image", "annotation", line))
            continue
        rows.setdefault(safe_name(cells[columns.file], source, line), []).append((line, cells))
    if columns.strange and not columns.folds:
        word, line = min(columns.strange.items(), key=lambda pair: pair[1])
        told = f"has {text(word)[:50]!r} where a subset should be, which is none of train, val and test"
        layout.problems.append(problem(source, told + more(len(columns.strange)), "subset", line, "noted"))
    finder = Finder(listing, source, list(rows), subset_for(source))
    layout.targets += [name for name in columns.values if layout.annotation == "value" and name not in layout.targets]
    layout.places |= {text(name)[:200]: (text(source), 1) for name in columns.classes.block}
    extra = [name for name in columns.extra(layout.annotation) if layout.annotation != "box" or _is_shared(name, rows)]
    layout.columns += [name for name in extra if name not in layout.columns]
    for name, lines in rows.items():
        found = finder.find(name)
        rivals = finder.rivals(name)
        if found is None:
            layout.problems.append(problem(source, f"names {name}, which is not there", "missing", lines[0][0]))
        elif rivals:
            seen |= dict.fromkeys(rivals, source)
            doubtful |= set(map(text, rivals))
            several = " or ".join(text(one) for one in rivals[:2])
            layout.problems.append(problem(source, f"names {name}, which could be {several}", "ambiguous", lines[0][0]))
        elif seen.setdefault(found, source) != source:
            layout.problems.append(problem(source, f"names {name} again", "twice", lines[0][0]))
        else:
            with layout.about(found):
                layout.images += _image(listing, given, columns, layout, found, lines, extra)


def _is_shared(column: str, rows: dict[str, Lines]) -> bool:
    """Whether it says the same in all lines of an image, so that it is of the image and not of a box."""
    return all(len({cells[column] for _, cells in lines}) == 1 for lines in rows.values())


def _image(
    listing: Listing,
    given: Table,
    columns: Columns,
    layout: Layout,
    name: str,
    lines: Lines,
    extra: list[str],
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
        lost = f"{text(name)} is left out"
        layout.problems += [problem(given.name, f"{one}: {lost}", "unannotated", line) for one, line in wrong[:1]]
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
        columns.shares,
        subset=subset or subset_for(given.name) or subset_of(name),
        columns={one: first[one][:200] for one in extra},
    )


def _annotations(given: Table, columns: Columns, kind: Kind, cells: dict[str, str]) -> Iterator[AnyAnnotation | str]:
    """Texts say what is wrong."""
    if kind == "box":
        yield _box(given, columns, cells)
    elif kind == "label":
        yield _label(given, columns, cells)
    else:
        for name in columns.values:
            value = given.value(cells[name])
            yield Value(name, value) if value is not None else _no_number(name, cells[name].strip())


def _no_number(column: str, cell: str) -> str:
    return f"has {text(cell)[:50]!r} in {column}, which is no number" if cell else f"has no number in {column}"


def _label(given: Table, columns: Columns, cells: dict[str, str]) -> Label | str:
    if columns.classes.block:
        return Label(text(next(name for name in columns.classes.block if given.value(cells[name]) == 1))[:200])
    cell = cells[columns.classes.column].strip() if columns.classes.column else ""
    if cell in columns.several:
        return f"has several classes, {text(cell)[:100]}, where one is needed"
    return Label(text(cell)[:200]) if cell else "has no class"


def _box(given: Table, columns: Columns, cells: dict[str, str]) -> Box | str:
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
