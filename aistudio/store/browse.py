"""Pages of images out of an index: filtered, searched, sorted."""

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from aistudio.errors import NotFound
from aistudio.schema.annotation import Label
from aistudio.schema.project import ImagePage, ImageRecord, Problem, ProblemKind, ProblemKinds, ProblemPage, Subset
from aistudio.store import index

Sort = Literal["id", "name", "-name", "size", "-size", "objects", "-objects"]

_ORDERS: dict[Sort, str] = {
    "id": "images.id",
    "name": "images.name, images.id",
    "-name": "images.name DESC, images.id DESC",
    "size": "images.width * images.height, images.id",
    "-size": "images.width * images.height DESC, images.id DESC",
    "objects": "images.objects, images.id",
    "-objects": "images.objects DESC, images.id DESC",
}
_SELECT = "SELECT id, name, width, height, bytes, format, subset, twin, columns, file FROM images"


@dataclass(frozen=True)
class Part:
    """A subset of a split, in the file that has all splits of the project."""

    file: Path
    split: str
    subset: Subset


@dataclass(frozen=True)
class Query:
    """What images are asked for: of a class, with `search` in their name, some ids, with a problem (of a kind).

    `source`: what the source says about the subset. `problem`: a kind of problem, or "any". `twins`: only those that
    look like another one.
    """

    label: str | None = None
    search: str = ""
    sort: Sort = "id"
    subset: Iterable[int] | None = None
    source: Subset | None = None
    problem: str | None = None
    twins: bool = False
    part: Part | None = None


def page(db: sqlite3.Connection, page: int, page_size: int, query: Query) -> ImagePage:
    """Page `page`, from 1. The ids are found in an index of the order alone; only then are the rows looked up."""
    columns, ids = _of_columns(query), _of_ids(db, query)
    values = [value for some in (*columns.values(), *ids.values()) for value in some]
    where, order = [*columns], _ORDERS[query.sort]
    (total,) = db.execute(f"SELECT count(*) FROM images {_all([*where, *ids])}", values).fetchone()
    if where and query.sort != "id":  # the index of the order has no other columns, and to look up each row is slow
        where = [f"+id IN (SELECT id FROM images {_all(where)})"]
    found = f"SELECT id FROM images {_all([*where, *ids])} ORDER BY {order} LIMIT ? OFFSET ?"
    rows = db.execute(
        f"{_SELECT} WHERE id IN ({found}) ORDER BY {order}",
        (*values, _sqlite(page_size), _sqlite((page - 1) * page_size)),
    ).fetchall()
    return ImagePage(total=total, page=page, page_size=page_size, images=_records(db, rows))


def problems(db: sqlite3.Connection, page: int, page_size: int, kind: str | None) -> ProblemPage:
    """Page `page`, from 1, what was left out first."""
    tail, values = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
    (total,) = db.execute(f"SELECT count(*) FROM problems {tail}", values).fetchone()
    rows = db.execute(
        f"SELECT file, line, kind, effect, message FROM problems {tail} "
        "ORDER BY effect != 'left out', effect != 'changed', kind, rowid LIMIT ? OFFSET ?",
        (*values, _sqlite(page_size), _sqlite((page - 1) * page_size)),
    )
    found = [
        Problem(file=name, line=line, kind=one, effect=effect, message=message)
        for name, line, one, effect, message in rows
    ]
    return ProblemPage(total=total, page=page, page_size=page_size, problems=found)


def problem_kinds(db: sqlite3.Connection) -> ProblemKinds:
    """How many problems of each kind there are, and how many images have one."""
    effects: dict[str, dict[Any, int]] = {}
    for kind, effect, count in db.execute("SELECT kind, effect, count(*) FROM problems GROUP BY kind, effect"):
        effects.setdefault(kind, {})[effect] = count
    images = dict(db.execute("SELECT kind, count(DISTINCT image) FROM problems GROUP BY kind"))
    (some,) = db.execute("SELECT count(DISTINCT image) FROM problems").fetchone()
    (alike,) = db.execute("SELECT count(*) FROM images WHERE twin NOTNULL").fetchone()
    kinds = [ProblemKind(kind=kind, effects=found, images=images[kind]) for kind, found in effects.items()]
    return ProblemKinds(kinds=kinds, images=some, alike=alike)


