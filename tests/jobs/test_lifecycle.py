"""The state machine: what the table allows, and that everything else is a conflict."""

from collections.abc import Callable
from typing import get_args

import pytest

from aistudio.errors import Conflict
from aistudio.jobs import lifecycle
from aistudio.schema.events import Verdict
from aistudio.schema.experiment import Experiment, MainMetric, MetricValues, Progress, Status
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
        one, verdict, Progress(epoch=2, eta_seconds=5), MetricValues(best=row), 2, 8.5, resumable
    )


EVENTS: dict[str, Event] = {
    "train": lambda one: lifecycle.queue(one, {"a": 1}, AT),
    "stop before launch": lifecycle.withdraw,
    "worker appears": lifecycle.adopt,
    "completed": judged("completed"),
    "stopped": judged("stopped"),
    "failed": judged("failed"),
}
TABLE: dict[tuple[Status, str], Status] = {
    ("created", "train"): "queued",
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
    assert lifecycle.adopt(queued).attempt == 4


def test_what_a_run_left_behind_is_kept() -> None:
    done = EVENTS["stopped"](experiment("training"))
    assert (done.best_epoch, done.duration_seconds, done.progress.epoch) == (2, 8.5, 2)
    assert (done.progress.eta_seconds, done.phase, done.resumable) == (None, None, True)
    assert not EVENTS["completed"](experiment("training")).resumable
    assert not judged("failed", resumable=False)(experiment("training")).resumable
