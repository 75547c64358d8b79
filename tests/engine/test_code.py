"""The script of an experiment does what the worker does, without AI Studio."""

import csv
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import timm
import torch
from safetensors.torch import save_file

from aistudio.engine.models import build
from aistudio.engine.ranks import CPU_PROCESSES
from aistudio.schema.loss import ClassLoss
from aistudio.schema.optimizer import Optimizer
from aistudio.schema.scheduler import Scheduler
from aistudio.service.code import classification
from aistudio.service.code.source import Source
from aistudio.tasks.classification import ClassificationConfig
from tests.engine.conftest import NORMALIZE, Data, Prepare, Run, prepared
from tests.engine.worker import Worker

pytestmark = pytest.mark.engine
WEIGHTS = "test_resnet.r160_in1k.safetensors"
ALONE = """
import os, runpy, sys
sys.modules["aistudio"] = None  # whoever imports it fails
for script in sys.argv[1:]:
    os.chdir(os.path.dirname(script))
    runpy.run_path(script, run_name="__main__")
"""


def kinds(union: Any) -> list[Any]:
    return list(get_args(get_args(union)[0]))


# ---- the same losses

RESIZE = {"kind": "Resize", "height": 32, "width": 48}
SMALL = {"kind": "Resize", "height": 24, "width": 40}
PADDED = {"kind": "PadIfNeeded", "min_height": 32, "min_width": 48}


def both(*transforms: Any) -> dict[str, list[Any]]:
    return {"train": list(transforms), "val": list(transforms)}


STEPPED = {"optimizer": {"kind": "SGD", "lr": 0.02}, "training": {"epochs": 3, "batch_size": 9}}
CASES: dict[str, dict[str, Any]] = {
    **{f"{kind.__name__}": {"optimizer": {"kind": kind.__name__, "lr": 0.005}} for kind in kinds(Optimizer)},
    **{
        f"{kind.__name__}-warm-{warmup}": {
            **STEPPED,
            "scheduler": {
                "kind": kind.model_fields["kind"].default,
                "warmup_epochs": warmup,
                **({"step_size": 2} if "step_size" in kind.model_fields else {}),
                **({"milestones": [1, 2]} if "milestones" in kind.model_fields else {}),
            },
        }
        for kind in kinds(Scheduler)
        for warmup in (0, 1)
    },
    **{f"{kind.__name__}": {"loss": {"kind": kind.__name__}} for kind in kinds(ClassLoss)},
    "no-decay": {"optimizer": {"kind": "AdamW", "weight_decay": 0.0}},
    "uneven-steps": {"training": {"epochs": 2, "batch_size": 7, "batch_multiplier": 3}},
    "single-left-over": {"training": {"epochs": 2, "batch_size": 11}},
    "frozen": {"model": {"freeze_backbone": True, "pretrained": True}},
    "pretrained": {"model": {"pretrained": True}},
    "fixed-size": {"model": {"backbone": "test_vit"}, "augmentations": both(SMALL, PADDED, NORMALIZE)},
    "drop-path": {
        "model": {"backbone": "swin_tiny_patch4_window7_224"},
        "training": {"batch_size": 4},
        "augmentations": both({**RESIZE, "width": 32}, NORMALIZE),
    },
    "not-normalised": {"augmentations": both({**RESIZE, "width": 32})},
    "normalised-first": {"augmentations": {"train": [NORMALIZE, {"kind": "HorizontalFlip"}]}},
    "random": {
        "augmentations": {
            "train": [
                {"kind": "RandomResizedCrop", "height": 32, "width": 32},
                {"kind": "Affine"},
                {"kind": "ColorJitter"},
                {"kind": "CoarseDropout", "p": 1.0},
                {"kind": "Normalize", "source": "custom", "mean": [0.1, 0.2, 0.3], "std": [0.3, 0.2, 0.1]},
            ]
        },
        "training": {"epochs": 2},
    },
    "bf16": {"hardware": {"precision": "bf16-mixed"}},
    "workers": {"training": {"epochs": 2, "num_workers": 2}},
    "early-stopping": {
        "optimizer": {"kind": "SGD", "lr": 1e-12},
        "training": {"epochs": 9, "early_stopping": {"patience": 2}},
    },
}


@dataclass(frozen=True)
class Pair:
    """A run of the product, and the script of the same experiment."""

    run: Run
    script: Path

    def metrics(self) -> list[dict[str, float]]:
        """What the script logged, a row for each epoch."""
        (path,) = self.script.parent.glob("runs/lightning_logs/version_0/metrics.csv")
        epochs: dict[int, dict[str, float]] = {}
        for row in csv.DictReader(path.read_text().splitlines()):
            epochs.setdefault(int(row["epoch"]), {}).update(
                {name: float(value) for name, value in row.items() if value}
            )
        return [epochs[number] for number in sorted(epochs)]


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that are nobody's."""
    folder = tmp_path_factory.mktemp("weights")
    save_file(timm.create_model("test_resnet", pretrained=False).state_dict(), folder / WEIGHTS)
    return folder


def write(run: Run, data: Data, folder: Path, weights_dir: Path | None = None) -> Path:
    config = ClassificationConfig.model_validate(run.request.config)
    images = len(data.samples("train"))
    source = Source("A run", data.folder.path, data.splits.path, "s", images, weights_dir)
    script = folder / "script.py"
    script.write_text(classification.script(config, source))
    return script


