"""What splits are made by, of all images of a version at once: classes, numbers, names, columns, twins."""

import orjson

from aistudio.schema.annotation import Kind
from aistudio.store.dataset import DatasetFolder

BACKGROUND = "background"


def ids(dataset: DatasetFolder) -> list[int]:
    with dataset.reading() as db:
        return [number for (number,) in db.execute("SELECT id FROM images ORDER BY id")]


def annotation(dataset: DatasetFolder) -> Kind:
    with dataset.reading() as db:
        kind: Kind = db.execute("SELECT annotation FROM facts").fetchone()[0]
        return kind


def dominant(dataset: DatasetFolder) -> dict[int, int]:
    """Image id → the class that it has most of: objects, or pixels that are no background. Images without: absent."""
    with dataset.reading() as db:
        skipped = {number for number, name in db.execute("SELECT id, name FROM classes") if name == BACKGROUND}
        rows = db.execute(
            "SELECT image, class, sum(coalesce(value, 1)) AS much FROM annotations WHERE class NOTNULL "
            "GROUP BY image, class ORDER BY image, much DESC, class"
        )
        found: dict[int, int] = {}
        for image, label, _ in rows:
            if label not in skipped:
                found.setdefault(image, label)
    return found


def values(dataset: DatasetFolder, target: str) -> dict[int, float]:
    """Image id → the number of that name."""
    with dataset.reading() as db:
        rows = db.execute(
            "SELECT image, value FROM annotations WHERE kind = 'value' AND "
            "CAST(geometry AS INTEGER) = (SELECT id FROM targets WHERE name = ?)",
            (target,),
        )
        return dict(rows.fetchall())


def anomalous(dataset: DatasetFolder) -> set[int]:
    with dataset.reading() as db:
        rows = db.execute("SELECT image FROM annotations WHERE kind = 'anomaly' AND flags = 'anomalous'")
        return {image for (image,) in rows}


def names(dataset: DatasetFolder) -> dict[int, str]:
    with dataset.reading() as db:
        return dict(db.execute("SELECT id, name FROM images ORDER BY id").fetchall())


def column(dataset: DatasetFolder, name: str) -> dict[int, str]:
    """Image id → what a table says in that column; images of which it says nothing are absent."""
    with dataset.reading() as db:
        rows = db.execute("SELECT id, columns FROM images WHERE columns NOTNULL ORDER BY id").fetchall()
    found = ((number, orjson.loads(columns).get(name)) for number, columns in rows)
    return {number: cell for number, cell in found if cell}


def twins(dataset: DatasetFolder) -> dict[int, int]:
    """Image id → number of the group of images that look alike; images that are unlike all others are absent."""
    with dataset.reading() as db:
        return dict(db.execute("SELECT id, twin FROM images WHERE twin NOTNULL ORDER BY id").fetchall())


def twin_counts(dataset: DatasetFolder) -> tuple[int, int]:
    """How many images look like another one, and in how many groups."""
    with dataset.reading() as db:
        images, found = db.execute("SELECT count(twin), count(DISTINCT twin) FROM images").fetchone()
        return images, found


def digests(dataset: DatasetFolder) -> dict[int, str]:
    """Image id → digest of the file, of images that look like another one."""
    with dataset.reading() as db:
        return dict(db.execute("SELECT id, sha256 FROM images WHERE twin NOTNULL").fetchall())
