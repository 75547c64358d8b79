"""The losses of steps: kept on the device, pulled in one go, told to the studio in portions."""

import math
import operator
import time
from typing import NamedTuple

import torch
from torch import Tensor

from aistudio.engine.job import Job
from aistudio.errors import NonFiniteLoss
from aistudio.schema.events import StepsLogged

INTERVAL = 0.5


class _Step(NamedTuple):
    batches: int
    lr: float
    elapsed: float


class StepLog:
    """`total` and `images`: sum of the losses of all images of the epoch so far, and how many they are."""

    def __init__(self, job: Job, step: int = 0) -> None:
        self._job = job
        self._logged = step
        self._values: list[Tensor] = []
        self._counts: list[int] = []
        self._steps: list[_Step] = []
        self._open = 0
        self._flushed_at = time.monotonic()
        self.total, self.images = 0.0, 0

    def start_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        self.total, self.images = 0.0, 0

    def add(self, value: Tensor, images: int) -> None:
        """The mean loss of a batch of so many images; no wait for the device."""
        self._values.append(value)
        self._counts.append(images)
        self._open += 1

    def step(self, lr: float) -> None:
        """The batches since the last call made one optimizer step."""
        self._steps.append(_Step(self._open, lr, self._job.seconds))
        self._open = 0

    def flush_if_due(self) -> None:
        if time.monotonic() - self._flushed_at >= INTERVAL:
            self.flush()

    def flush(self) -> None:
        """Tells all whole steps. Raises NonFiniteLoss if there is one that is not a number."""
        self._flushed_at = time.monotonic()
        if not self._steps:
            return
        steps, losses = self._steps, self._pull()
        self._steps = []
        first, self._logged = self._logged + 1, self._logged + len(steps)
        self._job.emit(
            StepsLogged(
                time=time.time(),
                epoch=self._epoch,
                step=first,
                elapsed=[round(step.elapsed, 4) for step in steps],
                train_loss=list(losses),
                lr=[step.lr for step in steps],
            )
        )
        self._refuse_nonfinite(first, losses)

    def _pull(self) -> list[float]:
        """The mean loss of each whole step; the batches of a step under way stay."""
        whole = sum(step.batches for step in self._steps)
        values: list[float] = torch.stack(self._values[:whole]).tolist()
        if whole == len(self._steps):  # a batch is a step, and needs no mean
            self.total += sum(map(operator.mul, values, self._counts[:whole]))
            self.images += sum(self._counts[:whole])
            self._values, self._counts = self._values[whole:], self._counts[whole:]
            return values
        pairs = iter([(value * count, count) for value, count in zip(values, self._counts[:whole], strict=True)])
        self._values, self._counts = self._values[whole:], self._counts[whole:]
        losses = []
        for step in self._steps:
            sums, counts = zip(*(next(pairs) for _ in range(step.batches)), strict=True)
            losses.append(sum(sums) / sum(counts))
            self.total, self.images = self.total + sum(sums), self.images + sum(counts)
        return losses

    def _refuse_nonfinite(self, first: int, losses: list[float]) -> None:
        if math.isfinite(sum(losses)):
            return
        for step, loss in enumerate(losses, start=first):
            if not math.isfinite(loss):
                kind = "not a number" if math.isnan(loss) else "infinite"
                raise NonFiniteLoss(f"The training loss became {kind} in epoch {self._epoch}, step {step}.")
