"""How long a user waits for the first picture of a preview: with a warm worker and with one that must start."""

import statistics
import time

import cv2
import numpy as np
import pytest

from aistudio.schema.preview import PreviewRequest
from aistudio.service import previews
from aistudio.store.dataset import DatasetFolder, NewImage
from aistudio.studio import Studio
from aistudio.tasks import task
from tests.fixtures import new_project, until

pytestmark = pytest.mark.slow
ROUNDS = 5
SIZES = {"32 × 32": (32, 32), "640 × 480": (480, 640), "12 MP": (3000, 4000)}


@pytest.mark.parametrize("size", SIZES)
def test_the_first_picture(studio: Studio, size: str) -> None:
    """Goal: within 1.5 s once the worker is warm."""
    pid = _project(studio, *SIZES[size])
    cold, warm, whole = [], [], []
    for number in range(ROUNDS):
        _end_worker(studio)
        cold.append(_seconds(studio, pid, 2 * number)[0])
        first, last = _seconds(studio, pid, 2 * number + 1)
        warm.append(first)
        whole.append(last)
    print(f"\n8 JPEG images of {size}, the default list of transforms")
    _tell("cold worker, first image", cold)
    _tell("warm worker, first image (goal 1,500 ms)", warm)
    _tell("warm worker, all 8 images", whole)
    assert statistics.median(cold) > 3 * statistics.median(warm)


def _project(studio: Studio, height: int, width: int) -> str:
    pid = new_project(studio)
    folder = DatasetFolder(studio.workspace.staging / "photos")
    folder.images.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
    photo = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    for number in range(1, 9):
        cv2.imwrite(str(folder.images / f"{number}.jpg"), photo)
    folder.create(["a", "b"], [NewImage(f"{n}.jpg", f"{n}.jpg", width, height, 1, "", n % 2) for n in range(1, 9)])
    studio.workspace.project(pid).adopt_dataset(folder.path)
    return pid


def _seconds(studio: Studio, pid: str, seed: int) -> tuple[float, float]:
    """From the request to the first image, and to the answer."""
    transforms = task("classification").default_config()["augmentations"]["train"]
    images: list[float] = []
    began = time.perf_counter()
    request = PreviewRequest(transforms=transforms, seed=seed, count=8)
    previews.preview(studio, pid, request, shown=lambda preview: images.append(time.perf_counter() - began))
    return images[0], time.perf_counter() - began


def _end_worker(studio: Studio) -> None:
    worker = studio.previewer._worker
    if worker is not None:
        worker.end()
        until(lambda: studio.previewer.pid is None, "it is gone")


def _tell(what: str, seconds: list[float]) -> None:
    print(f"{what}: {1000 * statistics.median(seconds):,.0f} ms")
