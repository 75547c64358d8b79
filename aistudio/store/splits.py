"""Named splits of a data set, kept in `splits.sqlite`: written once, then only read or deleted."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import orjson

from aistudio.errors import NotFound
from aistudio.schema.project import Subset
from aistudio.schema.split import Split

_TABLES = """
CREATE TABLE IF NOT EXISTS splits (id TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (
    split TEXT NOT NULL REFERENCES splits ON DELETE CASCADE, image INTEGER NOT NULL, subset TEXT NOT NULL,
    PRIMARY KEY (split, image)
) WITHOUT ROWID;
"""


class SplitFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, split: Split, members: Mapping[int, Subset]) -> None:
        """`members`: image id → subset."""
        with self._open() as db, db:
            db.executescript(_TABLES)
            db.execute("INSERT INTO splits VALUES (?, ?)", (split.id, split.model_dump_json()))
            db.executemany(
                "INSERT INTO members VALUES (?, ?, ?)", ((split.id, image, subset) for image, subset in members.items())
            )

    def all(self) -> list[Split]:
        """Oldest first."""
        if not self.path.exists():
            return []
        with self._open() as db:
            rows = db.execute("SELECT document FROM splits ORDER BY rowid").fetchall()
        return [Split.model_validate(orjson.loads(document)) for (document,) in rows]

    def changed(self) -> int:
        """When a split was last added or deleted, in nanoseconds; 0 if there never was one."""
        return self.path.stat().st_mtime_ns if self.path.exists() else 0

    def get(self, sid: str) -> Split:
        """Raises NotFound."""
        rows = []
        if self.path.exists():
            with self._open() as db:
                rows = db.execute("SELECT document FROM splits WHERE id = ?", (sid,)).fetchall()
        if not rows:
            raise NotFound(f"There is no split {sid!r}.")
        return Split.model_validate(orjson.loads(rows[0][0]))

    def members(self, sid: str) -> dict[Subset, list[int]]:
        """Image ids of each subset, in rising order."""
        self.get(sid)
        found: dict[Subset, list[int]] = {"train": [], "val": [], "test": []}
        with self._open() as db:
            for image, subset in db.execute("SELECT image, subset FROM members WHERE split = ? ORDER BY image", (sid,)):
                found[subset].append(image)
        return found

    def delete(self, sid: str) -> None:
        self.get(sid)
        with self._open() as db, db:
            db.execute("DELETE FROM members WHERE split = ?", (sid,))
            db.execute("DELETE FROM splits WHERE id = ?", (sid,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=10)) as db:
            yield db
