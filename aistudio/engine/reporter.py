"""Tells the studio how training goes, keeps its checkpoints, and ends it when somebody wants that."""

import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch import Callback
from torch import nn

from aistudio.engine.data.quarantine import Quarantine
from aistudio.engine.job import Job, Stopped
from aistudio.engine.keeper import Keeper, refuse_nonfinite
from aistudio.engine.steplog import StepLog
from aistudio.schema.events import EpochFinished, PhaseEntered
from aistudio.schema.experiment import Phase, Row

ASK_EVERY = 8
ASK_SECONDS = 1.0
log = logging.getLogger(__name__)


class Trainee(Protocol):
    """The LightningModule of a task. Its `training_step` returns `loss`, and for the log `value` and `images`."""

    device: torch.device
    model: nn.Module

    def measured(self) -> dict[str, float]:
        """`val_loss` and the metrics of the validation that just ended; to be called on every device."""
        ...


class Reporter(Callback):  # type: ignore[misc]
    """`step`: how many optimizer steps earlier attempts made."""

    def __init__(self, job: Job, keeper: Keeper, quarantine: Quarantine, seed: int, step: int = 0) -> None:
        self._job = job
        self._keeper = keeper
        self._quarantine = quarantine
        self._seed = seed
        self._steps = StepLog(job, step)
        self._phase: Phase = "loading data"
        self._lr = 0.0
        self._stepping = False
        self._asking = Asking()

    def _enter(self, phase: Phase) -> None:
        if phase != self._phase:
            self._phase = phase
            self._job.emit(PhaseEntered(time=time.time(), phase=phase))

    def on_train_start(self, trainer: Any, module: Trainee) -> None:
        """Lightning's handler of SIGTERM talks to the other devices at once, which wait for something else."""
        self._job.hear()

    def on_train_epoch_start(self, trainer: Any, module: Trainee) -> None:
        self._draw_anew(trainer)
        self._steps.start_epoch(trainer.current_epoch + 1)
        self._enter("epoch")

    def _draw_anew(self, trainer: Any) -> None:
        """Random numbers of the model (dropout) depend on seed, epoch and device alone: a resumed run repeats them."""
        origin = np.random.SeedSequence((self._seed, trainer.current_epoch, trainer.global_rank))
        torch.manual_seed(int(origin.generate_state(1, np.uint64)[0]))

    def on_before_optimizer_step(self, trainer: Any, module: Trainee, optimizer: torch.optim.Optimizer) -> None:
        self._lr = float(optimizer.param_groups[0]["lr"])
        self._stepping = True

    def on_train_batch_end(
        self, trainer: Any, module: Trainee, outputs: Mapping[str, Any], batch: Any, batch_idx: int
    ) -> None:
        self._job.may_leave = False
        self._steps.add(outputs["value"], outputs["images"])
        if self._stepping:
            self._stepping = False
            self._steps.step(self._lr)
        self._steps.flush_if_due()
        self._leave_if_asked(trainer)

    def on_validation_start(self, trainer: Any, module: Trainee) -> None:
        self._steps.flush()
        self._enter("validating")

    def on_validation_batch_end(
        self, trainer: Any, module: Trainee, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        self._leave_if_asked(trainer)

    def on_train_epoch_end(self, trainer: Any, module: Trainee) -> None:
        self._steps.flush()
        refuse_nonfinite(module.model, trainer.current_epoch + 1)
        self._quarantine.share(trainer.world_size)
        row = self._row(trainer, module)
        best = self._keeper.best.offer(row)
        self._job.emit(EpochFinished(time=time.time(), row=row, best=best))
        log.info("Epoch %d of %d: %s", row["epoch"], trainer.max_epochs, _told(row))
        self._enter("saving")
        self._keeper.keep(trainer, module.model.state_dict(), row, best)
        if self._keeper.enough(trainer.current_epoch + 1):
            trainer.should_stop = True

    def _row(self, trainer: Any, module: Trainee) -> Row:
        measured = module.measured()
        return {
            "epoch": trainer.current_epoch + 1,
            "step": trainer.global_step,
            "time": round(self._job.seconds, 4),
            "train_loss": self._train_loss(trainer, module.device),
            "val_loss": measured.pop("val_loss"),
            "lr": self._lr,
            **measured,
        }

    def _train_loss(self, trainer: Any, device: torch.device) -> float:
        """The mean over the images of the epoch, those of other devices included."""
        total, images = self._steps.total, float(self._steps.images)
        if trainer.world_size > 1:
            sums = torch.tensor([total, images], device=device)
            total, images = trainer.strategy.reduce(sums, reduce_op="sum").tolist()
        return total / images

    def _leave_if_asked(self, trainer: Any) -> None:
        """The unfinished epoch is given up. Devices must leave together, so they ask each other now and then."""
        wanted = self._job.stop_requested
        if self._asking.agreed(trainer, wanted) if trainer.world_size > 1 else wanted:
            self._steps.flush()
            raise Stopped


class Asking:
    """Whether any device wants something. They ask each other after eight batches, slow ones about every second.

    All devices have as many batches, and learn from each other after how many to ask again: so they ask together.
    """

    def __init__(self) -> None:
        self._every = 1
        self._batches, self._asked = 0, time.monotonic()

    def agreed(self, trainer: Any, wanted: bool) -> bool:
        self._batches += 1
        if self._batches < self._every:
            return False
        pace = (time.monotonic() - self._asked) / self._batches
        told = torch.tensor([float(wanted), pace], device=trainer.strategy.root_device)
        somebody, slowest = trainer.strategy.reduce(told, reduce_op="max").tolist()
        self._every = min(max(int(ASK_SECONDS / max(slowest, 1e-6)), 1), ASK_EVERY)
        self._batches, self._asked = 0, time.monotonic()
        return bool(somebody)


def _told(row: Row) -> str:
    """The values of an epoch for the console."""
    values = {name: value for name, value in row.items() if name not in ("epoch", "step", "time")}
    return ", ".join(f"{name} {'not a number' if value is None else f'{value:.4g}'}" for name, value in values.items())
