"""One version of a data set: images, masks, thumbnails, and `index.sqlite` that says what is in them. Never changed."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from aistudio.errors import DatasetChanged, NotFound
from aistudio.schema.annotation import AnyAnnotation, Value
from aistudio.schema.project import Dataset, ImagePage, ImageRecord, Problem, ProblemKinds, ProblemPage, Subset
from aistudio.store import browse, index
from aistudio.store.browse import Query, Sort
from aistudio.store.index import Facts, NewImage

__all__ = ["DatasetFolder", "Facts", "NewImage", "Original", "Query", "Sample", "Sort"]


@dataclass(frozen=True)
class Original:
    """What a file was like when it was imported that stays where it is."""

    bytes: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Sample:
    """One image as training needs it: where it is, and the index of its class (-1 if it has none)."""

    id: int
    path: Path
    label: int
    original: Original | None = None

    def check(self) -> None:
        """Raises DatasetChanged if the file is not the one that was imported. A missing one is the reader's to tell."""
        if self.original is not None:
            check(self.path, self.original)


def check(path: Path, original: Original) -> None:
    """Size and time tell; where only the time is another one, the bytes do."""
    try:
        now = path.stat()
        same = now.st_size == original.bytes and (
            now.st_mtime_ns == original.mtime_ns or _digest(path) == original.sha256
        )
    except FileNotFoundError:
        return
    if not same:
        raise DatasetChanged(
            f"The image file {path} is not the one that was imported any more.",
            "Import the folder again, or bring the old file back.",
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class DatasetFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.images = path / "images"
        self.masks = path / "masks"
        self.thumbnails = path / "thumbnails"
        self._index = path / "index.sqlite"

    @property
    def version(self) -> int:
        return int(self.path.name)

    def create(
        self,
        classes: Sequence[str],
        images: Iterable[NewImage],
        facts: Facts = Facts(),  # noqa: B008 — never changed
        problems: Iterable[Problem] = (),
    ) -> None:
        """Writes the index of images whose files are in place already. Ids count from 1 in the order given."""
        index.write(self._index, classes, images, facts, problems)

    def imported_at(self) -> datetime:
        """When its index was written, which is the end of the import. Raises NotFound if there is none."""
        return datetime.fromtimestamp(self.stamp()[-1] / 1e9, UTC)

    def fingerprint(self) -> str:
        """Another one whenever another image, size or label is in the index. Raises NotFound if there is none."""
        try:
            with self._index.open("rb") as file:
                return f"{self.count()}:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        except FileNotFoundError:
            raise self._missing() from None

    def stamp(self) -> tuple[int, ...]:
        """Another one whenever there is another index. Raises NotFound if there is none."""
        try:
            facts = self._index.stat()
        except FileNotFoundError:
            raise self._missing() from None
        return facts.st_ino, facts.st_size, facts.st_mtime_ns

    def _missing(self) -> NotFound:
        return NotFound(f"Version {self.path.name} of the data set is missing.", "Import the images again.")

    def unknown_labels(self) -> int:
        """How many images have a label that is no class, as only a damaged index can have."""
        with self.reading() as db:
            query = "SELECT count(DISTINCT image) FROM annotations WHERE class NOT IN (SELECT id FROM classes)"
            return int(db.execute(query).fetchone()[0])

    def classes(self) -> list[str]:
        with self.reading() as db:
            return [name for (name,) in db.execute("SELECT name FROM classes ORDER BY id")]

    def targets(self) -> list[str]:
        """Names of the numbers that each image can have."""
        with self.reading() as db:
            return [name for (name,) in db.execute("SELECT name FROM targets ORDER BY id")]

    def summary(self) -> Dataset:
        with self.reading() as db:
            classes = db.execute("SELECT name, images, objects FROM classes ORDER BY id").fetchall()
            annotation, form, storage, more = db.execute("SELECT * FROM facts").fetchone()
            subsets = db.execute(
                "SELECT subset, count(*) FROM images WHERE subset NOTNULL "
                "GROUP BY subset ORDER BY instr('train val test', subset)"
            ).fetchall()
            targets = [name for (name,) in db.execute("SELECT name FROM targets ORDER BY id")]
            (images,) = db.execute("SELECT count(*) FROM images").fetchone()
        facts = orjson.loads(more)
        return Dataset(
            status="ready",
            version=self.version,
            images=images,
            classes=[name for name, _, _ in classes],
            counts={name: count for name, count, _ in classes},
            objects={name: count for name, _, count in classes},
            annotation=annotation,
            format=form,
            targets=targets,
            columns=facts["columns"],
            subsets=dict(subsets),
            problems=facts["totals"],
            storage=storage,
        )

    def count(self) -> int:
        with self.reading() as db:
            return int(db.execute("SELECT count(*) FROM images").fetchone()[0])

    def labels(self) -> dict[int, int]:
        """Image id → index of its class, for images with a label."""
        with self.reading() as db:
            query = "SELECT image, class FROM annotations WHERE kind = 'label' ORDER BY image"
            return dict(db.execute(query).fetchall())

    def subsets(self) -> dict[int, Subset]:
        """Image id → what the source says, for images of which it says something."""
        with self.reading() as db:
            return dict(db.execute("SELECT id, subset FROM images WHERE subset NOTNULL ORDER BY id").fetchall())

    def counts(self, members: Mapping[int, Subset]) -> dict[str, dict[Subset, int]]:
        """Class → subset → images with it."""
        with self.reading() as db:
            names = [name for (name,) in db.execute("SELECT name FROM classes ORDER BY id")]
            pairs = db.execute("SELECT DISTINCT image, class FROM annotations WHERE class NOTNULL").fetchall()
        counts: dict[str, dict[Subset, int]] = {name: {"train": 0, "val": 0, "test": 0} for name in names}
        for image, label in pairs:
            if image in members:
                counts[names[label]][members[image]] += 1
        return counts

    def samples(self, ids: Iterable[int]) -> list[Sample]:
        """In the order of the ids. Raises NotFound for an id that is not here."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT id, images.file, coalesce(class, -1), bytes, mtime_ns, sha256 FROM images "
                "LEFT JOIN annotations ON image = id AND kind = 'label'"
            )
            known = {row[0]: self._sample(row) for row in rows}
        try:
            return [known[number] for number in ids]
        except KeyError as error:
            raise NotFound(f"Image {error} is not in version {self.version} of the data set.") from None

    def _sample(self, row: tuple[Any, ...]) -> Sample:
        number, file, label, size, mtime, digest = row
        original = None if mtime is None else Original(size, mtime, digest)
        return Sample(number, self.images / file, label, original)

    def annotations(self, ids: Iterable[int]) -> dict[int, list[AnyAnnotation]]:
        """Image id → everything it is marked with; nothing for an id that is not here."""
        with self.reading() as db:
            return index.annotations(db, ids)

    def values(self) -> dict[int, dict[str, float]]:
        """Image id → name of a number → that number."""
        with self.reading() as db:
            numbers = [number for (number,) in db.execute("SELECT id FROM images ORDER BY id")]
            found = index.annotations(db, numbers)
        return {
            number: {one.name: one.value for one in some if isinstance(one, Value)} for number, some in found.items()
        }

    def mask(self, file: str) -> Path:
        """Where a mask is that an annotation names."""
        return self.masks / file

    def image(self, number: int) -> tuple[ImageRecord, Path]:
        """With all that is known of it. Raises NotFound."""
        with self.reading() as db:
            record, file = browse.image(db, number)
        return record, self.images / file

    def original(self, number: int) -> Path:
        """The image file, if it still is the one that was imported. Raises NotFound and DatasetChanged."""
        with self.reading() as db:
            sample = self._sample(browse.file(db, number))
        sample.check()
        return sample.path

    def thumbnail(self, number: int) -> Path:
        """Named like the image file, whose number has gaps where one was left out; by the id if that stays away."""
        with self.reading() as db:
            file = browse.file(db, number)
        return self.thumbnails / f"{number if Path(file[1]).is_absolute() else Path(file[1]).stem}.jpg"

    def page(self, page: int = 1, page_size: int = 60, query: Query | None = None, **filters: Any) -> ImagePage:
        """Page `page` (from 1) of the images that fit; `filters` are those of a Query."""
        with self.reading() as db:
            return browse.page(db, page, page_size, query or Query(**filters))

    def problems(self, page: int, page_size: int, kind: str | None = None) -> ProblemPage:
        """Page `page` (from 1) of what the import found, of one kind or of all."""
        with self.reading() as db:
            return browse.problems(db, page, page_size, kind)

    def problem_kinds(self) -> ProblemKinds:
        with self.reading() as db:
            return browse.problem_kinds(db)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with index.reading(self._index, self.path.name) as db:
            yield db