def image(db: sqlite3.Connection, number: int) -> tuple[ImageRecord, str]:
    """What is known of an image, and its file. Raises NotFound."""
    rows = db.execute(f"{_SELECT} WHERE id = ?", (_sqlite(number),)).fetchall()
    if not rows:
        raise NotFound(f"There is no image {number}.")
    return _records(db, rows)[0], rows[0][-1]


def file(db: sqlite3.Connection, number: int) -> tuple[Any, ...]:
    """Id, file, no label, bytes, time and digest. Raises NotFound."""
    query = "SELECT id, file, -1, bytes, mtime_ns, sha256 FROM images WHERE id = ?"
    row: tuple[Any, ...] | None = db.execute(query, (_sqlite(number),)).fetchone()
    if row is None:
        raise NotFound(f"There is no image {number}.")
    return row


def _all(where: Collection[str]) -> str:
    return f"WHERE {' AND '.join(where)}" if where else ""


def _of_columns(query: Query) -> dict[str, list[Any]]:
    """Condition → its values, for what is asked of the images themselves."""
    found: dict[str, list[Any]] = {}
    if query.search:
        found["name LIKE ? ESCAPE '!'"] = [f"%{_literally(query.search)}%"]
    if query.source is not None:
        found["subset = ?"] = [query.source]
    if query.twins:
        found["twin NOTNULL"] = []
    return found


def _of_ids(db: sqlite3.Connection, query: Query) -> dict[str, list[Any]]:
    """The same for what other tables say about them."""
    found: dict[str, list[Any]] = {}
    if query.label is not None:
        of_class = "SELECT image FROM annotations WHERE class = (SELECT id FROM classes WHERE name = ?)"
        found[f"id IN ({of_class})"] = [query.label]
    if query.problem is not None:
        found["id IN (SELECT image FROM problems WHERE image NOTNULL AND ? IN ('any', kind))"] = [query.problem]
    if query.part is not None:
        db.execute("ATTACH ? AS splits", (f"{query.part.file.as_uri()}?mode=ro",))
        chosen = [query.part.split, query.part.subset]
        found["id IN (SELECT image FROM splits.members WHERE split = ? AND subset = ?)"] = chosen
    if query.subset is not None:
        db.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO chosen VALUES (?)", ((number,) for number in query.subset))
        found["id IN (SELECT id FROM chosen)"] = []
    return found


def _records(db: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> list[ImageRecord]:
    numbers = [row[0] for row in rows]
    annotations = index.annotations(db, numbers)
    problems = _problems(db, numbers)
    records = []
    for number, name, width, height, size, form, subset, twin, columns, _ in rows:
        labels = [one.label for one in annotations[number] if isinstance(one, Label)]
        records.append(
            ImageRecord(
                id=number,
                name=name,
                width=width,
                height=height,
                bytes=size,
                label=labels[0] if len(labels) == 1 else None,
                format=form,
                subset=subset,
                twin=twin,
                columns=orjson.loads(columns) if columns else {},
                annotations=annotations[number],
                problems=problems.get(number, []),
            )
        )
    return records


def _problems(db: sqlite3.Connection, numbers: list[int]) -> dict[int, list[Problem]]:
    found: dict[int, list[Problem]] = {}
    marks = ", ".join("?" * len(numbers))
    query = f"SELECT image, file, line, kind, effect, message FROM problems WHERE image IN ({marks})"
    for number, name, line, kind, effect, message in db.execute(query, numbers):
        problem = Problem(file=name, line=line, kind=kind, effect=effect, message=message)
        found.setdefault(number, []).append(problem)
    return found


def _sqlite(number: int) -> int:
    """The number, or the furthest that SQLite counts."""
    return max(min(number, 2**63 - 1), -(2**63))


def _literally(search: str) -> str:
    """The text with the wildcards of LIKE escaped by `!`; LIKE ends at a NUL, which no name has."""
    return search.replace("\0", "\ufffd").replace("!", "!!").replace("%", "!%").replace("_", "!_")
