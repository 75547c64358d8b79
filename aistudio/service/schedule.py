"""The learning rate that a config leads to, before anything is trained."""

from dataclasses import dataclass

from aistudio.errors import NotFound
from aistudio.schema.portions import Portions
from aistudio.schema.scheduler import MultiStepLR, Schedule, StepLR
from aistudio.studio import Studio
from aistudio.tasks.base import TaskConfig

POINTS = 300


@dataclass(frozen=True)
class Preview:
    """`points`: (step from 1, epochs done by then, learning rate). `drops`: epochs after which the rate falls."""

    points: list[tuple[int, float, float]]
    steps_per_epoch: int
    epochs: int
    warmup_epochs: int
    drops: list[int]

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs


def preview(studio: Studio, pid: str, config: TaskConfig, lr: float) -> Preview | None:
    """The formula of the worker, at up to 300 steps and at both ends of each drop. None without a split."""
    images = _training_images(studio, pid, config.split)
    if not images:
        return None
    training, schedule = config.training, config.scheduler
    devices = max(len(config.hardware.gpus), 1)
    each = Portions.of(images, training.batch_size, training.batch_multiplier, devices).steps
    drops = [epoch for epoch in _drops(schedule, training.epochs) if epoch < training.epochs]
    points = [
        (step + 1, (step + 1) / each, lr * schedule.factor(step, each, training.epochs))
        for step in _steps(each * training.epochs, [schedule.warmup_epochs * each, *(epoch * each for epoch in drops)])
    ]
    return Preview(points, each, training.epochs, min(schedule.warmup_epochs, training.epochs), drops)


def _training_images(studio: Studio, pid: str, split: str | None) -> int:
    if split is None:
        return 0
    try:
        return studio.workspace.project(pid).splits.get(split).size("train")
    except NotFound:
        return 0


def _drops(schedule: Schedule, epochs: int) -> list[int]:
    if isinstance(schedule, MultiStepLR):
        return list(schedule.milestones)
    return list(range(schedule.step_size, epochs, schedule.step_size)) if isinstance(schedule, StepLR) else []


def _steps(total: int, corners: list[int]) -> list[int]:
    """Evenly spread steps, and the two at each corner."""
    even = {round(number * (total - 1) / (POINTS - 1)) for number in range(POINTS)}
    return sorted(even | {step for corner in corners for step in (corner - 1, corner) if 0 <= step < total})
