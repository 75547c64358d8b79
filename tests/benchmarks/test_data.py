"""How fast images come in and are shown: an import beside a plain loop, and pages of 100,000 images."""

import itertools
import multiprocessing
import os
import random
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from aistudio.engine.intake.readers import reader_count
from aistudio.schema.annotation import Box
from aistudio.schema.project import Problem
from aistudio.service import datasets
from aistudio.store.dataset import DatasetFolder, Facts, NewImage, Sort
from aistudio.studio import Studio
from tests.fixtures import add_split, new_project, running
from tests.service.importing import ended, start

pytestmark = pytest.mark.slow
IMAGES = int(os.environ.get("AISTUDIO_BENCH_IMAGES", "10000"))
ROUNDS = 3
FLOOR = 0.8
BROWSED = 100_000
CLASSES = [f"class {number}" for number in range(80)]
LIMIT = 0.3
GROWTH = 32 * 2**20


def photos(folder: Path) -> Path:
    """JPEG files of 640 × 480 in ten classes, all different."""
    dice = np.random.default_rng(0)
    for number in range(IMAGES):
        file = folder / f"class {number % 10}/{number:06d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        coarse = dice.integers(0, 255, (24, 32, 3)).astype(np.uint8)
        cv2.imwrite(str(file), cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC))
    return folder


def plainly(source: Path, target: Path, processes: int) -> float:
    """Copies and decodes each image, and nothing else, in as many processes as an import has readers."""
    began = time.perf_counter()
    target.mkdir()
    paths = sorted(source.rglob("*.jpg"))
    forks = multiprocessing.get_context("fork")
    parts = [forks.Process(target=loop, args=(paths[part::processes], target, part)) for part in range(processes)]
    for process in parts:
        process.start()
    for process in parts:
        process.join()
    assert all(process.exitcode == 0 for process in parts)
    return time.perf_counter() - began


def loop(paths: list[Path], target: Path, part: int) -> None:
    for number, path in enumerate(paths):
        data = path.read_bytes()
        (target / f"{part}-{number}.jpg").write_bytes(data)
        assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None


def test_an_import_and_a_plain_loop(tmp_path: Path) -> None:
    """The import also checks, hashes, makes thumbnails, finds twins and writes an index. Goal: 0.8 of the plain loop.

    A loop in as many processes as the import has readers is printed too: what all that costs beside a copy.
    """
    source = photos(tmp_path / "photos")
    processes = reader_count()
    taken: dict[str, list[float]] = {"import": [], f"plain loop in {processes} processes": [], "plain loop in one": []}
    cv2.setNumThreads(0)
    with running(tmp_path) as studio:
        for number in range(ROUNDS):
            for name, count in ((f"plain loop in {processes} processes", processes), ("plain loop in one", 1)):
                taken[name].append(plainly(source, tmp_path / "plain", count))
                shutil.rmtree(tmp_path / "plain")
            pid = new_project(studio, f"Round {number}")
            began = time.perf_counter()
            job = ended(studio, pid, start(studio, pid, source, "label"), 600)
            taken["import"].append(time.perf_counter() - began)
            assert (job.status, job.done) == ("done", IMAGES)
            shutil.rmtree(studio.workspace.project(pid).path / "dataset")
    print()
    for name, seconds in taken.items():
        ratio = statistics.median(other / own for other, own in zip(seconds, taken["import"], strict=True))
        print(f"{name}: {IMAGES / statistics.median(seconds):.0f} images a second, import at {ratio:.2f}")
    pairs = zip(taken["plain loop in one"], taken["import"], strict=True)
    assert statistics.median(loop / own for loop, own in pairs) >= FLOOR


def many() -> Iterator[NewImage]:
    dice = random.Random(0)
    for number in range(BROWSED):
        boxes = [Box(dice.choice(CLASSES), dice.random() * 100, 1, dice.random() * 90, 20) for _ in range(number % 8)]
        width, height = dice.randrange(200, 2000), dice.randrange(200, 2000)
        yield NewImage(
            f"folder {number % 50}/image {number:06d}.jpg",
            f"{number}.jpg",
            width,
            height,
            1000,
            f"{number:064x}",
            annotations=boxes,
            format="JPEG",
            twin=number // 3 if number % 7 == 0 else None,
            problems=[Problem(file="x", message="is odd")] if number % 9 == 0 else (),
        )


def test_pages_of_100_000_images(tmp_path: Path) -> None:
    """Goal: 300 ms for any page, in memory that does not grow."""
    with running(tmp_path) as studio:
        pid = new_project(studio)
        staged = studio.workspace.staging / "ready"
        staged.mkdir(parents=True)
        DatasetFolder(staged).create(CLASSES, many(), Facts(annotation="box"))
        studio.workspace.project(pid).adopt_dataset(staged)
        sid = add_split(studio, pid)
        sorts: tuple[Sort, ...] = ("id", "name", "-name", "size", "-size", "objects", "-objects")
        filters: list[dict[str, Any]] = [
            *({}, {"label": CLASSES[3]}, {"search": "image"}, {"search": "image 0999"}, {"search": "nothing"}),
            *({"problem": "any"}, {"twins": True}, {"subset": "val"}, {"split": sid, "subset": "train"}),
            {"label": CLASSES[3], "split": sid, "subset": "train", "search": "1", "problem": "image"},
        ]
        taken: list[tuple[float, float, str]] = []
        datasets.images(studio, pid)
        before = resident()
        for sort, chosen in itertools.product(sorts, filters):
            pages = -(-datasets.images(studio, pid, sort=sort, **chosen).total // 60)
            for page in sorted({1, pages // 2, pages} - {0}):
                began, busy = time.perf_counter(), time.process_time()
                datasets.images(studio, pid, page, sort=sort, **chosen)
                seconds = time.perf_counter() - began, time.process_time() - busy
                taken.append((*seconds, f"{sort} {chosen} page {page} of {pages}"))
        for place, what in ((0, "slowest page"), (1, "busiest page")):
            worst = max(taken, key=lambda one: one[place])
            print(f"\n{what}: {1000 * worst[place]:.0f} ms ({worst[2]}; goal {1000 * LIMIT:.0f} ms)", end="")
        median = statistics.median(seconds for seconds, _, _ in taken)
        print(f"\nmedian of {len(taken)} pages: {1000 * median:.0f} ms")
        grown = resident() - before
        print(f"memory grown by {grown / 2**20:.0f} MB")
        assert grown < GROWTH
        views: dict[str, Callable[[Studio, str], object]] = {
            "summary": datasets.summary,
            "statistics": datasets.statistics,
            "statistics again": datasets.statistics,
        }
        for name, view in views.items():
            began = time.perf_counter()
            view(studio, pid)
            print(f"{name}: {1000 * (time.perf_counter() - began):.0f} ms")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
