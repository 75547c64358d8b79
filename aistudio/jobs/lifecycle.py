"""The state machine of an experiment: pure functions from one document to the next, or Conflict with the reason."""

from datetime import datetime

from aistudio.errors import Conflict
from aistudio.schema.events import Verdict
from aistudio.schema.experiment import Experiment, Failure, MetricValues, Progress, Status

START_GRACE_SECONDS = 10.0


def queue(experiment: Experiment, config: dict[str, object], at: datetime) -> Experiment:
    """created → queued: the config is frozen, the attempt gets a number that no other attempt will have."""
    if experiment.status != "created":
        raise Conflict(
            f"{experiment.name} is {experiment.status}, so it cannot be started.",
            "Make a new experiment to train again.",
        )
    return experiment.model_copy(
        update={
            "status": "queued",
            "phase": "queued",
            "queued_from": experiment.status,
            "queued_at": at,
            "attempt": experiment.attempt + 1,
            "config": config,
        }
    )


def withdraw(experiment: Experiment) -> Experiment:
    """queued → where it came from. The attempt number rises, so that a late worker finds itself fenced off."""
    _only(experiment, "queued", "taken out of the queue")
    return experiment.model_copy(
        update={
            "status": experiment.queued_from or "created",
            "phase": None,
            "queued_from": None,
            "queued_at": None,
            "attempt": experiment.attempt + 1,
        }
    )


def adopt(experiment: Experiment) -> Experiment:
    """queued → training: a worker of this attempt holds the lease."""
    _only(experiment, "queued", "taken up")
    return experiment.model_copy(update={"status": "training", "phase": "starting"})


def judge(
    experiment: Experiment,
    verdict: Verdict,
    progress: Progress,
    metrics: MetricValues,
    best_epoch: int | None,
    seconds: float | None,
    resumable: bool,
) -> Experiment:
    """training → completed, stopped or failed, with everything the run left behind."""
    _only(experiment, "training", "judged")
    return experiment.model_copy(
        update={
            "status": verdict.status,
            "phase": None,
            "queued_from": None,
            "error": verdict.error,
            "progress": progress.model_copy(update={"eta_seconds": None}),
            "metrics": metrics,
            "best_epoch": best_epoch,
            "duration_seconds": seconds,
            "resumable": resumable and verdict.status != "completed",
        }
    )


def _only(experiment: Experiment, status: Status, done: str) -> None:
    if experiment.status != status:
        raise Conflict(f"{experiment.name} is {experiment.status}, so it cannot be {done}.")


def lost(attempt: int, at: float, log: str) -> Verdict:
    """What is said of a worker that died without a word."""
    failure = Failure(
        type="WorkerLost",
        message="The training process ended without a word: it was killed, or the machine was restarted.",
        advice="Look at the end of the log, then start again.",
        traceback=log,
    )
    return Verdict(attempt=attempt, status="failed", error=failure, finished_at=at)


def not_started(attempt: int, at: float, log: str) -> Verdict:
    failure = Failure(
        type="StartFailed",
        message="The training process did not start.",
        advice="Look at the log for the reason.",
        traceback=log,
    )
    return Verdict(attempt=attempt, status="failed", error=failure, finished_at=at)
