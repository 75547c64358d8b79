"""Tables as people save them: separator, decimal comma, quotes and byte order mark are found out."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from aistudio.errors import ImportRefused
from aistudio.store.formats.base import Listing, number, text

_SEPARATORS = (",", ";", "\t", "|")
_MAX_BYTES = 2**29
_MAX_COLUMNS = 500
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
        return number(plain)

    def is_numeric(self, column: str) -> bool:
        """Whether nearly all cells with something in them have a number: a few odd ones are no reason to lose it."""
        cells = [cell for _, cells in self.rows if not _is_missing(cell := cells[column])]
        numbers = sum(self.value(cell) is not None for cell in cells)
        return numbers > 0 and numbers >= _NEARLY_ALL * len(cells)


def read(listing: Listing, name: str, most_rows: int | None = None, most_bytes: int = _MAX_BYTES) -> Table:
    """Raises ImportRefused for something that is no table with a head."""
    content = listing.head(name, 65_536) if most_rows else listing.text(name, most_bytes)
    lines = content.lstrip("\ufeff").splitlines(keepends=True)[: most_rows + 1 if most_rows else None]
    separator = _separator(lines)
    columns, rows, ragged = _rows(name, lines, separator, strict=most_rows is None)
    comma = separator != "," and _has_decimal_comma(rows)
    return Table(name, columns, rows, comma, ragged)


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
    name: str, lines: list[str], separator: str, strict: bool
) -> tuple[list[str], list[tuple[int, dict[str, str]]], list[int]]:
    reader = csv.reader(lines, delimiter=separator, strict=strict)  # the first lines may end between quotes
    rows: list[tuple[int, dict[str, str]]] = []
    ragged: list[int] = []
    try:
        head = [text(cell).strip() for cell in next(reader, [])]
        if len(head) < 2 or len(head) > _MAX_COLUMNS or len(set(head)) != len(head):
            raise ImportRefused(
                f"{text(name)} line 1 has no names of columns, or one of them twice.",
                "The first line names each column, such as filename,class.",
            )
        for cells in reader:
            if len(cells) == len(head):
                rows.append((reader.line_num, dict(zip(head, cells, strict=True))))
            elif any(cell.strip() for cell in cells):
                ragged.append(reader.line_num)
    except csv.Error as error:
        raise ImportRefused(f"{text(name)} line {reader.line_num} is no table: {error}.", "Save it as CSV.") from None
    return head, rows, ragged


def _has_decimal_comma(rows: list[tuple[int, dict[str, str]]]) -> bool:
    """Whether commas stand between digits where a number could be, and points never do."""
    cells = [cell.strip() for _, row in rows[:1000] for cell in row.values()]
    commas = sum(number(cell.replace(",", ".", 1)) is not None for cell in cells if cell.count(",") == 1)
    points = sum(number(cell) is not None for cell in cells if cell.count(".") == 1)
    return commas > points
