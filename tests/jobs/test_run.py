"""What a run has said so far: folded, thinned, and read from a growing file."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from aistudio.jobs import curves
from aistudio.jobs.curves import StepRow, thin
from aistudio.jobs.run import Run
from aistudio.jobs.steps import Steps, read
from aistudio.jobs.tail import Tail
from aistudio.schema.events import (
    EVENT,
    CheckpointSaved,
    EpochFinished,
    PhaseEntered,
    Planned,
    Resumed,
    Started,
    StepsLogged,
    Warned,
)
from aistudio.schema.experiment import MainMetric, Progress

HIGHEST = MainMetric(name="val_accuracy", direction="max")
LOWEST = MainMetric(name="val_loss", direction="min")


def epoch(number: int, accuracy: float | None, seconds: float | None = None) -> EpochFinished:
    at = number * 10.0 if seconds is None else seconds
    row = {"epoch": float(number), "step": number * 4.0, "time": at, "val_accuracy": accuracy, "val_loss": accuracy}
    return EpochFinished(time=0, row=row)


def steps(number: int) -> StepsLogged:
    first = (number - 1) * 4 + 1
    elapsed = [(first + index) * 2.5 - 2.5 + 2.5 for index in range(4)]
    return StepsLogged(time=0, epoch=number, step=first, elapsed=elapsed, train_loss=[1.0] * 4, lr=[0.1] * 4)


def run_of(*accuracies: float | None, metric: MainMetric = HIGHEST, epochs: int = 10) -> Run:
    run = Run(metric)
    run.feed(Planned(time=0, epochs=epochs, steps_per_epoch=4))
    for number, accuracy in enumerate(accuracies, start=1):
        run.feed(steps(number))
        run.feed(epoch(number, accuracy))
    return run


def test_a_new_run_has_nothing_yet() -> None:
    run = Run(HIGHEST)
    assert (run.best, run.best_epoch, run.seconds, run.progress) == (None, None, None, Progress())
    assert run.metrics.best is run.metrics.last is None
    assert curves.table(run).rows == []


def test_the_best_epoch_is_the_first_of_equals() -> None:
    assert run_of(0.5, 0.7, 0.7, 0.6).best_epoch == 2
    assert run_of(0.5, 0.7, 0.4, 0.4, metric=LOWEST).best_epoch == 3
    assert run_of(None, 0.1, None).best_epoch == 2
    assert run_of(None).best is None
    assert run_of(0.0, 0.0).best_epoch == 1


def test_metrics_are_those_of_the_best_and_the_last_epoch() -> None:
    metrics = run_of(0.5, 0.7, 0.6).metrics
    assert metrics.best is not None
    assert metrics.last is not None
    assert (metrics.best["val_accuracy"], metrics.last["val_accuracy"]) == (0.7, 0.6)


def test_progress_counts_finished_epochs_and_steps_and_tells_the_rest() -> None:
    run = run_of(0.5, 0.6)
    assert run.progress == Progress(epoch=2, epochs=10, step=8, steps=40, eta_seconds=80)
    run.feed(steps(3))
    assert run.progress.step == 12
    assert run.progress.eta_seconds == pytest.approx(70)
    assert run.seconds == 30
    assert run_of(*[0.5] * 10).progress.eta_seconds == 0


def test_before_the_first_epoch_the_steps_tell_the_rest() -> None:
    run = run_of()
    assert run.progress.eta_seconds is None
    run.feed(steps(1))
    assert run.progress.eta_seconds == pytest.approx(90)


def test_what_a_stop_would_give_up_is_what_came_since_the_last_epoch() -> None:
    run = run_of(0.5)
    assert run.unfinished == (0, 0.0)
    run.feed(steps(2))
    assert run.unfinished == (4, 10.0)
    assert Run(HIGHEST).unfinished == (0, 0.0)
    first = Run(HIGHEST)
    first.feed(steps(1))
    assert first.unfinished == (4, 7.5)


def test_a_resumed_attempt_forgets_what_it_does_again() -> None:
    run = run_of(0.5, 0.9, 0.6)
    run.feed(Resumed(time=0, epoch=1))
    assert (run.best_epoch, run.progress.epoch, len(run.step_rows)) == (1, 1, 4)
    run.feed(steps(2))
    run.feed(epoch(2, 0.6))
    assert [row["epoch"] for row in run.epoch_rows] == [1, 2]
    assert run.best_epoch == 2


def test_the_best_weights_may_be_of_an_epoch_that_was_given_up() -> None:
    """They stay the best until an epoch is better, also through a further attempt."""
    run = run_of(0.5, 0.4, 0.9)
    kept = epoch(3, 0.9).row
    run.feed(Resumed(time=0, epoch=2, best=kept))
    run.feed(epoch(2, 0.4))
    assert (run.best_epoch, run.progress.epoch, len(run.epoch_rows)) == (3, 2, 2)
    run.feed(epoch(3, 0.6))
    run.feed(Resumed(time=0, epoch=3, best=kept))
    assert run.metrics.best == kept
    run.feed(epoch(4, 0.95))
    assert run.best_epoch == 4


def test_phase_warnings_and_checkpoints_are_kept() -> None:
    run = Run(HIGHEST)
    for event in (
        PhaseEntered(time=0, phase="saving"),
        Warned(time=0, message="slow"),
        CheckpointSaved(time=0, name="last", epoch=3),
        CheckpointSaved(time=0, name="best", epoch=1),
    ):
        run.feed(event)
    assert (run.phase, run.warnings, run.checkpoint_epoch) == ("saving", ["slow"], 3)


def test_the_table_has_an_epoch_row_after_the_steps_of_its_epoch() -> None:
    table = curves.table(run_of(0.5, 0.6), metrics=["val_accuracy", "val_f1"])
    assert table.columns == [*curves.FIRST, "val_accuracy", "val_f1"]
    assert [row[0] for row in table.rows] == [1] * 5 + [2] * 5
    assert [row[1] for row in table.rows] == [1, 2, 3, 4, 4, 5, 6, 7, 8, 8]
    assert table.rows[0] == [1, 1, 2.5, 1.0, None, 0.1, None, None]
    assert table.rows[4] == [1, 4, 10, None, 0.5, None, 0.5, None]


losses = some.lists(some.one_of(some.none(), some.floats(-1e6, 1e6)), min_size=1, max_size=400)


@given(losses, some.integers(2, 100))
def test_thinning_keeps_the_peaks_and_the_order(values: list[float | None], max_points: int) -> None:
    rows: list[StepRow] = [(1, step, step / 10, loss, 0.1) for step, loss in enumerate(values, start=1)]
    kept = list(thin(rows, max_points))
    assert len(kept) <= max_points
    assert kept == [row for row in rows if row in kept]
    known = [loss for loss in values if loss is not None]
    if known:
        assert {min(known), max(known)} <= {row[3] for row in kept}
    assert list(thin(rows, None)) == rows


def lines(*events: object) -> bytes:
    return b"".join(event.model_dump_json().encode() + b"\n" for event in events)  # type: ignore[attr-defined]


def test_a_torn_last_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = Tail(path)
    assert list(tail.read()) == []
    whole = lines(Warned(time=0, message="one"), Warned(time=0, message="zwölf"))
    path.write_bytes(whole[:-5])
    assert [event.message for event in tail.read() if isinstance(event, Warned)] == ["one"]
    assert list(tail.read()) == []
    path.write_bytes(whole)
    assert [event.message for event in tail.read() if isinstance(event, Warned)] == ["zwölf"]
    assert (list(tail.read()), tail.damaged) == ([], 0)


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"{\n",
        b"\xff\xfe\n",
        b"[]\n",
        b'{"event": "unknown", "time": 1}\n',
        b"\0" * 50 + b"\n",
        b'{"event":"steps","time":1,"epoch":1,"step":1,"elapsed":[1],"train_loss":[],"lr":[1]}\n',
    ],
)
def test_a_damaged_line_in_the_middle_is_passed_over_and_counted(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(Warned(time=0, message="one")) + damage + lines(Warned(time=0, message="two")))
    tail = Tail(path)
    assert [event.message for event in tail.read() if isinstance(event, Warned)] == ["one", "two"]
    assert tail.damaged == 1


sound = some.one_of(some.integers(-(2**70), 2**70), some.floats(-1e9, 1e9), some.integers(1, 9).map(float))
odd = some.one_of(sound, some.floats(), some.booleans(), some.none(), some.text(max_size=3))
one_of_each = some.lists(some.one_of(sound, odd), min_size=1, max_size=1)
several = some.one_of(one_of_each, one_of_each, some.lists(odd, max_size=3), odd)
said = some.fixed_dictionaries(
    {
        "event": some.sampled_from(["steps", "steps", "epoch", "", None]),
        **dict.fromkeys(("time", "epoch", "step"), some.one_of(sound, odd)),
        **dict.fromkeys(("elapsed", "train_loss", "lr"), several),
    },
    optional={"nonfinite": odd, "more": several},
)


@given(said)
@example({"event": "steps", "time": 1, "epoch": 1.0, "step": 2, "elapsed": [1], "train_loss": [None], "lr": [2.5]})
def test_the_short_way_reads_a_line_only_as_the_model_does(document: dict[str, object]) -> None:
    line = json.dumps(document).encode()
    if (found := read(line)) is not None:
        event = EVENT.validate_json(line)
        assert isinstance(event, StepsLogged)
        assert fields(found) == fields(event)


one = some.tuples(some.floats(0, 1e9), some.one_of(some.none(), some.floats(-1e30, 1e30)), some.floats(0, 10))


@given(some.integers(1, 10**6), some.integers(1, 10**9), some.lists(one, max_size=5))
def test_the_short_way_reads_every_line_that_a_worker_writes(epoch: int, step: int, rows: list[Any]) -> None:
    elapsed, losses, rates = ([row[index] for row in rows] for index in range(3))
    event = StepsLogged(time=1.5, epoch=epoch, step=step, elapsed=elapsed, train_loss=losses, lr=rates)
    found = read(orjson.dumps(event.model_dump()))
    assert found is not None and fields(found) == fields(event)


def fields(event: Steps | StepsLogged) -> tuple[object, ...]:
    values = (event.time, event.epoch, event.step, *event.elapsed, *event.train_loss, *event.lr)
    return len(event.elapsed), *((type(value), value) for value in values)


def test_a_long_file_is_read_in_portions(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines(*(Warned(time=0, message=f"{number}") for number in range(100))))
    assert len(list(Tail(path).read(chunk=500))) == 100
    assert len(list(Tail(path).read(chunk=10))) == 100


def test_a_new_worker_says_nothing_of_the_rest_before_its_first_step() -> None:
    run = Run(HIGHEST)
    steps: dict[str, Any] = {"epoch": 1, "elapsed": [1.0, 2.0], "train_loss": [1.0, 0.9], "lr": [0.1, 0.1]}
    for event in (Started(time=0), Planned(time=0, epochs=3, steps_per_epoch=2), StepsLogged(time=2, step=1, **steps)):
        run.feed(event)
    assert run.progress.eta_seconds is not None
    run.feed(Started(time=9, attempt=2))
    assert run.phase == "starting"
    assert run.progress.eta_seconds is None
    run.feed(StepsLogged(time=12, step=3, **{**steps, "epoch": 2, "elapsed": [3.0, 4.0]}))
    assert run.progress.eta_seconds is not None
