"""The state machine of an experiment: pure functions from one document to the next, or Conflict with the reason."""

import signal
from datetime import datetime
from typing import Any, Literal

from aistudio.catalog.failures import ADVICE
from aistudio.errors import Conflict
from aistudio.schema.events import Verdict
from aistudio.schema.experiment import FINISHED, Experiment, Extension, Failure, MetricValues, Progress, Status
from aistudio.store.job_folder import NO_ROOM


def queue(experiment: Experiment, config: dict[str, object], at: datetime, position: int | None = None) -> Experiment:
    """created → queued: the config is frozen, the attempt gets a number that no other attempt will have."""
    if experiment.status != "created":
        raise Conflict(
            f"{experiment.name} is {experiment.status}, so it cannot be started.",
            "Make a new experiment to train again.",
        )
    return _queued(experiment, at, position).model_copy(update={"config": config})


def resume(
    experiment: Experiment, extension: Extension | None, at: datetime, position: int | None = None
) -> Experiment:
    """failed, stopped → queued; with an extension completed → queued too. What there is stays as it is.

    A completed run is extended from where it ended; one that broke off comes to its end before the extension begins.
    """
    allowed = FINISHED if extension else FINISHED - {"completed"}
    if experiment.status not in allowed:
        more = " without more epochs" if experiment.status == "completed" else ""
        raise Conflict(f"{experiment.name} is {experiment.status}, so it cannot be resumed{more}.")
    added = [extension.model_copy(update={"after": _end(experiment)})] if extension else []
    return _queued(experiment, at, position).model_copy(
        update={"extensions": [*experiment.extensions, *added], "extending": bool(added)}
    )


def _end(experiment: Experiment) -> int | None:
    """The epoch with which a completed run ended: of what it told and of what it saved, whichever knows more."""
    if experiment.status != "completed":
        return None
    return max(experiment.progress.epoch, experiment.resume_epoch or 0) or None


def _queued(experiment: Experiment, at: datetime, position: int | None) -> Experiment:
    return experiment.model_copy(
        update={
            "status": "queued",
            "phase": "queued",
            "queued_from": experiment.status,
            "queued_at": at,
            "queued_before": experiment.queued_at,
            "position": position,
            "attempt": experiment.attempt + 1,
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
            "queued_at": experiment.queued_before,
            "queued_before": None,
            "position": None,
            "extensions": experiment.extensions[: -1 if experiment.extending else None],
            "extending": False,
            "attempt": experiment.attempt + 1,
        }
    )


def adopt(experiment: Experiment) -> Experiment:
    """queued → training: a worker of this attempt holds the lease."""
    _only(experiment, "queued", "taken up")
    return experiment.model_copy(
        update={
            "status": "training",
            "phase": "starting",
            "position": None,
            "extending": False,
            "error": None,
            "resumable": False,
        }
    )


def judge(
    experiment: Experiment,
    verdict: Verdict,
    progress: Progress,
    metrics: MetricValues,
    best_epoch: int | None,
    seconds: float | None,
    resume_epoch: int | None,
) -> Experiment:
    """training → completed, stopped or failed, with everything the run left behind.

    `seconds`: of all attempts. `resume_epoch`: the epoch of the checkpoint that can be gone on from.
    """
    _only(experiment, "training", "judged")
    return experiment.model_copy(
        update={
            "status": verdict.status,
            "phase": None,
            "queued_from": None,
            "queued_before": None,
            "error": verdict.error,
            "progress": progress.model_copy(update={"eta_seconds": None}),
            "metrics": metrics,
            "best_epoch": best_epoch,
            "duration_seconds": longest(experiment.duration_seconds, seconds),
            "resumable": resume_epoch is not None and verdict.status != "completed",
            "resume_epoch": resume_epoch,
        }
    )


def longest(before: float | None, now: float | None) -> float | None:
    """Seconds of training: an attempt that dies early has logged less than those before it together."""
    return max((seconds for seconds in (before, now) if seconds is not None), default=None)


def restart(experiment: Experiment) -> Experiment:
    """completed, failed, stopped → created, with nothing of what came out; the attempt number never goes back."""
    if experiment.status not in FINISHED:
        raise Conflict(f"{experiment.name} is {experiment.status}, so it cannot be restarted.")
    kept: dict[str, Any] = {name: getattr(experiment, name) for name in _KEPT}
    return Experiment(**kept, schema=experiment.schema_version, rev=experiment.rev + 1)


_KEPT = ("id", "name", "attempt", "parent", "created_at", "config", "main_metric")


def _only(experiment: Experiment, status: Status, done: str) -> None:
    if experiment.status != status:
        raise Conflict(f"{experiment.name} is {experiment.status}, so it cannot be {done}.")


def lost(
    attempt: int,
    at: float,
    log: str,
    exit_code: int | None = None,
    stop: Literal["asked", "forced"] | None = None,
    resumable: bool = False,
) -> Verdict:
    """What is said of a worker that died without a word; its exit code, where known, names the signal.

    `stop`: it was asked to, or did not obey and was killed for that; then nobody need look for who ended it.
    """
    advice = "Look at the end of the log, then press Restart."
    if resumable:
        advice = "Press Resume to go on from the last checkpoint." if stop else ADVICE["WorkerLost"]
    ending = _STOPPING[stop] if stop else _ending(exit_code)
    failure = Failure(type="WorkerLost", message=f"The training process {ending}", advice=advice, traceback=log)
    return Verdict(attempt=attempt, status="failed", error=failure, finished_at=at)


_STOPPING = {
    "asked": "was asked to stop, and ended without a word.",
    "forced": "did not stop when asked, and was ended by force.",
}


def _ending(exit_code: int | None) -> str:
    if not exit_code:  # 0: another process than the one that had the lease, it only saw that it came too late
        return "ended without a word: it was killed, or the machine was restarted."
    if exit_code > 0:
        return f"ended without a word, with exit code {exit_code}."
    number = -exit_code
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    why = ": the machine ran out of memory, or somebody killed it" if number == signal.SIGKILL else ""
    return f"was ended by {name}{why}."


def not_started(attempt: int, at: float, log: str, exit_code: int | None = None) -> Verdict:
    """What is said of a worker that ended before it could say a word of its own."""
    if exit_code == NO_ROOM:
        advice = "Free space on the workspace's disk, for example by deleting old experiments, then start again."
        return refused(attempt, at, "The training process could not start: the disk is full.", advice, log, "DiskFull")
    return refused(attempt, at, "The training process did not start.", "Look at the log for the reason.", log)


def refused(attempt: int, at: float, message: str, advice: str, log: str = "", reason: str = "StartFailed") -> Verdict:
    """What is said of a run that could not be started at all."""
    failure = Failure(type=reason, message=message, advice=advice, traceback=log)
    return Verdict(attempt=attempt, status="failed", error=failure, finished_at=at)
