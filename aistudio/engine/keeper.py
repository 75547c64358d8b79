"""What stays of an epoch: which was the best, when enough is enough, and the checkpoints."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aistudio.engine.checkpoints import on_cpu, save
from aistudio.engine.job import Job
from aistudio.errors import NonFiniteLoss
from aistudio.schema.events import CheckpointSaved
from aistudio.schema.experiment import MainMetric, Row
from aistudio.store.checkpoint_writer import Name, secure, tidy


@dataclass
class Best:
    """The best value of the main metric so far, and its epoch. Of equal ones the earlier stays."""

    metric: MainMetric
    value: float | None = None
    epoch: int = 0

    def offer(self, row: Row) -> bool:
        value = row[self.metric.name]
        if value is None or not math.isfinite(value):
            return False
        if self.value is not None and not self.metric.better(value, self.value):
            return False
        self.value, self.epoch = value, int(row["epoch"] or 0)
        return True


@dataclass(frozen=True)
class Patience:
    """How many epochs without a better one end a run. An extension gives all of them again: `since` is its start."""

    epochs: int | None
    since: int = 0
    extensions: int = 0

    def is_over(self, epoch: int, best: int) -> bool:
        return self.epochs is not None and epoch - max(best, self.since) >= self.epochs


@dataclass(frozen=True)
class Keeper:
    """`facts` go into every checkpoint: task, config, classes, mean and deviation. `about` goes into the sidecar."""

    job: Job
    folder: Path
    facts: Mapping[str, Any]
    about: Mapping[str, Any]
    best: Best
    patience: Patience

    def prepare(self) -> None:
        if self.job.is_main and self.folder.exists():
            tidy(self.folder)
            secure(self.folder)

    def enough(self, epoch: int) -> bool:
        """Whether early stopping ends the run after this epoch."""
        return self.patience.is_over(epoch, self.best.epoch)

    def keep(self, trainer: Any, model: Mapping[str, Any], row: Row, best: bool) -> None:
        if not self.job.is_main:
            return
        self.job.sync()  # a resumed run tells the row of the checkpoint again, but none of those before it
        state = {**self.facts, "model": on_cpu(model), "epoch": int(row["epoch"] or 0), "row": dict(row)}
        if best:
            self._save("best", state)
        self._save("last", {**state, **self._progress(trainer)})

    def _progress(self, trainer: Any) -> dict[str, Any]:
        """What only going on needs."""
        return {
            "step": trainer.global_step,
            "optimizer": trainer.optimizers[0].state_dict(),
            "scheduler": trainer.lr_scheduler_configs[0].scheduler.state_dict(),
            "precision": trainer.precision_plugin.state_dict(),
            "best": {"value": self.best.value, "epoch": self.best.epoch},
            "patience": {"since": self.patience.since, "extensions": self.patience.extensions},
        }

    def _save(self, name: Name, state: Mapping[str, Any]) -> None:
        save(self.folder, name, state, {**self.about, "epoch": state["epoch"]})
        self.job.emit(CheckpointSaved(time=time.time(), name=name, epoch=state["epoch"]))


def refuse_nonfinite(model: nn.Module, epoch: int) -> None:
    """Raises NonFiniteLoss before a ruined epoch is kept: its last step may spoil the weights after a good loss.

    A buffer may be infinite, as bounds that do not bind are; the weights that are trained may not.
    """
    found = {name: value.isfinite().all() for name, value in model.named_parameters()}
    found |= {name: ~value.isnan().any() for name, value in model.named_buffers() if value.is_floating_point()}
    if not torch.stack(list(found.values())).all():
        name = next(name for name, good in found.items() if not good)
        raise NonFiniteLoss(f"The weights became infinite or not a number in epoch {epoch}: {name}.")
