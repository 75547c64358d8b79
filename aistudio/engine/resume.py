"""Going on from a checkpoint: read and checked before anything is built on it, then put back into Lightning's loops."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from torch import nn

from aistudio.engine.checkpoints import load, verify
from aistudio.engine.job import Job
from aistudio.engine.keeper import Best
from aistudio.errors import Damaged, Mismatch
from aistudio.schema.events import EpochFinished, Resumed, TrainRequest
from aistudio.schema.experiment import MainMetric, Row
from aistudio.store.checkpoints import description

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """What `last` or `prev` holds. The keys are those that the keeper writes.

    `best` is the row of what `best` holds, None if it is not there whole. It may be of a later epoch: it is saved
    before `last`, and `prev` is of the epoch before.
    """

    name: str
    state: Mapping[str, Any]
    best: Row | None = None

    @property
    def epoch(self) -> int:
        return int(self.state["epoch"])

    @property
    def step(self) -> int:
        return int(self.state["step"])

    @property
    def row(self) -> Row:
        return dict(self.state["row"])

    def best_of(self, metric: MainMetric) -> Best:
        """What a later epoch must be better than to replace the best weights there are."""
        if self.best is None:
            return Best(metric, **self.state["best"])
        return Best(metric, self.best[metric.name], int(self.best["epoch"] or 0))


def open_checkpoint(request: TrainRequest, folder: Path) -> Checkpoint | None:
    """The checkpoint that the request names, or None if training starts anew. Raises Mismatch if it is damaged."""
    if request.resume is None:
        return None
    path = folder / f"{request.resume}.ckpt"
    try:
        return Checkpoint(request.resume, load(path), _best(folder / "best.ckpt"))
    except Damaged as error:
        raise Mismatch(error.message, _way_out(path)) from error


def _best(path: Path) -> Row | None:
    if not verify(path):
        return None
    return dict(torch.load(path, map_location="cpu", weights_only=True, mmap=True)["row"])


def _way_out(path: Path) -> str:
    prev = path.with_name("prev.ckpt")
    if path != prev and verify(prev):
        epoch = (description(prev) or {}).get("epoch")
        return f"Resume from the previous checkpoint, {prev.name}, which has epoch {epoch}."
    return "There is no earlier checkpoint that is whole: train again from the start."


def restore_model(checkpoint: Checkpoint, model: nn.Module, facts: Mapping[str, Any]) -> None:
    """Raises Mismatch if the checkpoint is of another task, other classes or another network."""
    state = checkpoint.state
    file = f"{checkpoint.name}.ckpt"
    for what, saved, wanted in (
        ("task", state["task"], facts["task"]),
        ("classes", ", ".join(state["classes"]), ", ".join(facts["classes"])),
        ("architecture", _architecture(state), _architecture(facts)),
    ):
        if saved != wanted:
            advice = "Train again from the start, or put back what it was trained with."
            raise Mismatch(f"The {what} of {file} ({saved}) and of this run ({wanted}) are not the same.", advice)
    try:
        model.load_state_dict(state["model"])
    except RuntimeError as error:
        line = " ".join(str(error).split())[:200]
        raise Mismatch(f"{file} does not fit the network: {line}", "Train again from the start.") from error


def _architecture(facts: Mapping[str, Any]) -> str:
    return str(json.loads(facts["config"])["model"]["backbone"])


def announce(job: Job, checkpoint: Checkpoint, best_epoch: int) -> None:
    """The row again: a crash may have come between the checkpoint and the line that tells of its epoch."""
    job.emit(Resumed(time=time.time(), epoch=checkpoint.epoch, checkpoint=checkpoint.name, best=checkpoint.best))
    job.emit(EpochFinished(time=time.time(), row=checkpoint.row, best=best_epoch == checkpoint.epoch))
    if best_epoch > checkpoint.epoch:
        log.info("The best weights stay those of epoch %d, until a later one is better.", best_epoch)


class Restorer(Callback):  # type: ignore[misc]
    """Puts optimizer, schedule, precision and counters back once Lightning has set all up."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def on_fit_start(self, trainer: Any, module: Any) -> None:
        state = self._checkpoint.state
        try:
            trainer.optimizers[0].load_state_dict(state["optimizer"])
        except ValueError as error:
            raise Mismatch(
                f"The optimizer of {self._checkpoint.name}.ckpt is another one: {error}.", "Train again from the start."
            ) from error
        trainer.precision_plugin.load_state_dict(state["precision"])
        self._schedule(trainer.lr_scheduler_configs[0].scheduler, trainer.optimizers[0], module.portions.steps)
        self._count(trainer.fit_loop)

    def _schedule(self, scheduler: Any, optimizer: Any, steps_per_epoch: int) -> None:
        """The rate is computed anew: an extension may begin where the saved one had come to an end.

        By epochs, not by steps: a data set that changed since then has more or fewer of them in an epoch.
        """
        scheduler.load_state_dict(self._checkpoint.state["scheduler"])
        scheduler.last_epoch = self._checkpoint.epoch * steps_per_epoch
        for group, peak, factor in zip(optimizer.param_groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True):
            group["lr"] = peak * factor(scheduler.last_epoch)

    def _count(self, loop: Any) -> None:
        """As they are in Lightning when an epoch was finished in the same process."""
        epoch, step = self._checkpoint.epoch, self._checkpoint.step
        for progress in (loop.epoch_progress.current, loop.epoch_progress.total):
            progress.ready = progress.started = progress.processed = progress.completed = epoch
        steps = loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step
        steps.total.ready = steps.total.completed = step
        loop.epoch_loop._batches_that_stepped = step
