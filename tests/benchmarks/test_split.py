"""How a split's preview grows with its data: ten times the images may not take much more than ten times as long."""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aistudio.schema.split import ByColumn, ByFolder, ByPattern, Ratios, SplitPlan
from aistudio.service import splits
from aistudio.store.dataset import DatasetFolder, Facts, NewImage
from aistudio.studio import Studio
from tests.fixtures import new_project, running

pytestmark = pytest.mark.slow
MANY = 100_000
CLASSES = [f"class {number:04d}" for number in range(1000)]
ROUNDS = 5
MOST = 20.0  # times as long for ten times the images
RATIOS = Ratios(train=0.7, val=0.2, test=0.1)
PLANS = {
    "classes": SplitPlan(ratios=RATIOS, keep_twins=False),
    "twins": SplitPlan(ratios=RATIOS),
    "folders": SplitPlan(ratios=RATIOS, group_by=ByFolder()),
    "pattern": SplitPlan(ratios=RATIOS, group_by=ByPattern(pattern=r"patient(\d+)")),
    "column": SplitPlan(ratios=RATIOS, group_by=ByColumn(column="patient")),
}


def project(studio: Studio, count: int) -> str:
    """A thousand unequal classes; of every twenty images four look alike; twenty pictures of each patient."""
    dice = random.Random(1)
    pid = new_project(studio, f"{count} images")
    staged = DatasetFolder(studio.workspace.staging / f"{pid}-ready")
    staged.images.mkdir(parents=True)
    images = (
        NewImage(
            name=f"site {number // 20 % 7}/patient{number // 20:05d}_{number}.png",
            file="x.png",
            width=8,
            height=8,
            bytes=1,
            sha256=str(number),
            label=int(len(CLASSES) * dice.random() ** 2),
            twin=number - number % 4 + 1 if number % 20 < 4 else None,
            columns={"patient": f"P{number // 20}"},
        )
        for number in range(count)
    )
    staged.create(CLASSES, images, Facts(columns=["patient"]))
    studio.workspace.project(pid).adopt_dataset(staged.path)
    return pid


def test_a_preview_of_100_000_images_in_1000_classes(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        few, many = project(studio, MANY // 10), project(studio, MANY)
        print()
        for name, plan in PLANS.items():
            small = median(lambda plan=plan: splits.preview_with_leaks(studio, few, plan))  # type: ignore[misc]
            large = median(lambda plan=plan: splits.preview_with_leaks(studio, many, plan))  # type: ignore[misc]
            print(f"{name}: {MANY:,} images {large:.2f} s, {large / small:.1f} × of {MANY // 10:,}")
            assert large < MOST * small


def median(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
