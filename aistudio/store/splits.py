"""Named splits of a data set, kept in `splits.sqlite`: written once, then only read or deleted."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import orjson

from aistudio.errors import NotFound
from aistudio.schema.project import Subset
from aistudio.schema.split import Split

_PATIENCE_SECONDS = 30  # of one that reads or writes while another writes
_TABLES = (
    "CREATE TABLE IF NOT EXISTS splits (id TEXT PRIMARY KEY, document TEXT NOT NULL)",
    """
    CREATE TABLE IF NOT EXISTS members (
        split TEXT NOT NULL REFERENCES splits ON DELETE CASCADE, image INTEGER NOT NULL, subset TEXT NOT NULL,
        PRIMARY KEY (split, image)
    ) WITHOUT ROWID
    """,
)
Made = tuple[Split, Mapping[int, Subset]]  # and which images are in which subset


class SplitFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, made: Sequence[Made]) -> None:
        """All of them, or after a crash none."""
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS)) as db, db:
            db.execute("BEGIN IMMEDIATE")
            for table in _TABLES:
                db.execute(table)
            for split, members in made:
                db.execute("INSERT INTO splits VALUES (?, ?)", (split.id, split.model_dump_json()))
                rows = ((split.id, image, subset) for image, subset in members.items())
                db.executemany("INSERT INTO members VALUES (?, ?, ?)", rows)

    def all(self) -> list[Split]:
        """Oldest first."""
        with self._open() as db:
            rows = db.execute("SELECT document FROM splits ORDER BY rowid").fetchall() if db else []
        return [Split.model_validate(orjson.loads(document)) for (document,) in rows]

    def changed(self) -> int:
        """When a split was last added or deleted, in nanoseconds; 0 if there never was one."""
        return self.path.stat().st_mtime_ns if self.path.exists() else 0

    def get(self, sid: str) -> Split:
        """Raises NotFound."""
        with self._open() as db:
            rows = db.execute("SELECT document FROM splits WHERE id = ?", (sid,)).fetchall() if db else []
        if not rows:
            raise NotFound(f"There is no split {sid!r}.")
        return Split.model_validate(orjson.loads(rows[0][0]))

    def members(self, sid: str) -> dict[Subset, list[int]]:
        """Image ids of each subset, in rising order."""
        self.get(sid)
        found: dict[Subset, list[int]] = {"train": [], "val": [], "test": []}
        query = "SELECT image, subset FROM members WHERE split = ? ORDER BY image"
        with self._open() as db:
            for image, subset in db.execute(query, (sid,)) if db else ():
                found[subset].append(image)
        return found

    def delete(self, sids: Sequence[str]) -> None:
        """All of them, or after a crash none."""
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS)) as db, db:
            for table, column in (("members", "split"), ("splits", "id")):
                db.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(sid,) for sid in sids])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection | None]:
        """For reading. None where nothing was ever added, which may leave an empty file when it is cut short."""
        if not self.path.exists():
            yield None
            return
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS)) as db:
            there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'members'").fetchone()
            yield db if there else None
