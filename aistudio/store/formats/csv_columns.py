"""Which column of a table is what: the image, its subset, its class, its numbers or the sides of its boxes."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from aistudio.schema.annotation import Kind
from aistudio.store.formats import csv_classes
from aistudio.store.formats.base import SUBSETS, Listing
from aistudio.store.formats.table import Table
from aistudio.store.formats.texts import base_of, composed, stem_of

_FILES = (
    *("filename", "file_name", "file", "image", "image_path", "path", "img", "image_id", "image_name", "dateiname"),
    *("datei", "bild", "bildname", "name", "id"),
)
_SUBSET = ("split", "subset", "set", "fold", "partition", "usage")
_SIZES = (("width", "height"), ("image_width", "image_height"), ("img_width", "img_height"))
_CORNERS = (("xmin", "ymin", "xmax", "ymax"), ("x_min", "y_min", "x_max", "y_max"), ("x1", "y1", "x2", "y2"))
_SIDES = (("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"))
SAMPLE = 50
_OVER = 0.05
NONE = csv_classes.Classes()


class Columns:
    """Which column of a table is what."""

    def __init__(self, file: str, given: Table) -> None:
        lower = {name.lower(): name for name in given.columns}
        self.file = file
        told = next((lower[one] for one in _SUBSET if one in lower), None)
        words = {cells[told].strip(): line for line, cells in reversed(given.rows)} if told else {}
        known = any(word.lower() in SUBSETS for word in words)
        self.subset = told if known else None
        self.strange = {word: line for word, line in words.items() if word and word.lower() not in SUBSETS}
        self.folds = told is not None and told == lower.get("fold") and not known
        self.corners = next((_all(lower, names) for names in _CORNERS if _all(lower, names)), None)
        sides = next((_all(lower, names) for names in _SIDES if _all(lower, names)), None)
        self.sides = None if self.corners else sides
        size = next((_all(lower, pair) for pair in _SIZES if _all(lower, pair)), None)
        self.size = None if self.sides and set(self.sides) & set(size or ()) else size
        self.shares = _are_shares(given, self.corners or self.sides or ())
        used = {file, told, *(self.corners or ()), *(self.sides or ()), *(self.size or ())}
        free = [name for name in given.columns if name not in used]
        self.label = next(iter(csv_classes.named(free)), None)
        if self.label is None and not any(given.is_numeric(name) for name in free):
            self.label = next((name for name in free if name), None)
        self.values = [name for name in free if given.is_numeric(name)]
        self.others = [
            name for name in given.columns if name and name != file and (name != self.subset or self.strange)
        ]
        self.classes = NONE if self.corners or self.sides else csv_classes.find(given, free)
        read = self.classes.column or self.label
        self.several = _several([cells[read].strip() for _, cells in given.rows]) if read else frozenset()

    def extra(self, kind: Kind) -> list[str]:
        """What a table tells beside that which is learned: to group images by it, say."""
        learned = {
            "label": set(self.classes.columns),
            "box": {self.label, *(self.corners or ()), *(self.sides or ()), *(self.size or ())},
        }.get(kind, set())
        return [name for name in self.others if name not in learned]

    def brings(self, kind: Kind) -> bool:
        boxes = self.corners is not None or self.sides is not None
        return {
            "label": bool(self.classes.columns),
            "value": bool(self.values) and not boxes,
            "box": boxes,
        }.get(kind, False)

    def words(self) -> str:
        if self.brings("box"):
            return "a box in each line"
        told = [self.classes.words()] if self.classes.columns else []
        values = [name for name in self.values if name not in self.classes.columns]
        told += [f"numbers in {', '.join(values[:5])}"] if values else []
        if self.classes.column in self.values:
            told[0] = f"classes or numbers in its column {self.classes.column}"
        return " and ".join(told) or "nothing to learn"

    def unclear(self) -> str:
        """Says which columns could have the classes, if several could."""
        *most, last = self.classes.rivals or ("",)
        return f"; its classes could be in {', '.join(most)} or {last}" if most else ""


def _are_shares(given: Table, columns: Sequence[str]) -> bool:
    """Whether boxes are given as shares of width and height: all from 0 to 1, and not all of them whole.

    Some programs let a box reach a little over the border.
    """
    values = [value for _, cells in given.rows for name in columns if (value := given.value(cells[name])) is not None]
    return bool(values) and all(-_OVER <= value <= 1 + _OVER for value in values) and any(value % 1 for value in values)


def _several(cells: Sequence[str]) -> frozenset[str]:
    """Cells with more than one class, such as cat;dog: what stands in them stands in other cells too.

    A comma may be part of a name, such as nevus, common: there all that it separates has to stand elsewhere, and alone
    if a space follows.
    """
    parts = {cell: {part.strip() for part in re.split(r"[;|,]", cell) if part.strip()} for cell in set(cells)}
    met = Counter(part for found in parts.values() for part in found)

    def is_several(cell: str, found: set[str]) -> bool:
        if "," not in cell:
            return any(met[part] > 1 for part in found)
        return all(part in parts if ", " in cell else met[part] > 1 for part in found)

    return frozenset(cell for cell, found in parts.items() if len(found) > 1 and is_several(cell, found))


def _all(lower: dict[str, str], names: Sequence[str]) -> list[str] | None:
    return [lower[name] for name in names] if all(name in lower for name in names) else None


def columns_of(listing: Listing, given: Table | None) -> Columns | None:
    """None if no column names images of the folder, or an image stands where the names of columns should be."""
    if given is None or headless(listing, given):
        return None
    lower = {name.lower(): name for name in given.columns}
    candidates = [lower[one] for one in _FILES if one in lower]
    stems = {stem_of(name) for name in listing.images}
    for column in candidates:
        hits, suffixed = _hits(given, column, stems)
        if max(hits, suffixed) > 0.5:
            return Columns(column, given)
    best = max(given.columns, key=lambda column: _hits(given, column, stems))
    return Columns(best, given) if _hits(given, best, stems)[0] > 0.5 else None


def headless(listing: Listing, given: Table) -> str:
    """The image that the first line names, if it is none of names of columns."""
    stems = {stem_of(name) for name in listing.images}
    for name in given.columns:
        plain = name.replace("\\", "/")
        named = stem_of(plain) in stems and name.lower() not in _FILES and _hits(given, name, stems)[0] > 0.5
        if named or composed(base_of(plain)) in listing.by_base:
            return name
    return ""


def _hits(given: Table, column: str, stems: Collection[str]) -> tuple[float, float]:
    """Shares of its first cells that name images, and that look like names of files."""
    cells = [cell for _, cells in given.rows[:SAMPLE] if (cell := cells[column].strip())]
    plain = [cell.replace("\\", "/") for cell in cells]
    hits = sum(stem_of(cell) in stems or composed(base_of(cell)) in stems for cell in plain)
    return hits / max(len(cells), 1), sum("." in cell for cell in cells) / max(len(cells), 1)
