"""Experiments: make, change, train, stop, and look at what came out."""

from typing import Any

from aistudio import tasks
from aistudio.errors import BadInput, Conflict, Damaged, NotFound
from aistudio.jobs import curves, lifecycle
from aistudio.jobs.devices import cores
from aistudio.jobs.queue import Waiting
from aistudio.jobs.run import Run
from aistudio.schema.events import TrainRequest
from aistudio.schema.experiment import Curves, Experiment, ExperimentChange, ExperimentRequest, Failure, MainMetric
from aistudio.service.preflight import check
from aistudio.store.experiments import ExperimentFolder, now
from aistudio.store.workspace import ProjectFolder, new_id
from aistudio.studio import Actor, Studio
from aistudio.tasks.base import Task


def task_of(studio: Studio, pid: str) -> Task:
    return tasks.task(studio.workspace.project(pid).read().task)


def default_config(studio: Studio, pid: str) -> dict[str, Any]:
    """The task's defaults on this machine: its first GPU, the newest split, no more data workers than spare cores."""
    config = task_of(studio, pid).default_config()
    gpus = [device.id for device in studio.devices.devices() if device.id != "cpu"]
    splits = studio.workspace.project(pid).splits.all()
    config["hardware"]["devices"] = gpus[:1] or ["cpu"]
    config["training"]["num_workers"] = min(config["training"]["num_workers"], max(cores() - 1, 0))
    config["split"] = splits[-1].id if splits else None
    if splits:
        config["training"]["batch_size"] = _batch_size(splits[-1].size("train"), config["training"]["batch_size"])
    return config


def _batch_size(images: int, usual: int) -> int:
    """Few images need small batches: an epoch has a dozen steps at least, as long as a batch has 8 images."""
    while usual > 8 and images < 12 * usual:
        usual //= 2
    return usual


def create(studio: Studio, actor: Actor, pid: str, request: ExperimentRequest) -> Experiment:
    """What the request leaves out takes the defaults. Raises InvalidConfig."""
    project = studio.workspace.project(pid)
    task = task_of(studio, pid)
    config = task.parse(request.config or {}, default_config(studio, pid)).model_dump(mode="json")
    with studio.workspace.guard(f"experiments:{pid}"):
        name = request.name or _free_name(project)
        folder = project.new_experiment(new_id())
        experiment = Experiment(
            id=folder.id, name=name, created_at=now(), config=config, main_metric=task.main_metric, schema=1
        )
        folder.create(experiment)
    studio.record(actor, "create experiment", folder.id)
    studio.manager.changed(folder)
    return experiment


def all_experiments(studio: Studio, pid: str) -> list[Experiment]:
    """Oldest first. One that cannot be read is listed as failed, with the reason."""
    waiting = _waiting(studio)
    views = [_view_or_damage(studio, folder, waiting) for folder in studio.workspace.project(pid).experiments()]
    return sorted((view for view in views if view), key=lambda one: (one.created_at, one.id))


def get(studio: Studio, pid: str, eid: str) -> Experiment:
    return _view(studio, studio.workspace.project(pid).experiment(eid), _waiting(studio))


def change(studio: Studio, actor: Actor, pid: str, eid: str, request: ExperimentChange) -> Experiment:
    """Raises StaleRevision, Conflict for a config of one that was started, InvalidConfig."""
    folder = studio.workspace.project(pid).experiment(eid)
    with folder.lock:
        experiment = folder.read()
        update: dict[str, Any] = {}
        if request.name is not None:
            update["name"] = request.name
        if request.config is not None:
            if experiment.status != "created":
                raise Conflict(
                    f"{experiment.name} is {experiment.status}: its configuration is what it ran with.",
                    "Make a new experiment to train with other values.",
                )
            task = task_of(studio, pid)
            update["config"] = task.parse(request.config, default_config(studio, pid)).model_dump(mode="json")
        folder.write(experiment.model_copy(update=update), base_rev=request.rev)
    studio.record(actor, "change experiment", eid)
    studio.manager.changed(folder)
    return get(studio, pid, eid)


def delete(studio: Studio, actor: Actor, pid: str, eid: str) -> None:
    """Moves it to the trash. Raises Conflict while it is queued or training."""
    folder = studio.workspace.project(pid).experiment(eid)
    with folder.lock:
        if folder.is_active():
            raise Conflict(f"{_view_name(folder)} is queued or training.", "Stop it first.")
        studio.manager.forget(folder)
        studio.workspace.discard(folder.path)
    studio.record(actor, "delete experiment", eid)
    studio.manager.changed(folder)


