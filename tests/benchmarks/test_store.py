"""How long a save takes: an experiment's document, with everything that makes it survive a power cut."""

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aistudio.schema.experiment import Experiment, MainMetric
from aistudio.store.atomic import to_json, write_json
from tests.fixtures import TINY

pytestmark = pytest.mark.slow
ROUNDS = 200


def test_a_save(tmp_path: Path) -> None:
    """Goal: 5 ms at the median. Beside it, what the same bytes cost without any care."""
    metric = MainMetric(name="val_accuracy", direction="max")
    experiment = Experiment(id="e", name="First", created_at=datetime.now(UTC), config=TINY, main_metric=metric)
    document = experiment.model_dump(mode="json", by_alias=True)
    ways: dict[str, Callable[[Path], object]] = {
        "write_json": lambda path: write_json(path, document),
        "one fsync": lambda path: _synced(path, to_json(document)),
        "no fsync": lambda path: path.write_bytes(to_json(document)),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            way(tmp_path / f"{name}.json")
            taken[name].append(time.perf_counter() - began)
    print()
    for name, seconds in taken.items():
        print(f"{name}: {1000 * statistics.median(seconds):.2f} ms (goal of a save: 5 ms)")


def _synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
