"""What is allowed in a config and still probably a mistake."""

import pytest

from aistudio.schema.advice import advice
from aistudio.schema.augmentation import Augmentations
from aistudio.schema.explain import models_in
from aistudio.schema.model import ImageClassifier
from aistudio.schema.optimizer import SGD, Adam, AdamW, Optimizer
from aistudio.schema.scheduler import Cosine, MultiStepLR, Schedule, StepLR
from aistudio.schema.training import EarlyStopping, Training
from aistudio.schema.transforms.base import Transform
from aistudio.schema.transforms.colour import ColorJitter, RandomGamma
from aistudio.schema.transforms.geometry import HorizontalFlip, RandomRotate90, Rotate
from aistudio.schema.transforms.noise import CoarseDropout
from aistudio.schema.transforms.normalisation import NormalizeAsWeights
from aistudio.schema.transforms.size import Resize

SOUND = Augmentations()


def test_the_defaults_need_no_advice() -> None:
    assert advice(Training(), AdamW(), Cosine(warmup_epochs=1), SOUND) == []


@pytest.mark.parametrize(("pretrained", "freeze"), [(True, True), (False, True), (False, False)])
def test_a_backbone_frozen_at_random_weights(pretrained: bool, freeze: bool) -> None:
    model = ImageClassifier(pretrained=pretrained, freeze_backbone=freeze)
    found = advice(Training(), AdamW(), Cosine(warmup_epochs=1), SOUND, model)
    assert [one.section for one in found] == (["model"] if freeze and not pretrained else [])


@pytest.mark.parametrize("kind", models_in(Optimizer))
def test_no_optimizer_needs_advice_as_it_comes(kind: type[Optimizer]) -> None:
    assert advice(Training(), kind(), Cosine(), SOUND) == []


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (SGD(lr=1.5), "A learning rate of 1.5 is very large for SGD"),
        (Adam(lr=0.2), "1e-3 is usual"),
        (AdamW(lr=0.2), "very large for AdamW"),
        (AdamW(lr=1e-8), "A learning rate of 1e-8 is so small"),
        (AdamW(weight_decay=0.5), "A weight decay of 0.5 is very large for AdamW"),
        (SGD(weight_decay=0.02), "very large for SGD"),
        (SGD(momentum=0.999), "adds up some 1,000 steps"),
    ],
)
def test_extreme_values_of_an_optimizer(optimizer: Optimizer, words: str) -> None:
    found = advice(Training(), optimizer, Cosine(), SOUND)
    assert [one.section for one in found] == ["optimizer"]
    assert words in found[0].message


@pytest.mark.parametrize("optimizer", [SGD(lr=1.0, momentum=0.99), Adam(lr=0.1), AdamW(lr=1e-7, weight_decay=0.3)])
def test_what_is_unusual_and_may_still_work_is_left_alone(optimizer: Optimizer) -> None:
    assert advice(Training(), optimizer, Cosine(), SOUND) == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Cosine(warmup_epochs=5), "whole run, there are 5 epochs"),
        (StepLR(step_size=5), "first drop"),
        (MultiStepLR(milestones=(2, 7)), "no effect: 7"),
    ],
)
def test_schedules_that_do_not_fit_the_run(schedule: Schedule, words: str) -> None:
    found = advice(Training(epochs=5), AdamW(), schedule, SOUND)
    assert [one.section for one in found] == ["scheduler"]
    assert words in found[0].message


def test_a_patience_that_never_ends_anything() -> None:
    found = advice(Training(epochs=5, early_stopping=EarlyStopping(patience=5)), AdamW(), Cosine(), SOUND)
    assert [one.section for one in found] == ["training"]


def test_lists_without_size_or_normalisation_and_of_two_sizes() -> None:
    resize = Resize(height=32, width=48)
    lists = Augmentations(train=(resize,), val=(NormalizeAsWeights(),))
    messages = " ".join(one.message for one in advice(Training(), AdamW(), Cosine(), lists))
    assert "training list has no Normalize" in messages
    assert "Nothing in the validation list brings" in messages
    sizes = Augmentations(train=(resize, NormalizeAsWeights()))
    turned = Augmentations(train=(resize, RandomRotate90(), NormalizeAsWeights()))
    assert "training list turns some images" in advice(Training(), AdamW(), Cosine(), turned)[0].message
    assert "Training images end at 48 × 32 px" in advice(Training(), AdamW(), Cosine(), sizes)[0].message


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ([], []),
        ([HorizontalFlip(), RandomRotate90(), ColorJitter(p=0)], []),
        (
            [ColorJitter(), HorizontalFlip(), RandomGamma(), ColorJitter()],
            ["after it, colours are no longer what ColorJitter and RandomGamma can work with, and images are spoilt."],
        ),
        (
            [Rotate(), CoarseDropout()],
            ["what Rotate and CoarseDropout would fill with black gets the mean colour after it."],
        ),
        ([NormalizeAsWeights()], ["has more than one Normalize: after the second, images are nearly constant."]),
    ],
)
@pytest.mark.parametrize("name", ["train", "val"])
def test_what_follows_a_normalize(name: str, after: list[Transform], told: list[str]) -> None:
    sound = SOUND.model_dump()[name]
    lists = Augmentations.model_validate({**SOUND.model_dump(), name: [*sound, *(one.model_dump() for one in after)]})
    found = advice(Training(), AdamW(), Cosine(), lists)
    assert [one.section for one in found] == ["augmentations"] * len(told)
    for one, words in zip(found, told, strict=True):
        assert words in one.message and ("training" if name == "train" else "validation") in one.message