def alone(scripts: list[Path], **env: str) -> None:
    """Runs them in a process that cannot import aistudio, far from here."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, *map(str, scripts)],
        env={"PATH": os.environ["PATH"], "HOME": str(scripts[0].parent), "OMP_NUM_THREADS": "1", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.fixture(scope="module")
def pairs(data: Data, weights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Pair]]:
    """All scripts have run in one process, because starting torch is what takes the time."""
    made = {}
    for name, changes in CASES.items():
        folder = tmp_path_factory.mktemp(name)
        run = prepared(folder, data, changes, weights_dir=weights_dir)
        made[name] = Pair(run, write(run, data, folder, weights_dir))
    alone([pair.script for pair in made.values()])
    yield made


@pytest.mark.parametrize("name", CASES)
def test_the_losses_are_those_of_the_product(pairs: dict[str, Pair], name: str) -> None:
    pair = pairs[name]
    theirs, ours = pair.metrics(), pair.run().rows
    assert len(theirs) == len(ours)
    for column in ("train_loss", "val_loss", "val_accuracy"):
        assert [row[column] for row in theirs] == pytest.approx([row[column] for row in ours], rel=1e-3), column


@pytest.mark.slow
def test_a_worker_and_a_script_each_in_a_process_of_its_own(prepare: Prepare, data: Data, tmp_path: Path) -> None:
    run = prepare(training={"epochs": 1})
    with Worker(run.request) as worker:
        assert worker.end().status == "completed"
    pair = Pair(run, write(run, data, tmp_path))
    alone([pair.script])
    assert pair.metrics()[0]["train_loss"] == pytest.approx(worker.rows()[0]["train_loss"], rel=1e-4)
    assert list(tmp_path.glob("runs/lightning_logs/version_0/checkpoints/best.ckpt"))


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [11, 7])
def test_a_script_for_two_devices(prepare: Prepare, data: Data, tmp_path: Path, batch_size: int) -> None:
    """On two processes of the CPU in place of two GPUs.

    Of the 15 images to validate on, one is repeated to give each device 8; of batches of 7, it is the last one alone.
    """
    run = prepare(training={"epochs": 2, "batch_size": batch_size}, hardware={"devices": ["gpu:0", "gpu:1"]})
    script = write(run, data, tmp_path)
    text = script.read_text()
    for ours, theirs in (
        ('accelerator="gpu"', 'accelerator="cpu"'),
        ("devices=[0, 1]", "devices=2"),
        ("benchmark=True,", ""),
        ("pin_memory=True,", ""),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    script.write_text(text)
    run.request.config["hardware"]["devices"] = ["cpu"]
    with Worker(run.request, {CPU_PROCESSES: "2"}) as worker:
        assert worker.end().status == "completed"
    subprocess.run([sys.executable, "-I", script], cwd=tmp_path, check=True, timeout=600)
    logged, told = Pair(run, script).metrics(), worker.rows()
    for column in ("train_loss", "val_loss", "val_accuracy"):
        assert [row[column] for row in logged] == pytest.approx([row[column] for row in told], rel=1e-3), column


@pytest.mark.realdata
@pytest.mark.parametrize("backbone", ["mobilenet_v2", "tf_efficientnet_lite0"])
def test_weights_under_other_names_are_read_alike(prepare: Prepare, data: Data, tmp_path: Path, backbone: str) -> None:
    if "AISTUDIO_TEST_WEIGHTS" not in os.environ:
        pytest.skip("AISTUDIO_TEST_WEIGHTS names no folder with real weights")
    folder = Path(os.environ["AISTUDIO_TEST_WEIGHTS"])
    run = prepare(model={"backbone": backbone, "pretrained": True})
    names = runpy.run_path(str(write(run, data, tmp_path, folder)))
    config = ClassificationConfig.model_validate(run.request.config)
    torch.manual_seed(1)
    ours = build(config.model, 3, folder)
    torch.manual_seed(1)
    theirs = names["build"](3)
    assert (names["MEAN"], names["STD"]) == (ours.mean, ours.std)
    for (name, value), other in zip(theirs.state_dict().items(), ours.model.network.state_dict().values(), strict=True):
        assert torch.equal(value, other), name


@pytest.mark.parametrize("backbone", ["levit_128s", "efficientformerv2_s0", "vit_tiny_patch16_224", "test_vit"])
def test_a_frozen_network_trains_what_the_product_trains(
    prepare: Prepare, data: Data, tmp_path: Path, backbone: str
) -> None:
    """Distilled networks have two heads; and some must be told the size of the images."""
    size = {"kind": "Resize", "height": 96, "width": 128}
    model = {"backbone": backbone, "freeze_backbone": True, "pretrained": False}
    run = prepare(model=model, augmentations=both(size, NORMALIZE))
    names = runpy.run_path(str(write(run, data, tmp_path)))
    config = ClassificationConfig.model_validate(run.request.config)
    torch.manual_seed(1)
    ours = build(config.model, 3, None, (96, 128)).model.network
    torch.manual_seed(1)
    theirs = names["build"](3)
    for (name, value), other in zip(theirs.named_parameters(), ours.parameters(), strict=True):
        assert value.requires_grad == other.requires_grad, name
        assert torch.equal(value, other), name
