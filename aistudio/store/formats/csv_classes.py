"""Which column of a table has the class of each image, whatever people call it."""

from collections.abc import Sequence
from dataclasses import dataclass

from aistudio.store.formats.table import Table

NAMES = (
    *("class", "label", "labels", "category", "class_name", "classname", "class_label", "label_name", "category_name"),
    *("species", "target", "diagnosis", "dx", "klasse", "kategorie", "klassenname", "diagnose", "befund", "classe"),
    *("clase", "categoria", "categorie", "class_id", "label_id", "category_id", "name"),
)
_MOST_NUMBERS = 20


@dataclass(frozen=True)
class Classes:
    """`column` has them, or `block` has a column of 0 and 1 for each, or it could be any of `rivals`.

    `sure`: a name says so, or nothing but classes can be meant.
    """

    column: str | None = None
    block: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    sure: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        return self.block or ((self.column,) if self.column else ())

    def words(self) -> str:
        if self.block:
            more = ", …" if len(self.block) > 10 else ""
            return f"a column of 0 and 1 for each of the classes {', '.join(self.block[:10])}{more}"
        return f"classes in its column {self.column}" if self.column else ""


def named(columns: Sequence[str]) -> list[str]:
    """Those that are called like classes, best first."""
    plain = {column.lower().replace(" ", "_").replace("-", "_"): column for column in reversed(columns)}
    return [plain[name] for name in NAMES if name in plain]


def find(given: Table, free: Sequence[str]) -> Classes:
    """By name; else the only column of few words; else columns of 0 and 1; else the only one of few whole numbers."""
    distinct = {name: {cells[name].strip() for _, cells in given.rows} - {""} for name in free if name}
    numbers = {name: [given.value(cell) for cell in cells] for name, cells in distinct.items()}
    words = [name for name, values in numbers.items() if None in values]
    whole = [name for name, values in numbers.items() if values and all(_is_whole(value) for value in values)]
    for name in named(list(distinct)):
        if name in words or name in whole:
            return Classes(name, sure=True)
    few = {name for name, cells in distinct.items() if 2 <= len(cells) <= len(given.rows) / 2}
    texts = [name for name in words if name in few]
    block = _block(given, [name for name in whole if set(numbers[name]) <= {0, 1}])
    if block and (len(block) > 2 or not texts):
        return Classes(block=block)
    counts = [name for name in whole if name in few and len(set(numbers[name])) <= _MOST_NUMBERS]
    found = texts or counts
    if not found and words and len(distinct) == 1:  # a small table
        found = words
    if len(found) == 1:
        return Classes(found[0], sure=len(words) == len(distinct))
    return Classes(rivals=tuple(found))


def _is_whole(value: float | None) -> bool:
    return value is not None and value.is_integer()


def _block(given: Table, binary: Sequence[str]) -> tuple[str, ...]:
    """All columns of 0 and 1, if every line has a single 1."""
    single = all(sum(given.value(cells[name]) == 1 for name in binary) == 1 for _, cells in given.rows)
    full = all(cells[name].strip() for _, cells in given.rows for name in binary)
    return tuple(binary) if len(binary) > 1 and single and full and given.rows else ()
