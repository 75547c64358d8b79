"""What is allowed in a config and still probably a mistake, in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aistudio.schema.augmentation import Augmentations
from aistudio.schema.base import Config
from aistudio.schema.model import ImageClassifier
from aistudio.schema.optimizer import SGD, Optimizer
from aistudio.schema.scheduler import MultiStepLR, Schedule, StepLR
from aistudio.schema.training import Training
from aistudio.schema.transforms.base import Transform
from aistudio.schema.transforms.size import Sized, final_size, size_text

SMALL_RATE = 1e-7  # below, a step is lost in the rounding of most weights
LARGE_MOMENTUM = 0.99


class Sound(NamedTuple):
    """Of an optimizer: the rate that is usual, and the largest rate and decay that still make sense."""

    usual: str
    rate: float
    decay: float


SOUND = {"SGD": Sound("1e-2", 1.0, 0.01), "Adam": Sound("1e-3", 0.1, 0.01), "AdamW": Sound("1e-3", 0.1, 0.3)}


@dataclass(frozen=True)
class Advice:
    """`section` is the part of the form that it stands in."""

    section: str
    message: str


def advice(
    training: Training,
    optimizer: Optimizer,
    scheduler: Schedule,
    augmentations: Augmentations,
    model: Config | None = None,
) -> list[Advice]:
    return [
        *(Advice("model", message) for message in _of_model(model)),
        *(Advice("optimizer", message) for message in _of_optimizer(optimizer)),
        *(Advice("scheduler", message) for message in _of_schedule(scheduler, training.epochs)),
        *(Advice("training", message) for message in _of_training(training)),
        *(Advice("augmentations", message) for message in _of_lists(augmentations)),
    ]


def _of_model(model: Config | None) -> Iterator[str]:
    if isinstance(model, ImageClassifier) and model.freeze_backbone and not model.pretrained:
        yield "The backbone is frozen at random weights and learns nothing: use Pretrained, or do not freeze it."


def _of_optimizer(optimizer: Optimizer) -> Iterator[str]:
    kind, rate, decay, sound = optimizer.kind, optimizer.lr, optimizer.weight_decay, SOUND[optimizer.kind]
    usual = f"{sound.usual} is usual."
    if rate > sound.rate:
        yield f"A learning rate of {_text(rate)} is very large for {kind}: the loss may never fall. {usual}"
    if rate < SMALL_RATE:
        yield f"A learning rate of {_text(rate)} is so small that next to nothing will be learned. {usual}"
    if decay > sound.decay:
        yield f"A weight decay of {_text(decay)} is very large for {kind}: weights may shrink faster than they learn."
    if isinstance(optimizer, SGD) and optimizer.momentum > LARGE_MOMENTUM:
        steps = round(1 / (1 - optimizer.momentum))
        yield f"A momentum of {_text(optimizer.momentum)} adds up some {steps:,} steps: training may swing or diverge."


def _text(value: float) -> str:
    return f"{value:g}".replace("e-0", "e-")


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
        yield from _after_normalize(name, transforms)
        if not any(isinstance(one, Sized) for one in transforms):
            yield f"Nothing in the {name} list brings all images to one size; that works only if they have one already."
        elif final_size(transforms) is None:
            yield f"The {name} list turns some images on their side, which then have another size: make it square."
    train, val = final_size(augmentations.train), final_size(augmentations.val)
    if train and val and train != val:
        yield f"Training images end at {size_text(train)} px, validation images at {size_text(val)} px."


def _after_normalize(name: str, transforms: Sequence[Transform]) -> Iterator[str]:
    """The order is the user's, but nearly all transforms are written for colours as files have them."""
    kinds = [transform.kind for transform in transforms]
    if "Normalize" not in kinds:
        return
    if kinds.count("Normalize") > 1:
        yield f"The {name} list has more than one Normalize: after the second, images are nearly constant."
    after = [one for one in transforms[kinds.index("Normalize") + 1 :] if getattr(one, "p", 1) > 0]
    last = f"Normalize should come last in the {name} list"
    if blind := dict.fromkeys(one.kind for one in after if one.expects == "range"):
        yield f"{last}: after it, colours are no longer what {_and(blind)} can work with, and images are spoilt."
    if fillers := dict.fromkeys(one.kind for one in after if one.expects == "black"):
        yield f"{last}: what {_and(fillers)} would fill with black gets the mean colour after it."


def _and(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
