"""The train job: from a request to a fitted model, its metrics and its checkpoints."""

import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # Lightning counts GPUs: that must not start CUDA

import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.utilities.exceptions import SIGTERMException
from pydantic import ValidationError

from aistudio.engine.data.batches import Share
from aistudio.engine.data.loaders import Loading, first_image, train_batches, val_batches
from aistudio.engine.data.quarantine import Quarantine
from aistudio.engine.job import Job, Stopped
from aistudio.engine.keeper import Best, Keeper, Patience
from aistudio.engine.preflight import MemoryFit, check_shared_memory
from aistudio.engine.processor import keep_memory, use_cores
from aistudio.engine.ranks import processes
from aistudio.engine.reporter import Reporter
from aistudio.engine.resume import Checkpoint, Restorer, announce, open_checkpoint, restore_model
from aistudio.engine.system import sampled
from aistudio.engine.tasks import engine
from aistudio.errors import BadInput, DatasetMissing, Mismatch, NotFound, StartFailed
from aistudio.schema.events import PhaseEntered, Planned, TrainRequest
from aistudio.schema.experiment import Extension, total_epochs
from aistudio.schema.explain import invalid
from aistudio.schema.portions import Portions
from aistudio.schema.training import Hardware
from aistudio.store.dataset import DatasetFolder, Sample
from aistudio.store.splits import SplitFile
from aistudio.tasks import task
from aistudio.tasks.base import Task, TaskConfig


def run(job: Job, request: TrainRequest) -> None:
    job.emit(PhaseEntered(time=time.time(), phase="loading data"))
    kind, config = _config(request.config)
    _see(config.hardware)
    devices = processes(config.hardware)
    job.seconds_before = request.seconds_before
    job.spread(devices)
    with sampled(job, config.hardware):
        _train(job, request, kind, config, devices)


def _train(job: Job, request: TrainRequest, kind: Task, config: TaskConfig, devices: int) -> None:
    if not config.hardware.gpus:
        use_cores(devices)
        keep_memory()
    checkpoint = open_checkpoint(request, _checkpoints(request))
    data = _data(request, config)
    job.check_stop()
    seed_everything(config.training.seed, workers=True, verbose=False)
    weights_dir = Path(request.weights_dir) if request.weights_dir else None
    module = engine(kind.key).create(config, data.classes, weights_dir, checkpoint.state if checkpoint else None)
    job.check_stop()
    module.extensions = request.extensions
    keeper = _keeper(job, request, kind, config, data, module, checkpoint)
    if checkpoint is not None:
        restore_model(checkpoint, module.model, keeper.facts)
        announce(job, checkpoint, keeper.best.epoch)
    keeper.prepare()
    _fit(_Run(job, config, devices, data, module, keeper, checkpoint))


def _see(hardware: Hardware) -> None:
    """The driver may have lost a card since Train was pressed."""
    found = torch.cuda.device_count() if hardware.gpus else 0
    if found < len(hardware.gpus):
        raise StartFailed(
            f"{', '.join(hardware.used)} cannot be used: CUDA finds {found or 'no'} GPU.",
            "Look with nvidia-smi whether the driver sees it; then start again, or choose another Device.",
        )


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


def _checkpoints(request: TrainRequest) -> Path:
    return Path(request.folder).parent / "checkpoints"


def _keeper(
    job: Job,
    request: TrainRequest,
    kind: Task,
    config: TaskConfig,
    data: _Data,
    module: Any,
    checkpoint: Checkpoint | None,
) -> Keeper:
    facts = {"task": kind.key, "config": config.model_dump_json(), "classes": data.classes, **module.facts}
    return Keeper(
        job=job,
        folder=_checkpoints(request),
        facts=facts,
        about={"task": kind.key, "classes": data.classes, **module.about},
        best=checkpoint.best_of(kind.main_metric) if checkpoint else Best(kind.main_metric),
        patience=_patience(config, request, checkpoint),
    )


def _patience(config: TaskConfig, request: TrainRequest, checkpoint: Checkpoint | None) -> Patience:
    """Counted anew from where an extension begins that the checkpoint does not know of."""
    stopping, extensions = config.training.early_stopping, len(request.extensions)
    since = 0
    if checkpoint is not None:
        known = checkpoint.state["patience"]
        since = _begin(request, checkpoint) if extensions > known["extensions"] else known["since"]
    return Patience(stopping.patience if stopping else None, since, extensions)


def _begin(request: TrainRequest, checkpoint: Checkpoint) -> int:
    """Where the newest extension begins to count; `prev` may be of an epoch before."""
    return max(checkpoint.epoch, request.extensions[-1].after or 0)


@dataclass(frozen=True)
class _Run:
    """All that was made ready for one attempt."""

    job: Job
    config: TaskConfig
    devices: int
    data: _Data
    module: Any
    keeper: Keeper
    checkpoint: Checkpoint | None

    @property
    def epochs(self) -> int:
        extensions: Sequence[Extension] = self.module.extensions
        return total_epochs(self.config.training.epochs, extensions)

    @property
    def is_over(self) -> bool:
        """Whether the checkpoint is of the last epoch: the attempt before died after it."""
        epoch = self.checkpoint.epoch if self.checkpoint else 0
        return epoch >= self.epochs or (epoch > 0 and self.keeper.enough(epoch))


def _fit(run: _Run) -> None:
    job, training, module = run.job, run.config.training, run.module
    module.portions = Portions.of(len(run.data.train), training.batch_size, training.batch_multiplier, run.devices)
    job.emit(Planned(time=time.time(), epochs=run.epochs, steps_per_epoch=module.portions.steps))
    if run.is_over:
        return
    quarantine = Quarantine(len(run.data.train), job.emit)
    share = Share(job.rank, run.devices)
    how = Loading(training, share, bool(run.config.hardware.gpus), job.check_stop, quarantine.add)
    image = first_image(run.data.train, module.train_pipeline, how)
    check_shared_memory(image, training)
    val = val_batches(run.data.val, module.val_pipeline, how)
    train = train_batches(run.data.train, module.train_pipeline, module.portions, how)
    step = run.checkpoint.step if run.checkpoint else 0
    callbacks = [
        MemoryFit(job, image, min(training.batch_size, module.portions.images)),
        Reporter(job, run.keeper, quarantine, training.seed, step),
        *([Restorer(run.checkpoint)] if run.checkpoint else []),
    ]
    try:
        with _quiet():
            _trainer(run, callbacks).fit(module, train, val)
    except SIGTERMException:
        raise Stopped from None
    finally:
        train.close()
        val.close()


def _trainer(run: _Run, callbacks: list[Callback]) -> Trainer:
    """All that Lightning does beside training is off: the reporter does it, at a thousandth of the price."""
    gpus, precision = bool(run.config.hardware.gpus), run.config.hardware.precision
    return Trainer(
        accelerator="gpu" if gpus else "cpu",
        devices=run.devices,
        strategy="ddp" if run.devices > 1 else "auto",
        precision={"32": "32-true"}.get(precision, precision),
        benchmark=gpus,
        max_epochs=run.epochs,
        accumulate_grad_batches=run.config.training.batch_multiplier,
        callbacks=callbacks,
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
