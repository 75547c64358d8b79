"""Experiments as they are shown: the document, and what an active run has said since."""

from pathlib import Path
from typing import Any

from aistudio.errors import Damaged, NotFound
from aistudio.jobs import lifecycle
from aistudio.jobs.queue import Waiting
from aistudio.jobs.run import Run
from aistudio.schema.experiment import Experiment, Failure, MainMetric, QueuePlace
from aistudio.store.experiments import ExperimentFolder
from aistudio.studio import Studio


def all_experiments(studio: Studio, pid: str) -> list[Experiment]:
    """Oldest first. One that cannot be read is listed as failed, with the reason."""
    waiting = _waiting(studio)
    views = [_view_or_damage(studio, folder, waiting) for folder in studio.workspace.project(pid).experiments()]
    return sorted((view for view in views if view), key=lambda one: (one.created_at, one.id))


def get(studio: Studio, pid: str, eid: str) -> Experiment:
    return _view(studio, studio.workspace.project(pid).experiment(eid), _waiting(studio))


def find(studio: Studio, pid: str, eid: str) -> Experiment | None:
    """As in the list: None for one that is gone; one that cannot be read has failed. Raises NotFound of a project."""
    try:
        folder = studio.workspace.project(pid).experiment(eid)
    except NotFound:
        return None
    return _view_or_damage(studio, folder, _waiting(studio))


def said(studio: Studio, pid: str, experiment: Experiment) -> Run:
    """Everything that its run said so far: nothing, where none was started or its document cannot be read."""
    if experiment.status == "created" or experiment.is_damaged:
        return Run(experiment.main_metric)
    return studio.manager.run(studio.workspace.project(pid).experiment(experiment.id))


def _waiting(studio: Studio) -> dict[str, Waiting]:
    return {one.key: one for one in studio.manager.waiting()}


def _view(studio: Studio, folder: ExperimentFolder, waiting: dict[str, Waiting]) -> Experiment:
    """The document, and for an active run what it has said since."""
    experiment = folder.read()
    if experiment.status == "queued":
        place = waiting.get(str(folder.path))
        update: dict[str, Any] = {"position": place.position, "waiting_for": place.waiting_for} if place else {}
        return experiment.model_copy(update={**update, "error": None, "resumable": False})  # stored, for Stop
    if experiment.status != "training":
        return experiment
    run = studio.manager.run(folder)
    stopping = folder.attempt(experiment.attempt).stop_requested() or studio.manager.is_pressed(folder)
    return experiment.model_copy(
        update={
            "phase": "stopping" if stopping else run.phase,
            "detail": studio.manager.detail(folder),
            "progress": run.progress,
            "metrics": run.metrics,
            "best_epoch": run.best_epoch,
            "duration_seconds": lifecycle.longest(experiment.duration_seconds, run.seconds),
        }
    )


def _view_or_damage(studio: Studio, folder: ExperimentFolder, waiting: dict[str, Waiting]) -> Experiment | None:
    """None for one that was deleted a moment ago."""
    try:
        return _view(studio, folder, waiting)
    except NotFound:
        return None
    except Damaged as error:
        before = folder.before()
        advice = error.advice or "Put the file back from a backup, or delete the experiment."
        return Experiment(
            id=folder.id,
            name=before.name if before else folder.id,
            status="failed",
            created_at=folder.changed_at(),
            config={},
            main_metric=MainMetric(name="", direction="max"),
            error=Failure(type="Damaged", message=error.message, advice=advice),
            schema=1,
        )


def name_of(folder: ExperimentFolder) -> str:
    try:
        return folder.read().name
    except (Damaged, NotFound):
        return folder.id


def queue(studio: Studio) -> list[QueuePlace]:
    """Everything that waits, of all projects, in the order in which it starts."""
    found = []
    for place in studio.manager.waiting():
        path = Path(place.key)
        pid, eid = path.parent.parent.name, path.name
        try:
            name = studio.workspace.project(pid).experiment(eid).read().name
        except (NotFound, Damaged):
            continue
        found.append(
            QueuePlace(
                position=place.position,
                experiment=eid,
                name=name,
                project=pid,
                waiting_for=place.waiting_for,
                estimated_wait_seconds=place.seconds,
            )
        )
    return found
