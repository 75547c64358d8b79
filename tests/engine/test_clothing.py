"""Real photos and real weights through the product: at least as good as a linear probe on the same splits."""

import os
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from aistudio.engine.data.images import read_image
from aistudio.engine.data.pipeline import Pipeline
from aistudio.engine.models import build
from aistudio.schema.experiment import ExperimentRequest
from aistudio.schema.model import ImageClassifier
from aistudio.schema.project import ImportRequest, ProjectRequest
from aistudio.schema.split import Ratios, Split, SplitRequest
from aistudio.service import datasets, demo, experiments, projects, splits
from aistudio.settings import Settings
from aistudio.store.dataset import DatasetFolder
from aistudio.studio import Studio
from aistudio.tasks import task
from tests.fixtures import ME, until

pytestmark = [pytest.mark.engine, pytest.mark.realdata]
BACKBONE = "mobilenet_v2"
SEEDS = (0, 1, 2)


@pytest.fixture
def photos() -> Path:
    return _folder("AISTUDIO_TEST_DATA") / "clothing"


@pytest.fixture
def weights() -> Path:
    return _folder("AISTUDIO_TEST_WEIGHTS")


def _folder(variable: str) -> Path:
    if variable not in os.environ:
        pytest.skip(f"{variable} names no folder with real data")
    return Path(os.environ[variable])


def test_fine_tuning_beats_a_linear_probe(tmp_path: Path, photos: Path, weights: Path) -> None:
    settings = Settings(
        workspace=tmp_path / "workspace", state_dir=tmp_path / "state", data_root=(photos,), weights_dir=weights
    )
    studio = Studio(settings).open("test")
    try:
        pid = _import(studio, photos)
        trained, probed = [], []
        for seed in SEEDS:
            plan = SplitRequest(name=f"seed {seed}", ratios=Ratios(train=0.8, val=0.2, test=0), seed=seed)
            split = splits.create(studio, ME, pid, plan)
            trained.append(_train(studio, pid, split, pretrained=True))
            probed.append(_probe(studio, pid, split, weights))
            print(f"\nsplit seed {seed}: fine-tuned {trained[-1]:.3f}, linear probe {probed[-1]:.3f}")
        print(f"mean: fine-tuned {statistics.mean(trained):.3f}, linear probe {statistics.mean(probed):.3f}")
        assert statistics.mean(trained) >= statistics.mean(probed)
        assert _train(studio, pid, split, pretrained=False) > 0.12, "no better than chance without pretrained weights"
    finally:
        studio.close()


def _import(studio: Studio, photos: Path) -> str:
    pid = projects.create(studio, ME, ProjectRequest(name="Clothing", task="classification")).id
    job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(photos)))
    until(lambda: datasets.get_import(studio, pid, job.id).status == "done", "the import")
    assert datasets.summary(studio, pid).images == 250
    return pid


def _train(studio: Studio, pid: str, split: Split, pretrained: bool) -> float:
    """Best validation accuracy of a run with default settings but for eight epochs."""
    config: dict[str, Any] = {
        "split": split.id,
        "model": {"backbone": BACKBONE, "pretrained": pretrained},
        "training": {"epochs": 8},
    }
    eid = experiments.create(studio, ME, pid, ExperimentRequest(config=config)).id
    experiments.train(studio, ME, pid, eid)
    done = demo.wait(studio, pid, eid, lambda _: None)
    return (done.metrics.best or {})["val_accuracy"] or 0.0


def _probe(studio: Studio, pid: str, split: Split, weights: Path) -> float:
    """Accuracy of logistic regression on the frozen features of the same weights."""
    folder = studio.workspace.project(pid)
    dataset = folder.dataset()
    assert dataset is not None
    members = folder.splits.members(split.id)
    train, train_labels = _features(dataset, members["train"], weights)
    val, val_labels = _features(dataset, members["val"], weights)
    scaler = StandardScaler().fit(train)
    probe = LogisticRegression(max_iter=2000, C=0.01).fit(scaler.transform(train), train_labels)
    return float(probe.score(scaler.transform(val), val_labels))


def _features(dataset: DatasetFolder, ids: list[int], weights: Path) -> tuple[np.ndarray, list[int]]:
    built = build(ImageClassifier(backbone=BACKBONE), len(dataset.classes()), weights, (224, 224))
    body: Any = built.model.network.eval()
    body.reset_classifier(0)
    augmentations = task("classification").parse({}).augmentations
    pipeline = Pipeline(augmentations.val, built.mean, built.std)
    normalization = pipeline.normalization()
    samples = dataset.samples(ids)
    rows = []
    with torch.inference_mode():
        for sample in samples:
            pixels = np.ascontiguousarray(pipeline(read_image(sample.path), (0,)))
            image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
            rows.append(body(normalization(image))[0].numpy())
    return np.stack(rows), [sample.label for sample in samples]
