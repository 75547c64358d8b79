"""The train job: from a request to a fitted model, its metrics and its checkpoints."""

import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # Lightning counts GPUs: that must not start CUDA

from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.utilities.exceptions import SIGTERMException
from pydantic import ValidationError

from aistudio.engine.data.batches import Portions, Share
from aistudio.engine.data.loaders import Loading, train_batches, val_batches
from aistudio.engine.job import Job
from aistudio.engine.keeper import Best, Keeper
from aistudio.engine.processor import keep_memory, use_cores
from aistudio.engine.reporter import Reporter
from aistudio.engine.tasks import engine
from aistudio.errors import BadInput, DatasetMissing, Mismatch, NotFound
from aistudio.schema.events import PhaseEntered, Planned, TrainRequest
from aistudio.schema.explain import invalid
from aistudio.store.dataset import DatasetFolder, Sample
from aistudio.store.splits import SplitFile
from aistudio.tasks import task
from aistudio.tasks.base import Task, TaskConfig


def run(job: Job, request: TrainRequest) -> None:
    job.emit(PhaseEntered(time=time.time(), phase="loading data"))
    kind, config = _config(request.config)
    if not config.hardware.gpus:
        use_cores()
        keep_memory()
    data = _data(request, config)
    job.check_stop()
    seed_everything(config.training.seed, workers=True, verbose=False)
    weights_dir = Path(request.weights_dir) if request.weights_dir else None
    module = engine(kind.key).create(config, data.classes, weights_dir)
    job.check_stop()
    keeper = _keeper(job, request, kind, config, data, module)
    keeper.prepare()
    _fit(job, config, data, module, Reporter(job, keeper))


@dataclass(frozen=True)
class _Data:
    classes: list[str]
    train: list[Sample]
    val: list[Sample]


def _config(given: Mapping[str, Any]) -> tuple[Task, TaskConfig]:
    try:
        kind = task(str(given.get("task")))
        return kind, cast(TaskConfig, kind.config.model_validate(given))
    except ValidationError as error:
        raise Mismatch(f"The configuration does not fit this version: {invalid(kind.config, error)}") from error
    except BadInput as error:
        raise Mismatch(error.message, error.advice) from error


def _data(request: TrainRequest, config: TaskConfig) -> _Data:
    folder = DatasetFolder(Path(request.dataset))
    if config.split is None:
        raise Mismatch("No split was chosen.", "Choose one under Split.")
    try:
        members = SplitFile(Path(request.splits)).members(config.split)
        data = _Data(folder.classes(), folder.samples(members["train"]), folder.samples(members["val"]))
    except NotFound as error:
        raise DatasetMissing(error.message, error.advice) from error
    for name, samples in (("training", data.train), ("validation", data.val)):
        if not samples:
            raise Mismatch(f"The split has no {name} images.", "Choose or create another split.")
    return data


def _keeper(job: Job, request: TrainRequest, kind: Task, config: TaskConfig, data: _Data, module: Any) -> Keeper:
    stopping = config.training.early_stopping
    facts = {"task": kind.key, "config": config.model_dump_json(), "classes": data.classes, **module.facts}
    return Keeper(
        job=job,
        folder=Path(request.folder).parent / "checkpoints",
        facts=facts,
        about={"task": kind.key, "classes": data.classes, **module.about},
        best=Best(kind.main_metric),
        patience=stopping.patience if stopping else None,
    )


def _fit(job: Job, config: TaskConfig, data: _Data, module: Any, reporter: Reporter) -> None:
    training, devices = config.training, max(len(config.hardware.gpus), 1)
    module.portions = Portions.of(len(data.train), training.batch_size, training.batch_multiplier, devices)
    job.emit(Planned(time=time.time(), epochs=training.epochs, steps_per_epoch=module.portions.steps))
    share = Share(int(os.environ.get("LOCAL_RANK", "0")), devices)
    how = Loading(training, share, pin=bool(config.hardware.gpus), check=job.check_stop)
    val = val_batches(data.val, module.val_pipeline, how)
    train = train_batches(data.train, module.train_pipeline, module.portions, how)
    try:
        with _quiet():
            _trainer(config, reporter).fit(module, train, val)
    except SIGTERMException:
        job.check_stop()
        raise
    finally:
        train.close()
        val.close()


def _trainer(config: TaskConfig, reporter: Reporter) -> Trainer:
    """All that Lightning does beside training is off: the reporter does it, at a thousandth of the price."""
    gpus = len(config.hardware.gpus)
    return Trainer(
        accelerator="gpu" if gpus else "cpu",
        devices=max(gpus, 1),
        strategy="ddp" if gpus > 1 else "auto",
        precision={"32": "32-true"}.get(config.hardware.precision, config.hardware.precision),
        benchmark=bool(gpus),
        max_epochs=config.training.epochs,
        accumulate_grad_batches=config.training.batch_multiplier,
        callbacks=[reporter],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's advertisement, and its use of something that torch 2.14 calls outdated."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
        yield
