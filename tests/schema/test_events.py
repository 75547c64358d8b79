"""What workers say: one JSON line each, read again as what it was."""

from typing import get_args

import pytest
from pydantic import ValidationError

from aistudio.schema.events import (
    EVENT,
    AnyEvent,
    CheckpointSaved,
    EpochFinished,
    ImagePreviewed,
    ImageSkipped,
    ImportProgressed,
    ImportReported,
    PhaseEntered,
    Planned,
    Resumed,
    Started,
    StepsLogged,
    Warned,
)
from aistudio.schema.preview import PreviewImage, PreviewPicture
from aistudio.schema.project import ImportReport, Problem

SAID: list[AnyEvent] = [
    Started(time=1.5, attempt=2),
    Resumed(time=1.5, epoch=3),
    ImageSkipped(time=1.5, image="a.png", message="is cut off", skipped=1),
    PhaseEntered(time=1.5, phase="validating"),
    Planned(time=1.5, epochs=3, steps_per_epoch=4),
    StepsLogged(time=1.5, epoch=1, step=1, elapsed=[0.1, 0.2], train_loss=[1.0, None], lr=[0.1, 0.2]),
    EpochFinished(time=1.5, row={"epoch": 1.0, "val_loss": None}, best=True),
    CheckpointSaved(time=1.5, name="last", epoch=1),
    Warned(time=1.5, message="“quotes” and\nlines"),
    ImportProgressed(time=1.5, status="importing", done=1, total=2),
    ImportReported(time=1.5, report=ImportReport(images=1, problems=[Problem(file="a", message="b")])),
    ImagePreviewed(
        time=1.5,
        image=PreviewImage(id=1, name="a", pictures=[PreviewPicture(file="1-0.jpg", width=2, height=3, values=(0, 1))]),
    ),
]


@pytest.mark.parametrize("event", SAID, ids=lambda event: event.event)
def test_an_event_is_one_line_and_reads_back(event: AnyEvent) -> None:
    line = event.model_dump_json()
    assert "\n" not in line
    assert EVENT.validate_json(line) == event


def test_every_event_was_said() -> None:
    union = get_args(get_args(AnyEvent)[0])
    assert {type(event) for event in SAID} == set(union)


def test_steps_with_a_missing_number_are_no_event() -> None:
    with pytest.raises(ValidationError, match="same length"):
        StepsLogged(time=1.5, epoch=1, step=1, elapsed=[0.1], train_loss=[1.0, 2.0], lr=[0.1])


def test_what_a_newer_worker_adds_is_kept() -> None:
    event = EVENT.validate_json('{"event": "warning", "time": 1, "message": "m", "severity": "low"}')
    assert '"severity":"low"' in event.model_dump_json()
