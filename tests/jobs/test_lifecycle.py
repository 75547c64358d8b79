"""The state machine: what the table allows, and that everything else is a conflict."""

import signal
from collections.abc import Callable
from typing import Literal, get_args

import pytest

from aistudio.errors import Conflict
from aistudio.jobs import lifecycle
from aistudio.schema.events import Verdict
from aistudio.schema.experiment import Experiment, Extension, Failure, MainMetric, MetricValues, Progress, Status
from aistudio.store.experiments import now

AT = now()
Event = Callable[[Experiment], Experiment]


def experiment(status: Status) -> Experiment:
    return Experiment(
        id="e", name="One", status=status, attempt=3, created_at=AT, config={}, schema=1, queued_from="created",
        main_metric=MainMetric(name="val_accuracy", direction="max"),
    )  # fmt: skip


def judged(status: str, resumable: bool = True) -> Event:
    verdict = Verdict.model_validate({"attempt": 3, "status": status, "finished_at": 1.0})
    row = {"epoch": 2.0}
    return lambda one: lifecycle.judge(
        one, verdict, Progress(epoch=2, eta_seconds=5), MetricValues(best=row), 2, 8.5, 2 if resumable else None
    )


EVENTS: dict[str, Event] = {
    "train": lambda one: lifecycle.queue(one, {"a": 1}, AT),
    "resume": lambda one: lifecycle.resume(one, None, AT),
    "resume with more epochs": lambda one: lifecycle.resume(one, Extension(epochs=5), AT),
    "restart": lifecycle.restart,
    "stop before launch": lifecycle.withdraw,
    "worker appears": lifecycle.adopt,
    "completed": judged("completed"),
    "stopped": judged("stopped"),
    "failed": judged("failed"),
}
TABLE: dict[tuple[Status, str], Status] = {
    ("created", "train"): "queued",
    ("failed", "resume"): "queued",
    ("stopped", "resume"): "queued",
    ("failed", "resume with more epochs"): "queued",
    ("stopped", "resume with more epochs"): "queued",
    ("completed", "resume with more epochs"): "queued",
    ("failed", "restart"): "created",
    ("stopped", "restart"): "created",
    ("completed", "restart"): "created",
    ("queued", "stop before launch"): "created",
    ("queued", "worker appears"): "training",
    ("training", "completed"): "completed",
    ("training", "stopped"): "stopped",
    ("training", "failed"): "failed",
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("status", get_args(Status))
def test_only_what_the_table_says_happens(status: Status, event: str) -> None:
    before = experiment(status)
    if (status, event) in TABLE:
        assert EVENTS[event](before).status == TABLE[status, event]
    else:
        with pytest.raises(Conflict, match=f"One is {status}, so it cannot be "):
            EVENTS[event](before)
    assert before == experiment(status)


def test_every_queueing_and_withdrawal_gets_a_new_attempt_number() -> None:
    queued = lifecycle.queue(experiment("created"), {"a": 1}, AT)
    assert (queued.attempt, queued.phase, queued.queued_at, queued.config) == (4, "queued", AT, {"a": 1})
    back = lifecycle.withdraw(queued)
    assert (back.attempt, back.phase, back.queued_at, back.queued_from) == (5, None, None, None)
    again = lifecycle.withdraw(lifecycle.queue(back.model_copy(update={"queued_at": AT}), {}, now()))
    assert (again.queued_at, again.queued_before) == (AT, None)
    assert lifecycle.adopt(queued).attempt == 4


def test_what_a_run_left_behind_is_kept() -> None:
    done = EVENTS["stopped"](experiment("training"))
    assert (done.best_epoch, done.duration_seconds, done.progress.epoch) == (2, 8.5, 2)
    assert (done.progress.eta_seconds, done.phase, done.resumable) == (None, None, True)
    assert not EVENTS["completed"](experiment("training")).resumable
    assert not judged("failed", resumable=False)(experiment("training")).resumable
    assert EVENTS["stopped"](experiment("training")).resume_epoch == 2


def test_a_resumed_run_that_is_taken_out_of_the_queue_is_what_it_was() -> None:
    failure = Failure(type="WorkerLost", message="Gone.")
    before = EVENTS["stopped"](experiment("training")).model_copy(update={"error": failure, "status": "failed"})
    queued = lifecycle.resume(before, Extension(epochs=5, lr=0.1), AT, position=3)
    assert (queued.extensions, queued.extending, queued.position) == ([Extension(epochs=5, lr=0.1)], True, 3)
    back = lifecycle.withdraw(queued)
    assert back == before.model_copy(update={"attempt": before.attempt + 2})
    training = lifecycle.adopt(queued)
    assert (training.extensions, training.extending, training.error) == (queued.extensions, False, None)


@pytest.mark.parametrize(("saved", "after"), [(20, 20), (None, 20), (21, 21)])
def test_a_completed_run_is_extended_from_where_it_ended(saved: int | None, after: int) -> None:
    """Early stopping may have ended it long before its schedule; its log may know less than its checkpoint."""
    update = {"progress": Progress(epoch=20, epochs=50), "resume_epoch": saved}
    ended = experiment("completed").model_copy(update=update)
    asked = Extension(epochs=5, lr=1e-4)
    assert lifecycle.resume(ended, asked, AT).extensions == [Extension(epochs=5, lr=1e-4, after=after)]
    broken = ended.model_copy(update={"status": "failed"})
    assert lifecycle.resume(broken, asked, AT).extensions == [asked]  # first it comes to the end that was planned


def test_a_plain_resume_keeps_the_extensions_of_before() -> None:
    extended = experiment("failed").model_copy(update={"extensions": [Extension(epochs=5)]})
    queued = lifecycle.resume(extended, None, AT)
    assert lifecycle.withdraw(queued).extensions == queued.extensions == extended.extensions


def test_a_restart_keeps_the_config_and_the_attempt_number_and_nothing_that_came_out() -> None:
    done = EVENTS["failed"](experiment("training")).model_copy(update={"config": {"a": 1}, "parent": "p"})
    again = lifecycle.restart(done)
    assert (again.config, again.attempt, again.parent, again.rev) == ({"a": 1}, 3, "p", done.rev + 1)
    assert (again.metrics, again.best_epoch, again.duration_seconds, again.error) == (MetricValues(), None, None, None)
    assert (again.resumable, again.resume_epoch, again.extensions, again.queued_at) == (False, None, [], None)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "ended without a word"),
        (-11, "was ended by SIGSEGV."),
        (-9, "was ended by SIGKILL: the machine ran out of memory"),
        (-40, "signal 40" if 40 not in set(signal.Signals) else ""),
        (3, "exit code 3"),
    ],
)
def test_an_exit_by_signal_is_named(code: int | None, words: str) -> None:
    error = lifecycle.lost(1, 0.0, "log", code).error
    assert error is not None
    assert words in error.message


@pytest.mark.parametrize(
    ("stop", "resumable", "message", "advice"),
    [
        (
            None,
            True,
            "ended by SIGKILL: the machine ran out of memory",
            "Press Resume to go on from the last checkpoint; ",
        ),
        (None, False, "ended by SIGKILL: the machine ran out of memory", "then press Restart."),
        (
            "forced",
            True,
            "did not stop when asked, and was ended by force.",
            "Press Resume to go on from the last checkpoint.",
        ),
        (
            "asked",
            True,
            "was asked to stop, and ended without a word.",
            "Press Resume to go on from the last checkpoint.",
        ),
        ("asked", False, "was asked to stop, and ended without a word.", "then press Restart."),
    ],
)
def test_who_pressed_stop_is_not_told_to_look_for_a_killer(
    stop: Literal["asked", "forced"] | None, resumable: bool, message: str, advice: str
) -> None:
    error = lifecycle.lost(1, 0.0, "log", -9, stop, resumable).error
    assert error is not None
    assert message in error.message
    assert advice in error.advice
    assert ("SIGKILL" in error.message) == (stop is None)
