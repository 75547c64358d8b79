"""Tables as people save them: separator, decimal comma, quotes and byte order mark are found out."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from aistudio.errors import ImportRefused
from aistudio.store.formats.base import Listing
from aistudio.store.formats.texts import number, text

_SEPARATORS = (",", ";", "\t", "|")
_MAX_BYTES = 2**29
_MAX_COLUMNS = 500
_MOST_NOTES = 20
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_NEARLY_ALL = 0.9
_MISSING = frozenset(("", "n/a", "na", "nan", "null", "none", "nil", "-", "--", "?", "."))


@dataclass(frozen=True)
class Table:
    """`rows`: number of the line (of its end, where a cell has line breaks) and the cells by column."""

    name: str
    columns: list[str]
    rows: list[tuple[int, dict[str, str]]]
    decimal_comma: bool
    ragged: list[int]

    def value(self, cell: str) -> float | None:
        """The number in a cell; None if it is none."""
        plain = cell.strip().removesuffix("%").replace(" ", "").replace("\u00a0", "")
        if self.decimal_comma and "," in plain:
            plain = plain.replace(".", "").replace(",", ".")
        elif _is_grouped(plain):
            plain = plain.replace(",", "")
        return number(plain)

    def is_numeric(self, column: str) -> bool:
        """Whether nearly all cells with something in them have a number: a few odd ones are no reason to lose it."""
        cells = [cell for _, cells in self.rows if not _is_missing(cell := cells[column])]
        numbers = sum(self.value(cell) is not None for cell in cells)
        return numbers > 0 and numbers >= _NEARLY_ALL * len(cells)


def read(listing: Listing, name: str, most_rows: int | None = None, most_bytes: int = _MAX_BYTES) -> Table:
    """Raises ImportRefused for something that is no table with a head."""
    content = listing.head(name, 65_536) if most_rows else listing.text(name, most_bytes)
    lines = list(islice(io.StringIO(content.lstrip("\ufeff"), newline=""), most_rows and most_rows + _MOST_NOTES))
    first, said = _head(lines)
    separator = said or _separator(lines[first:])
    columns, rows, ragged = _rows(name, lines, first, separator, strict=most_rows is None)
    return Table(name, columns, rows, _has_decimal_comma(rows, separator), ragged)


def _head(lines: list[str]) -> tuple[int, str | None]:
    """In which line the head is, counted from 0, and the separator if a line before it says so, as Excel has it."""
    said = None
    for place, line in enumerate(lines[:_MOST_NOTES]):
        excel = re.fullmatch(r"sep=(.)\s*", line, re.IGNORECASE)
        said = excel[1] if excel and excel[1] in _SEPARATORS else said
        if line.strip() and not excel and not line.startswith("#"):
            return place, said
    return 0, said


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in _MISSING


def _separator(lines: list[str]) -> str:
    """The one that cuts most of the first lines into as many cells as the head, and into most cells."""
    best, score = ",", (0, 0)
    for separator in _SEPARATORS:
        counts = [len(cells) for cells in _cells(lines[:30], separator)]
        if counts and counts[0] > 1:
            same = (sum(count == counts[0] for count in counts), counts[0])
            best, score = (separator, same) if same > score else (best, score)
    return best


def _cells(lines: list[str], separator: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=separator)
    except csv.Error:
        return


def _rows(
    name: str, lines: list[str], first: int, separator: str, strict: bool
) -> tuple[list[str], list[tuple[int, dict[str, str]]], list[int]]:
    """`first`: the line of the head, counted from 0."""
    reader = csv.reader(lines[first:], delimiter=separator, strict=strict)  # the first lines may end between quotes
    rows: list[tuple[int, dict[str, str]]] = []
    ragged: list[int] = []
    try:
        head = [text(cell).strip() for cell in next(reader, [])]
        if len(head) < 2 or len(head) > _MAX_COLUMNS or len(set(head)) != len(head):
            raise ImportRefused(
                f"{text(name)} line {first + 1} has no names of columns, or one of them twice.",
                "The first line names each column, such as filename,class.",
            )
        for cells in reader:
            if len(cells) == len(head):
                rows.append((first + reader.line_num, dict(zip(head, cells, strict=True))))
            elif any(cell.strip() for cell in cells):
                ragged.append(first + reader.line_num)
    except csv.Error as error:
        line = first + reader.line_num
        raise ImportRefused(f"{text(name)} line {line} is no table: {error}.", "Save it as CSV.") from None
    return head, rows, ragged


def _has_decimal_comma(rows: list[tuple[int, dict[str, str]]], separator: str) -> bool:
    """Whether commas stand between digits where a number could be, and points hardly ever do.

    Where commas separate the cells too, 1,200 is one of thousands.
    """
    cells = [cell.strip() for _, row in rows[:1000] for cell in row.values()]
    commas = sum(
        number(cell.replace(".", "").replace(",", ".")) is not None and not (separator == "," and _is_grouped(cell))
        for cell in cells
        if cell.count(",") == 1 and "." not in cell.partition(",")[2]
    )
    points = sum(number(cell) is not None for cell in cells if cell.count(".") == 1 and "," not in cell)
    return commas > points


def _is_grouped(cell: str) -> bool:
    return _THOUSANDS.fullmatch(cell) is not None
