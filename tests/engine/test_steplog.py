"""Losses are told once, in order, as means of their steps; one that is no number ends the run by name."""

import math
from pathlib import Path

import pytest
import torch

from aistudio.engine.steplog import StepLog
from aistudio.errors import NonFiniteLoss
from aistudio.schema.events import StepsLogged
from tests.engine.conftest import Recorder

pytestmark = pytest.mark.engine


@pytest.fixture
def job(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path, lambda events: False)


def told(job: Recorder) -> list[StepsLogged]:
    return [event for event in job.events if isinstance(event, StepsLogged)]


def test_a_step_is_the_mean_over_its_images(job: Recorder) -> None:
    log = StepLog(job)
    log.start_epoch(1)
    for loss, images in ((1.0, 3), (2.0, 1)):
        log.add(torch.tensor(loss), images)
    log.step(0.1)
    log.add(torch.tensor(9.0), 4)
    log.flush()
    log.step(0.2)
    log.flush()
    assert [(event.step, event.train_loss, event.lr) for event in told(job)] == [(1, [1.25], [0.1]), (2, [9.0], [0.2])]
    assert log.total / log.images == pytest.approx(41 / 8)


@pytest.mark.parametrize(("value", "word"), [(math.nan, "not a number"), (math.inf, "infinite")])
def test_the_step_that_is_no_number_is_named(job: Recorder, value: float, word: str) -> None:
    log = StepLog(job, step=10)
    log.start_epoch(4)
    for loss in (1.0, 2.0, value):
        log.add(torch.tensor(loss), 1)
        log.step(0.1)
    with pytest.raises(NonFiniteLoss, match=f"{word} in epoch 4, step 13"):
        log.flush()
    assert told(job)[0].step == 11
