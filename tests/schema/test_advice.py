"""What is allowed in a config and still probably a mistake."""

import pytest

from aistudio.schema.advice import advice
from aistudio.schema.augmentation import Augmentations
from aistudio.schema.scheduler import Cosine, MultiStepLR, Schedule, StepLR
from aistudio.schema.training import EarlyStopping, Training
from aistudio.schema.transforms.normalisation import NormalizeAsWeights
from aistudio.schema.transforms.size import Resize

SOUND = Augmentations()


def test_the_defaults_need_no_advice() -> None:
    assert advice(Training(), Cosine(warmup_epochs=1), SOUND) == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Cosine(warmup_epochs=5), "whole run, there are 5 epochs"),
        (StepLR(step_size=5), "first drop"),
        (MultiStepLR(milestones=(2, 7)), "no effect: 7"),
    ],
)
def test_schedules_that_do_not_fit_the_run(schedule: Schedule, words: str) -> None:
    found = advice(Training(epochs=5), schedule, SOUND)
    assert [one.section for one in found] == ["scheduler"]
    assert words in found[0].message


def test_a_patience_that_never_ends_anything() -> None:
    found = advice(Training(epochs=5, early_stopping=EarlyStopping(patience=5)), Cosine(), SOUND)
    assert [one.section for one in found] == ["training"]


def test_lists_without_size_or_normalisation_and_of_two_sizes() -> None:
    resize = Resize(height=32, width=48)
    lists = Augmentations(train=(resize,), val=(NormalizeAsWeights(),))
    messages = " ".join(one.message for one in advice(Training(), Cosine(), lists))
    assert "training list has no Normalize" in messages
    assert "Nothing in the validation list brings" in messages
    sizes = Augmentations(train=(resize, NormalizeAsWeights()))
    assert "Training images end at 48 × 32 px" in advice(Training(), Cosine(), sizes)[0].message
