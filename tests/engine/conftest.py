"""A tiny data set of drawn images, and a way to train on it inside the test process."""

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny networks: more threads only wait for each other

import cv2
import numpy as np
import pytest

from aistudio.engine import importing
from aistudio.engine.intake import readers
from aistudio.engine.job import Job
from aistudio.engine.train import run
from aistudio.schema.events import EpochFinished, Event, StepsLogged, TrainRequest
from aistudio.schema.project import Subset
from aistudio.schema.split import Ratios, Split
from aistudio.store.dataset import DatasetFolder, NewImage, Sample
from aistudio.store.splits import SplitFile
from aistudio.tasks import task

CLASSES = ["bar", "disc", "ring"]
SIDE = 32
SPLIT = "s1"
NORMALIZE = {"kind": "Normalize", "source": "weights"}
BASE: dict[str, Any] = {
    "split": SPLIT,
    "model": {"backbone": "test_resnet", "pretrained": False},
    "scheduler": {"kind": "None", "warmup_epochs": 0},
    "loss": {"kind": "CrossEntropy", "label_smoothing": 0.0},
    "training": {"epochs": 1, "batch_size": 16, "num_workers": 0},
    "augmentations": {"train": [{"kind": "HorizontalFlip"}, NORMALIZE], "val": [NORMALIZE]},
}


@dataclass
class Data:
    """45 images to train on and 15 to validate on, 32 × 32, evenly of three classes."""

    folder: DatasetFolder
    splits: SplitFile

    def samples(self, subset: Subset) -> list[Sample]:
        return self.folder.samples(self.splits.members(SPLIT)[subset])


class Recorder(Job):
    """A job that remembers what it said. `stop_when` is asked wherever a real one looks for the stop file."""

    def __init__(self, folder: Path, stop_when: Callable[[list[Event]], bool]) -> None:
        super().__init__(folder)
        self.events: list[Event] = []
        self._stop_when = stop_when

    @property
    def stop_requested(self) -> bool:
        return self._stop_when(self.events)

    def emit(self, event: Event) -> None:
        super().emit(event)
        self.events.append(event)


@dataclass
class Run:
    job: Recorder
    request: TrainRequest
    checkpoints: Path = field(init=False)

    def __post_init__(self) -> None:
        self.checkpoints = Path(self.request.folder).parent / "checkpoints"

    def __call__(self) -> "Run":
        run(self.job, self.request)
        return self

    def next(self, **changes: Any) -> "Run":
        """The attempt after this one, which goes on from `last` unless `changes` of the request say otherwise."""
        attempt = self.request.attempt + 1
        folder = self.checkpoints.parent / f"attempt-{attempt}"
        folder.mkdir()
        update = {"attempt": attempt, "folder": str(folder), "resume": "last", **changes}
        return Run(Recorder(folder, lambda events: False), self.request.model_copy(update=update))

    @property
    def events(self) -> list[Event]:
        return self.job.events

    @property
    def rows(self) -> list[dict[str, float | None]]:
        return [event.row for event in self.events if isinstance(event, EpochFinished)]

    @property
    def losses(self) -> list[float | None]:
        return [loss for event in self._steps() for loss in event.train_loss]

    @property
    def rates(self) -> list[float]:
        return [rate for event in self._steps() for rate in event.lr]

    def _steps(self) -> list[StepsLogged]:
        return [event for event in self.events if isinstance(event, StepsLogged)]


Prepare = Callable[..., Run]


def draw(label: int, seed: int) -> np.ndarray:
    """A shape of the class at a random place, in a random colour, on a dark noisy ground."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 60, (SIDE, SIDE, 3)).astype(np.uint8)
    colour = [int(part) for part in random.integers(120, 255, 3)]
    x, y = (int(part) for part in random.integers(10, 22, 2))
    if label == 0:
        cv2.rectangle(image, (x - 8, y - 2), (x + 8, y + 2), colour, -1)
    else:
        cv2.circle(image, (x, y), 7, colour, -1 if label == 1 else 2)
    return image


def make_data(path: Path) -> Data:
    data = Data(DatasetFolder(path / "1"), SplitFile(path / "splits.sqlite"))
    data.folder.images.mkdir(parents=True)
    images = []
    for number in range(60):
        name = f"{number}.png"
        cv2.imwrite(str(data.folder.images / name), draw(number % 3, number))
        images.append(NewImage(name, name, SIDE, SIDE, 1, "", number % 3))
    data.folder.create(CLASSES, images)
    members: dict[int, Subset] = {number: "train" if number <= 45 else "val" for number in range(1, 61)}
    split = Split(
        id=SPLIT, name="s", dataset_version=1, seed=0, ratios=Ratios(), counts={}, created_at=datetime.now(UTC)
    )
    data.splits.add([(split, members)])
    return data


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the changes; what names its kind replaces all that was there."""
    result = copy.deepcopy(dict(base))
    for key, value in changes.items():
        inside = isinstance(value, Mapping) and "kind" not in value and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if inside else value
    return result


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return make_data(tmp_path_factory.mktemp("data"))


def prepared(
    experiment: Path,
    data: Data,
    changes: Mapping[str, Any],
    stop_when: Callable[[list[Event]], bool] = lambda events: False,
    weights_dir: Path | None = None,
) -> Run:
    """A run in that folder that has not begun."""
    config = task("classification").parse(merged(BASE, changes)).model_dump(mode="json")
    folder = experiment / "attempt-1"
    folder.mkdir(parents=True)
    request = TrainRequest(
        attempt=1,
        project="p",
        experiment="e",
        folder=str(folder),
        dataset=str(data.folder.path),
        splits=str(data.splits.path),
        config=config,
        weights_dir=str(weights_dir) if weights_dir else None,
    )
    return Run(Recorder(folder, stop_when), request)


@pytest.fixture
def prepare(data: Data, tmp_path: Path) -> Prepare:
    """`prepare(**changes of the config)` gives a run that has not begun; each has an experiment folder of its own."""
    count = iter(range(1000))

    def prepare(
        *, stop_when: Callable[[list[Event]], bool] = lambda events: False, of: Data = data, **changes: Any
    ) -> Run:
        return prepared(tmp_path / f"experiment-{next(count)}", of, changes, stop_when)

    return prepare


@pytest.fixture
def train(prepare: Prepare) -> Prepare:
    """`train(**changes of the config)` gives a finished run."""

    def trained(**changes: Any) -> Run:
        return prepare(**changes)()

    return trained


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit on memory would stay with the process of the tests; and to fork that one takes long."""
    monkeypatch.setattr(importing, "_limit_memory", lambda: None)
    monkeypatch.setattr(readers, "reader_count", lambda: 1)
