"""Counts the index of a data set: classes, sizes, objects, numbers."""

import sqlite3
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import orjson

from aistudio.schema.statistics import Bar, ClassCount, Size, Spread, Statistics
from aistudio.store.dataset import DatasetFolder

BARS = 20
MOST_SIZES = 20
MOST_OBJECTS = 50
ASPECTS = (0.0, 0.4, 0.55, 0.7, 0.85, 0.95, 1.05, 1.2, 1.45, 1.8, 2.5, 1e9)
SIDES = (0, 8, 16, 32, 64, 96, 128, 256, 512, 1024, 1e9)

Weighted = list[tuple[float, int]]


def statistics(dataset: DatasetFolder) -> Statistics:
    """Counted once for each index, which never changes: it takes a second with 100,000 images."""
    return _counted(dataset.path, dataset.stamp())


@lru_cache(maxsize=64)
def _counted(path: Path, stamp: tuple[int, ...]) -> Statistics:
    with DatasetFolder(path).reading() as db:
        images, size = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM images").fetchone()
        found = Statistics(images=images, bytes=size)
        _sizes(db, found)
        found.classes = _classes(db)
        found.formats = dict(
            db.execute("SELECT format, count(*) FROM images GROUP BY format ORDER BY 2 DESC").fetchall()
        )
        found.objects = _objects(db)
        found.areas = _areas(db)
        found.targets = _targets(db)
        query = "SELECT subset, count(*) FROM images WHERE subset NOTNULL GROUP BY subset"
        query += " ORDER BY instr('train val test', subset)"
        found.subsets = dict(db.execute(query).fetchall())
        found.problems = orjson.loads(db.execute("SELECT document FROM facts").fetchone()[0])["totals"]
        found.twins = db.execute("SELECT count(*) FROM images WHERE twin NOTNULL").fetchone()[0]
    return found


def _sizes(db: sqlite3.Connection, found: Statistics) -> None:
    rows = db.execute(
        "SELECT width, height, count(*) FROM images GROUP BY width, height ORDER BY 3 DESC, 1, 2"
    ).fetchall()
    found.sizes = [Size(width=width, height=height, count=count) for width, height, count in rows[:MOST_SIZES]]
    found.distinct_sizes = len(rows)
    found.widths = _spread("width", [(width, count) for width, _, count in rows])
    found.heights = _spread("height", [(height, count) for _, height, count in rows])
    found.aspects = _bars([(width / height, count) for width, height, count in rows], ASPECTS)


def _classes(db: sqlite3.Connection) -> list[ClassCount]:
    rows = db.execute("SELECT id, name, images, objects FROM classes ORDER BY id").fetchall()
    sums: dict[int, float | None] = {}
    if db.execute("SELECT annotation FROM facts").fetchone() == ("mask",):  # else it looks through all objects in vain
        sums = dict(db.execute("SELECT class, sum(value) FROM annotations GROUP BY class").fetchall())
    total = sum(value for value in sums.values() if value)
    return [
        ClassCount(
            name=name,
            images=images,
            objects=objects,
            share=round((sums.get(number) or 0) / total, 6) if total else None,
        )
        for number, name, images, objects in rows
    ]


def _objects(db: sqlite3.Connection) -> dict[int, int]:
    """Objects in an image → images; the last one stands for all that have more."""
    (kind,) = db.execute("SELECT annotation FROM facts").fetchone()
    if kind not in ("box", "rotated", "instance"):
        return {}
    rows = db.execute(
        "SELECT min(objects, ?), count(*) FROM images GROUP BY min(objects, ?) ORDER BY 1", (MOST_OBJECTS, MOST_OBJECTS)
    )
    return dict(rows.fetchall())


def _areas(db: sqlite3.Connection) -> list[Bar]:
    limits = [side * side for side in SIDES]
    cases = " ".join(f"WHEN w * h < {limit} THEN {place}" for place, limit in enumerate(limits[1:]))
    rows = db.execute(
        f"SELECT CASE {cases} ELSE {len(SIDES) - 2} END, count(*) FROM annotations WHERE w NOTNULL GROUP BY 1"
    )
    counts = dict(rows.fetchall())
    bars = pairwise(SIDES)
    return (
        [Bar(low=low, high=high, count=counts.get(place, 0)) for place, (low, high) in enumerate(bars)]
        if counts
        else []
    )


def _targets(db: sqlite3.Connection) -> list[Spread]:
    found = []
    for number, name in db.execute("SELECT id, name FROM targets ORDER BY id").fetchall():
        rows = db.execute(
            "SELECT value, count(*) FROM annotations WHERE kind = 'value' AND geometry = ? GROUP BY 1", (str(number),)
        )
        if (spread := _spread(name, rows.fetchall())) is not None:
            found.append(spread)
    return found


def _spread(name: str, values: Weighted) -> Spread | None:
    if not values:
        return None
    ordered = sorted(values)
    least, most, total = ordered[0][0], ordered[-1][0], sum(count for _, count in ordered)
    mean = sum(value * count for value, count in ordered) / total
    step = (most - least) / BARS or 1.0
    limits = [least + step * place for place in range(BARS + 1)] if most > least else [least, least + 1]
    return Spread(
        name=name, least=least, most=most, mean=mean, median=_median(ordered, total), bars=_bars(ordered, limits)
    )


def _median(ordered: Weighted, total: int) -> float:
    seen = 0
    for value, count in ordered:
        seen += count
        if seen * 2 >= total:
            return value
    return ordered[-1][0]


def _bars(values: Weighted, limits: Sequence[float]) -> list[Bar]:
    counts = [0] * (len(limits) - 1)
    for value, count in values:
        counts[min(max(bisect_right(limits, value) - 1, 0), len(counts) - 1)] += count
    return [Bar(low=low, high=high, count=count) for (low, high), count in zip(pairwise(limits), counts, strict=True)]
