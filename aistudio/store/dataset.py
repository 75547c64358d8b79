"""One version of a data set: image files, thumbnails, and `index.sqlite` that says what is in them. Never changed."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aistudio.errors import NotFound
from aistudio.schema.project import Dataset, ImagePage, ImageRecord

Sort = Literal["id", "name", "-name", "size", "-size"]

_TABLES = """
CREATE TABLE classes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE images (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, file TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL
);
CREATE TABLE labels (image INTEGER PRIMARY KEY REFERENCES images, class INTEGER NOT NULL REFERENCES classes);
CREATE INDEX labels_by_class ON labels (class, image);
CREATE INDEX images_by_name ON images (name);
"""
_ORDERS: dict[Sort, str] = {
    "id": "images.id",
    "name": "images.name, images.id",
    "-name": "images.name DESC, images.id",
    "size": "images.width * images.height, images.id",
    "-size": "images.width * images.height DESC, images.id",
}


@dataclass(frozen=True)
class Sample:
    """One image as training needs it: where it is, and the index of its class."""

    id: int
    path: Path
    label: int


@dataclass(frozen=True)
class NewImage:
    name: str
    file: str
    width: int
    height: int
    bytes: int
    sha256: str
    label: int


class DatasetFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.images = path / "images"
        self.thumbnails = path / "thumbnails"
        self._index = path / "index.sqlite"

    @property
    def version(self) -> int:
        return int(self.path.name)

    def create(self, classes: list[str], images: Iterable[NewImage]) -> None:
        """Writes the index of images whose files are in place already. Ids count from 1 in the order given."""
        with closing(sqlite3.connect(self._index)) as db, db:
            db.executescript(_TABLES)
            db.executemany("INSERT INTO classes VALUES (?, ?)", enumerate(classes))
            for number, image in enumerate(images, start=1):
                row = (number, image.name, image.file, image.width, image.height, image.bytes, image.sha256)
                db.execute("INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                db.execute("INSERT INTO labels VALUES (?, ?)", (number, image.label))

    def fingerprint(self) -> str:
        """Another one whenever another image, size or label is in the index. Raises NotFound if there is none."""
        try:
            with self._index.open("rb") as file:
                return f"{self.count()}:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        except FileNotFoundError:
            raise NotFound(
                f"Version {self.path.name} of the data set is missing.", "Import the images again."
            ) from None

    def unknown_labels(self) -> int:
        """How many images have a label that is no class, as only a damaged index can have."""
        with self._read() as db:
            query = "SELECT count(*) FROM labels WHERE class NOT IN (SELECT id FROM classes)"
            return int(db.execute(query).fetchone()[0])

    def classes(self) -> list[str]:
        with self._read() as db:
            return [name for (name,) in db.execute("SELECT name FROM classes ORDER BY id")]

    def summary(self) -> Dataset:
        with self._read() as db:
            counts = dict(
                db.execute(
                    "SELECT name, count(image) FROM classes LEFT JOIN labels ON class = id GROUP BY id ORDER BY id"
                ).fetchall()
            )
        return Dataset(
            status="ready", version=self.version, images=sum(counts.values()), classes=list(counts), counts=counts
        )

    def count(self) -> int:
        with self._read() as db:
            return int(db.execute("SELECT count(*) FROM images").fetchone()[0])

    def labels(self) -> dict[int, int]:
        """Image id → index of its class."""
        with self._read() as db:
            return dict(db.execute("SELECT image, class FROM labels ORDER BY image").fetchall())

    def samples(self, ids: Iterable[int]) -> list[Sample]:
        """In the order of the ids. Raises NotFound for an id that is not here."""
        with self._read() as db:
            rows = db.execute("SELECT images.id, file, class FROM images JOIN labels ON image = images.id")
            known = {number: Sample(number, self.images / file, label) for number, file, label in rows}
        try:
            return [known[number] for number in ids]
        except KeyError as error:
            raise NotFound(f"Image {error} is not in version {self.version} of the data set.") from None

    def image(self, number: int) -> tuple[ImageRecord, Path]:
        with self._read() as db:
            row = db.execute(f"{_SELECT} WHERE images.id = ?", (_sqlite(number),)).fetchone()
        if row is None:
            raise NotFound(f"There is no image {number}.")
        return _record(row), self.images / row[6]

    def thumbnail(self, number: int) -> Path:
        """Named like the image file: ids have no gaps, but the files of an import do where one was left out."""
        return self.thumbnails / f"{self.image(number)[1].stem}.jpg"

    def page(
        self,
        page: int = 1,
        page_size: int = 60,
        label: str | None = None,
        search: str = "",
        sort: Sort = "id",
        subset: Iterable[int] | None = None,
    ) -> ImagePage:
        """Page `page` (from 1) of the images of one class, with `search` in their name, in an order, of some ids."""
        where, values = ["1"], []
        if label is not None:
            where.append("classes.name = ?")
            values.append(label)
        if search:
            where.append("images.name LIKE ? ESCAPE '!'")
            values.append(f"%{_literally(search)}%")
        with self._read() as db:
            if subset is not None:
                db.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
                db.executemany("INSERT INTO chosen VALUES (?)", ((number,) for number in subset))
                where.append("images.id IN (SELECT id FROM chosen)")
            tail = f"WHERE {' AND '.join(where)}"
            total = db.execute(f"SELECT count(*) FROM {_FROM} {tail}", values).fetchone()[0]
            rows = db.execute(
                f"{_SELECT} {tail} ORDER BY {_ORDERS[sort]} LIMIT ? OFFSET ?",
                (*values, _sqlite(page_size), _sqlite((page - 1) * page_size)),
            ).fetchall()
        return ImagePage(total=total, page=page, page_size=page_size, images=[_record(row) for row in rows])

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        if not self._index.exists():
            raise NotFound(f"Version {self.path.name} of the data set is missing.", "Import the images again.")
        with closing(sqlite3.connect(f"{self._index.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            yield db


_FROM = "images JOIN labels ON image = images.id JOIN classes ON class = classes.id"
_SELECT = f"SELECT images.id, images.name, width, height, bytes, classes.name, file FROM {_FROM}"


def _sqlite(number: int) -> int:
    """The number, or the furthest that SQLite counts."""
    return max(min(number, 2**63 - 1), -(2**63))


def _literally(search: str) -> str:
    """The text with the wildcards of LIKE escaped by `!`; LIKE ends at a NUL, which no name has."""
    return search.replace("\0", "\ufffd").replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _record(row: tuple[int, str, int, int, int, str, str]) -> ImageRecord:
    number, name, width, height, size, label, _ = row
    return ImageRecord(id=number, name=name, width=width, height=height, bytes=size, label=label)
