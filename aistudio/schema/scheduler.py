"""Learning-rate schedules: pure functions of the step, used by the preview and by the worker alike."""

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from aistudio.schema.base import Config

WarmupEpochs = Annotated[
    int,
    Field(
        ge=0,
        le=1000,
        title="Warmup Epochs",
        description="The learning rate rises linearly to its peak over this many epochs.",
        json_schema_extra={"unit": "epochs"},
    ),
]
Gamma = Annotated[
    float, Field(gt=0, le=1, title="Gamma", description="The learning rate is multiplied by this at each drop.")
]


class Schedule(Config):
    """What all schedules share: a linear warm-up in front of a decay.

    `factor` is what the learning rate of the optimizer is multiplied by at optimizer step `step` (from 0), given
    `steps_per_epoch` optimizer steps in each of `epochs` epochs.
    """

    warmup_epochs: WarmupEpochs = 0

    def factor(self, step: int, steps_per_epoch: int, epochs: int) -> float:
        warmup = self.warmup_epochs * steps_per_epoch
        if step < warmup:
            return (step + 1) / warmup
        total = max(epochs * steps_per_epoch - warmup, 1)
        return self.decay(min((step - warmup) / total, 1.0), step // steps_per_epoch)

    def decay(self, share: float, epoch: int) -> float:
        """The factor once `share` (0 to 1) of the steps after the warm-up are done, in `epoch` counted from 0."""
        return 1.0


class Cosine(Schedule):
    """Half a cosine from the peak to the floor (Loshchilov and Hutter, 2017)."""

    kind: Literal["Cosine"] = "Cosine"
    min_factor: float = Field(
        default=0.0,
        ge=0,
        le=1,
        title="Final Share",
        description="Share of the peak learning rate that is left at the end.",
    )

    def decay(self, share: float, epoch: int) -> float:
        return self.min_factor + (1 - self.min_factor) * (1 + math.cos(math.pi * share)) / 2


class StepLR(Schedule):
    """A drop by gamma every few epochs."""

    kind: Literal["StepLR"] = "StepLR"
    step_size: int = Field(
        default=10,
        ge=1,
        le=10_000,
        title="Step Size",
        description="Epochs between two drops.",
        json_schema_extra={"unit": "epochs"},
    )
    gamma: Gamma = 0.1

    def decay(self, share: float, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(Schedule):
    """A drop by gamma at each milestone."""

    kind: Literal["MultiStepLR"] = "MultiStepLR"
    milestones: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = Field(
        default=(10, 15),
        min_length=1,
        max_length=20,
        title="Milestones",
        description="Epochs after which the learning rate drops, in rising order.",
        json_schema_extra={"unit": "epochs"},
    )
    gamma: Gamma = 0.1

    @field_validator("milestones")
    @classmethod
    def _rising(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(a >= b for a, b in pairwise(value)):
            raise ValueError("must rise, for example 10, 15")
        return value

    def decay(self, share: float, epoch: int) -> float:
        return self.gamma ** bisect_right(self.milestones, epoch)


class PolynomialLR(Schedule):
    """A fall to zero along (1 - share) to a power; 1 is a straight line."""

    kind: Literal["PolynomialLR"] = "PolynomialLR"
    power: float = Field(
        default=1.0, gt=0, le=10, title="Power", description="1 falls in a straight line, 2 falls fast at first."
    )

    def decay(self, share: float, epoch: int) -> float:
        return float((1 - share) ** self.power)


class Constant(Schedule):
    """The learning rate stays at its peak after the warm-up."""

    kind: Literal["None"] = "None"


Scheduler = Annotated[
    Cosine | StepLR | MultiStepLR | PolynomialLR | Constant,
    Field(discriminator="kind", title="Scheduler", description="How the learning rate changes while training."),
]