def train(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """Queues a run with the stored config, which is frozen by it.

    Raises Conflict, InvalidConfig or PreflightFailed; then nothing was started.
    """
    project = studio.workspace.project(pid)
    folder = project.experiment(eid)
    with folder.lock:
        experiment = folder.read()
        queued = lifecycle.queue(experiment, experiment.config, now())
        config = task_of(studio, pid).parse(experiment.config)
        dataset = check(studio, project, config)
        request = TrainRequest(
            attempt=queued.attempt,
            project=pid,
            experiment=eid,
            folder=str(folder.attempt(queued.attempt).path),
            dataset=str(dataset.path),
            splits=str(project.splits.path),
            config=config.model_dump(mode="json"),
            weights_dir=str(studio.settings.weights_dir) if studio.settings.weights_dir else None,
        )
        folder.attempt(queued.attempt).write_request(request)
        folder.write(queued.model_copy(update={"config": request.config}))
        studio.manager.notice(folder)
    studio.record(actor, "train", eid)
    studio.manager.changed(folder)
    return get(studio, pid, eid)


def stop(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """A waiting run goes back to where it came from; a running one is asked to end. Raises Conflict otherwise."""
    folder = studio.workspace.project(pid).experiment(eid)
    with folder.lock:
        experiment = folder.read()
        if not experiment.active:
            raise Conflict(f"{experiment.name} is {experiment.status}, so there is nothing to stop.")
        folder.attempt(experiment.attempt).request_stop()  # also of a worker that just passed the fence
        if experiment.status == "queued" and not folder.lease_held():
            folder.write(lifecycle.withdraw(experiment))
    studio.record(actor, "stop", eid)
    studio.manager.changed(folder)
    return get(studio, pid, eid)


def run_of(studio: Studio, pid: str, eid: str) -> Run:
    """Everything that the run said so far. Grows while it trains; nobody but the manager changes it."""
    return studio.manager.run(studio.workspace.project(pid).experiment(eid))


def metrics(studio: Studio, pid: str, eid: str, max_points: int | None = None) -> Curves:
    if max_points is not None and max_points < 2:
        raise BadInput("max_points must be 2 or more.")
    return curves.table(run_of(studio, pid, eid), max_points, list(task_of(studio, pid).metrics))


def log(studio: Studio, pid: str, eid: str) -> str:
    """The end of what the last attempt printed."""
    attempts = studio.workspace.project(pid).experiment(eid).attempts()
    return attempts[-1].log_tail() if attempts else ""


def _free_name(project: ProjectFolder) -> str:
    taken = {_view_name(folder) for folder in project.experiments()}
    return next(name for number in range(1, len(taken) + 2) if (name := f"Experiment {number}") not in taken)


def _view_name(folder: ExperimentFolder) -> str:
    try:
        return folder.read().name
    except (Damaged, NotFound):
        return folder.id


def _waiting(studio: Studio) -> dict[str, Waiting]:
    return {one.key: one for one in studio.manager.waiting()}


def _view(studio: Studio, folder: ExperimentFolder, waiting: dict[str, Waiting]) -> Experiment:
    """The document, and for an active run what it has said since."""
    experiment = folder.read()
    if experiment.status == "queued":
        place = waiting.get(str(folder.path))
        update: dict[str, Any] = {"position": place.position, "waiting_for": place.waiting_for} if place else {}
        return experiment.model_copy(update=update)
    if experiment.status != "training":
        return experiment
    run = studio.manager.run(folder)
    stopping = folder.attempt(experiment.attempt).stop_requested()
    return experiment.model_copy(
        update={
            "phase": "stopping" if stopping else run.phase,
            "progress": run.progress,
            "metrics": run.metrics,
            "best_epoch": run.best_epoch,
            "duration_seconds": run.seconds,
        }
    )


def _view_or_damage(studio: Studio, folder: ExperimentFolder, waiting: dict[str, Waiting]) -> Experiment | None:
    """None for one that was deleted a moment ago."""
    try:
        return _view(studio, folder, waiting)
    except NotFound:
        return None
    except Damaged as error:
        failure = Failure(type="Damaged", message=error.message, advice=error.advice)
        return Experiment(
            id=folder.id,
            name=folder.id,
            status="failed",
            created_at=folder.changed_at(),
            config={},
            main_metric=MainMetric(name="", direction="max"),
            error=failure,
            schema=1,
        )


def running(studio: Studio) -> int:
    """How many runs hold a device now."""
    return studio.manager.running()
