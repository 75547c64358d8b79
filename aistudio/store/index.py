"""`index.sqlite` of a data set: its tables, how they are written, and how rows become annotations again."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson

from aistudio.errors import Damaged, NotFound
from aistudio.schema.annotation import (
    Anomaly,
    AnyAnnotation,
    Box,
    Flags,
    Instance,
    Kind,
    Label,
    Mask,
    RotatedBox,
    Value,
)
from aistudio.schema.geometry import bounds
from aistudio.schema.project import Problem, Storage, Subset

SCHEMA = 2

_TABLES = f"""
PRAGMA user_version = {SCHEMA};
CREATE TABLE facts (annotation TEXT NOT NULL, format TEXT NOT NULL, storage TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE classes (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, images INTEGER NOT NULL DEFAULT 0,
    objects INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE targets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE images (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, file TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, format TEXT NOT NULL, subset TEXT, twin INTEGER, columns TEXT,
    mtime_ns INTEGER, objects INTEGER NOT NULL
);
CREATE TABLE annotations (
    image INTEGER NOT NULL REFERENCES images, kind TEXT NOT NULL, class INTEGER REFERENCES classes,
    x REAL, y REAL, w REAL, h REAL, value REAL, geometry TEXT, file TEXT, flags TEXT
);
CREATE TABLE problems (
    image INTEGER REFERENCES images, file TEXT NOT NULL, line INTEGER, kind TEXT NOT NULL, effect TEXT NOT NULL,
    message TEXT NOT NULL
);
"""
_INDEXES = """
CREATE INDEX annotations_by_image ON annotations (image);
CREATE INDEX annotations_by_class ON annotations (class, image);
CREATE INDEX images_by_name ON images (name);
CREATE INDEX images_by_size ON images (width * height);
CREATE INDEX images_by_objects ON images (objects);
CREATE INDEX images_by_twin ON images (twin) WHERE twin IS NOT NULL;
CREATE INDEX problems_by_image ON problems (image);
"""
_COUNT = """
UPDATE classes SET images = found.images, objects = found.objects FROM
    (SELECT class, count(DISTINCT image) AS images, count(*) AS objects FROM annotations GROUP BY class) AS found
WHERE found.class = classes.id
"""
_COLUMNS = "kind, class, x, y, w, h, value, geometry, file, flags"


@dataclass(frozen=True)
class NewImage:
    """An image whose file is in place. `label` is the index of its class, a short way to say one `Label`.

    `file` is a name in `images/`, or the absolute path of a file that stays where it is; then `mtime_ns` belongs to it.
    """

    name: str
    file: str
    width: int
    height: int
    bytes: int
    sha256: str
    label: int | None = None
    annotations: Sequence[AnyAnnotation] = ()
    format: str = ""
    subset: Subset | None = None
    twin: int | None = None
    columns: dict[str, str] = field(default_factory=dict)
    mtime_ns: int | None = None
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class Facts:
    """What holds for the data set as a whole."""

    annotation: Kind = "label"
    format: str = "class_folders"
    storage: Storage = "copy"
    targets: Sequence[str] = ()
    columns: Sequence[str] = ()
    totals: dict[str, int] = field(default_factory=dict)


def write(
    path: Path, classes: Sequence[str], images: Iterable[NewImage], facts: Facts, problems: Iterable[Problem]
) -> None:
    """Ids count from 1 in the order given. `problems` are those of no image that is kept."""
    names = {name: number for number, name in enumerate(classes)}
    targets = {name: number for number, name in enumerate(facts.targets)}
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("BEGIN")  # all at once: each table or index by itself would wait for the disk
        _run(db, _TABLES)
        more = orjson.dumps({"columns": list(facts.columns), "totals": facts.totals}).decode()
        db.execute("INSERT INTO facts VALUES (?, ?, ?, ?)", (facts.annotation, facts.format, facts.storage, more))
        db.executemany("INSERT INTO classes (id, name) VALUES (?, ?)", enumerate(classes))
        db.executemany("INSERT INTO targets VALUES (?, ?)", enumerate(facts.targets))
        for number, image in enumerate(images, start=1):
            rows = _rows(image, number, classes, names, targets)
            db.execute(f"INSERT INTO images VALUES ({', '.join('?' * 13)})", _image_row(image, number, len(rows)))
            db.executemany(f"INSERT INTO annotations VALUES ({', '.join('?' * 11)})", rows)
            db.executemany("INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?)", _problems(number, image.problems))
        db.executemany("INSERT INTO problems VALUES (?, ?, ?, ?, ?, ?)", _problems(None, problems))
        _run(db, _INDEXES)
        db.execute(_COUNT)


def _run(db: sqlite3.Connection, script: str) -> None:
    """`executescript` would end the transaction."""
    for statement in filter(str.strip, script.split(";")):
        db.execute(statement)


def _image_row(image: NewImage, number: int, objects: int) -> tuple[Any, ...]:
    columns = orjson.dumps(image.columns).decode() if image.columns else None
    facts = (image.name, image.file, image.width, image.height, image.bytes, image.sha256, image.format)
    return (number, *facts, image.subset, image.twin, columns, image.mtime_ns, objects)


def _problems(image: int | None, problems: Iterable[Problem]) -> Iterator[tuple[Any, ...]]:
    for one in problems:
        yield image, one.file, one.line, one.kind, one.effect, one.message


Row = tuple[Any, ...]


def _rows(
    image: NewImage, number: int, classes: Sequence[str], names: dict[str, int], targets: dict[str, int]
) -> list[Row]:
    found = list(image.annotations)
    if image.label is not None:
        found.append(Label(classes[image.label]))
    return [(number, *row) for one in found for row in _row(one, names, targets)]


def _row(one: AnyAnnotation, names: dict[str, int], targets: dict[str, int]) -> Iterator[Row]:
    """A mask is one row for each class in it, so that classes are found and counted alike for all kinds."""
    match one:
        case Label():
            yield "label", names[one.label], None, None, None, None, None, None, None, None
        case Value():
            yield "value", None, None, None, None, None, one.value, str(targets[one.name]), None, None
        case Box():
            label = _class(one.label, names)
            yield "box", label, one.x, one.y, one.w, one.h, None, None, None, ",".join(one.flags)
        case RotatedBox():
            corners = orjson.dumps(one.corners).decode()
            label = _class(one.label, names)
            yield "rotated", label, *bounds(one.corners), None, corners, None, ",".join(one.flags)
        case Instance():
            outline = orjson.dumps({"rle": one.rle} if one.rle else {"polygons": one.polygons}).decode()
            label = _class(one.label, names)
            yield "instance", label, one.x, one.y, one.w, one.h, None, outline, None, ",".join(one.flags)
        case Mask():
            for name, share in one.shares:
                yield "mask", names[name], None, None, None, None, share, str(one.ignore), one.file, None
            if not one.shares:
                yield "mask", None, None, None, None, None, None, str(one.ignore), one.file, None
        case Anomaly():
            flag = "anomalous" if one.anomalous else None
            yield "anomaly", names[one.label], None, None, None, None, None, None, one.file, flag


def _class(label: str | None, names: dict[str, int]) -> int | None:
    return None if label is None else names[label]


@contextmanager
def reading(path: Path, version: str) -> Iterator[sqlite3.Connection]:
    """Raises NotFound if there is no index, Damaged if it is none of this version of AI Studio."""
    if not path.exists():
        raise NotFound(f"Version {version} of the data set is missing.", "Import the images again.")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        try:
            (schema,) = db.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise _damaged(version, error) from error
        if schema != SCHEMA:
            age = "an earlier" if schema < SCHEMA else "a newer"
            raise Damaged(
                f"Version {version} of the data set was written by {age} AI Studio.",
                "Import the images again." if schema < SCHEMA else "Update AI Studio.",
            )
        try:
            yield db
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            raise _damaged(version, error) from error


def _damaged(version: str, error: sqlite3.DatabaseError) -> Damaged:
    return Damaged(f"The index of version {version} of the data set is damaged: {error}.", "Import the images again.")


def annotations(db: sqlite3.Connection, images: Iterable[int]) -> dict[int, list[AnyAnnotation]]:
    """Image id → its annotations, in the order in which they were written."""
    found: dict[int, list[AnyAnnotation]] = {}
    classes = dict(db.execute("SELECT id, name FROM classes").fetchall())
    targets = dict(db.execute("SELECT id, name FROM targets").fetchall())
    for chosen in _portions(images):
        marks = ", ".join("?" * len(chosen))
        rows: dict[int, list[Row]] = {number: [] for number in chosen}
        query = f"SELECT image, {_COLUMNS} FROM annotations WHERE image IN ({marks}) ORDER BY rowid"
        for number, *row in db.execute(query, chosen):
            rows[number].append(tuple(row))
        found.update({number: _annotations(some, classes, targets) for number, some in rows.items()})
    return found


def _portions(images: Iterable[int], size: int = 30_000) -> Iterator[list[int]]:
    """SQLite takes a limited number of values in one question."""
    numbers = list(images)
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _annotations(rows: Sequence[Row], classes: dict[int, str], targets: dict[int, str]) -> list[AnyAnnotation]:
    masks = [row for row in rows if row[0] == "mask"]
    found = [_annotation(row, classes, targets) for row in rows if row[0] != "mask"]
    if masks:
        shares = tuple((classes.get(row[1], "?"), row[6]) for row in masks if row[1] is not None)
        found.append(Mask(masks[0][8], int(masks[0][7]), shares))
    return found


def _annotation(row: Row, classes: dict[int, str], targets: dict[int, str]) -> AnyAnnotation:
    kind, number, x, y, w, h, value, geometry, file, text = row
    label = classes.get(number)
    flags = cast(Flags, tuple(text.split(","))) if text else ()
    match kind:
        case "label":
            return Label(label or "?")
        case "value":
            return Value(targets.get(int(geometry), "?"), value)
        case "box":
            return Box(label, x, y, w, h, flags)
        case "rotated":
            return RotatedBox(label, tuple(orjson.loads(geometry)), flags)
        case "instance":
            outline = orjson.loads(geometry)
            polygons = tuple(tuple(one) for one in outline.get("polygons", ()))
            return Instance(label, x, y, w, h, polygons, outline.get("rle"), flags)
        case _:
            return Anomaly(bool(text), label or "?", file)


def totals(problems: Iterable[Problem]) -> dict[str, int]:
    """Kind of problem → how many."""
    return dict(Counter(one.kind for one in problems).most_common())
