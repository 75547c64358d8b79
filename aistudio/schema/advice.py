"""What is allowed in a config and still probably a mistake, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aistudio.schema.augmentation import Augmentations
from aistudio.schema.scheduler import MultiStepLR, Schedule, StepLR
from aistudio.schema.training import Training
from aistudio.schema.transforms.base import Transform

SIZED = ("Resize", "RandomResizedCrop", "CenterCrop", "RandomCrop")


@dataclass(frozen=True)
class Advice:
    """`section` is the part of the form that it stands in."""

    section: str
    message: str


def advice(training: Training, scheduler: Schedule, augmentations: Augmentations) -> list[Advice]:
    return [
        *(Advice("scheduler", message) for message in _of_schedule(scheduler, training.epochs)),
        *(Advice("training", message) for message in _of_training(training)),
        *(Advice("augmentations", message) for message in _of_lists(augmentations)),
    ]


def _of_schedule(scheduler: Schedule, epochs: int) -> Iterator[str]:
    if scheduler.warmup_epochs >= epochs:
        yield f"The warm-up takes the whole run, there {_are(epochs)}: the learning rate only rises."
    if isinstance(scheduler, StepLR) and scheduler.step_size >= epochs:
        yield f"The first drop would come after epoch {scheduler.step_size}, but there {_are(epochs)}."
    if isinstance(scheduler, MultiStepLR) and (late := [one for one in scheduler.milestones if one >= epochs]):
        yield f"Milestones after the last epoch have no effect: {', '.join(map(str, late))}."


def _are(epochs: int) -> str:
    return "is 1 epoch" if epochs == 1 else f"are {epochs} epochs"


def _of_training(training: Training) -> Iterator[str]:
    stopping = training.early_stopping
    if stopping is not None and stopping.patience >= training.epochs:
        yield f"A patience of {stopping.patience} epochs never ends a run of {training.epochs}."


def _of_lists(augmentations: Augmentations) -> Iterator[str]:
    for name, transforms in (("training", augmentations.train), ("validation", augmentations.val)):
        kinds = [transform.kind for transform in transforms]
        if "Normalize" not in kinds:
            yield f"The {name} list has no Normalize: the model gets colours from 0 to 1, unlike its weights expect."
        if not any(kind in SIZED for kind in kinds):
            yield f"Nothing in the {name} list brings all images to one size; that works only if they have one already."
    sizes = [_size(transforms) for transforms in (augmentations.train, augmentations.val)]
    if None not in sizes and sizes[0] != sizes[1]:
        train, val = (f"{size[1]} × {size[0]}" for size in sizes if size)
        yield f"Training images end at {train} px, validation images at {val} px."


def _size(transforms: Sequence[Transform]) -> tuple[int, int] | None:
    """Height and width that the list ends at, if it says so."""
    found = [(getattr(one, "height"), getattr(one, "width")) for one in transforms if one.kind in SIZED]  # noqa: B009
    return found[-1] if found else None
