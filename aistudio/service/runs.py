"""Runs: start, stop, go on, begin anew, and in which order they wait."""

from collections.abc import Sequence
from typing import Literal

from aistudio import tasks
from aistudio.errors import BadInput, Conflict, DamagedCheckpoint, InvalidConfig, PreflightFailed
from aistudio.jobs import lifecycle
from aistudio.jobs.pressure import end_group
from aistudio.schema.events import TrainRequest
from aistudio.schema.experiment import Experiment, Extension, QueuePlace, ResumeRequest
from aistudio.service import splits, views
from aistudio.service.preflight import Checked, check
from aistudio.service.same_data import ask_if_changed
from aistudio.store import fresh
from aistudio.store.checkpoints import Usable, usable
from aistudio.store.experiments import ExperimentFolder, now
from aistudio.store.workspace import ProjectFolder
from aistudio.studio import Actor, Studio
from aistudio.tasks.base import TaskConfig


def train(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """Queues a run with the stored config, which is frozen by it. `detail` of the answer holds warnings.

    Raises Conflict, InvalidConfig or PreflightFailed; then nothing was started.
    """
    project = studio.workspace.project(pid)
    folder = project.experiment(eid)
    with folder.lock:
        experiment = folder.read()
        queued = lifecycle.queue(experiment, experiment.config, now(), studio.manager.next_position())
        config = _config(project, experiment)
        checked = check(studio, project, config)
        _start(studio, project, folder, queued, config, checked)
    studio.record(actor, "train", eid)
    return _answer(studio, folder, checked.warnings)


def resume(studio: Studio, actor: Actor, pid: str, eid: str, request: ResumeRequest | None = None) -> Experiment:
    """Queues a run that goes on from the last checkpoint; `detail` of the answer says after which epoch.

    Raises Conflict where the state, the checkpoints or the configuration forbid it, DamagedCheckpoint and ChangedData
    where it has to be confirmed, PreflightFailed like Train.
    """
    wish = request or ResumeRequest()
    if wish.lr is not None and wish.more_epochs is None:
        raise BadInput("A Learning Rate can only be given for added epochs.", "Give More Epochs too.")
    project = studio.workspace.project(pid)
    folder = project.experiment(eid)
    with folder.lock:
        experiment = folder.read()
        extension = Extension(epochs=wish.more_epochs, lr=wish.lr) if wish.more_epochs else None
        queued = lifecycle.resume(experiment, extension, now(), studio.manager.next_position())
        checkpoint = _checkpoint(experiment, folder, wish.accept_previous_checkpoint)
        config, checked = _checked_again(studio, project, experiment)
        ask_if_changed(folder, checked.dataset, wish.accept_changed_dataset)
        _start(studio, project, folder, queued, config, checked, checkpoint.name)
    studio.record(actor, "resume", eid)
    return _answer(studio, folder, [f"Training goes on after epoch {checkpoint.epoch}.", *checked.warnings])


def stop(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """A waiting run goes back to where it came from; a running one is asked to end. Raises Conflict otherwise."""
    folder = studio.workspace.project(pid).experiment(eid)
    with folder.lock:
        experiment = folder.read()
        if not experiment.active:
            raise Conflict(f"{experiment.name} is {experiment.status}, so there is nothing to stop.")
        job = folder.attempt(experiment.attempt)
        try:
            job.request_stop()  # also of a worker that just passed the fence
        except OSError:
            studio.manager.press(folder)
        held = folder.lease_held()  # asked first: whoever is gone by now has said who it was
        if experiment.status == "queued" and not held and job.worker() is None:
            if (launched := job.launched()) is not None:
                end_group(launched)  # it hangs, or is about to begin: its devices are for the next one
            folder.write(lifecycle.withdraw(experiment))
        else:
            studio.manager.notice(folder)
    studio.record(actor, "stop", eid)
    studio.manager.changed(folder)
    return views.get(studio, pid, eid)


def restart(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """Back to where it can be changed and trained anew; everything that came out goes to the trash. Raises Conflict."""
    folder = studio.workspace.project(pid).experiment(eid)
    with studio.workspace.guard(f"experiments:{pid}"), folder.lock:  # for a moment its folder is not there
        again = lifecycle.restart(folder.read())
        if folder.lease_held():
            raise Conflict(f"{again.name} is still ending.", "Try again in a moment.")
        studio.manager.forget(folder)
        fresh.swap(studio.workspace.staging, studio.workspace.trash, folder.path, again)
    studio.record(actor, "restart", eid)
    studio.manager.changed(folder)
    return views.get(studio, pid, eid)


def reorder(studio: Studio, actor: Actor, eids: Sequence[str]) -> list[QueuePlace]:
    """Puts waiting experiments, of any project, in that order; those left out stay behind them as they are.

    Raises Conflict for one that does not wait (any more).
    """
    with studio.workspace.guard("queue"):
        waiting = {folder.id: folder for folder in studio.manager.waiting_folders()}
        if missing := [eid for eid in eids if eid not in waiting]:
            raise Conflict(f"{missing[0]} is not waiting, so it cannot be moved.", "Look at the queue again.")
        order = dict.fromkeys([*eids, *waiting])
        for position, eid in enumerate(order, start=1):
            _place(waiting[eid], position)
    studio.record(actor, "reorder", " ".join(eids))
    for folder in waiting.values():
        studio.manager.changed(folder)
    return views.queue(studio)


def _place(folder: ExperimentFolder, position: int) -> None:
    with folder.lock:
        experiment = folder.read()
        if experiment.status == "queued" and experiment.position != position:
            folder.write(experiment.model_copy(update={"position": position}))


def _config(project: ProjectFolder, experiment: Experiment) -> TaskConfig:
    return tasks.task(project.read().task).parse(experiment.config)


def _checked_again(studio: Studio, project: ProjectFolder, experiment: Experiment) -> tuple[TaskConfig, Checked]:
    """As before the first start, but no fix is offered: the configuration of a run that began is frozen."""
    if experiment.config.get("split") not in {split.id for split in project.splits.all()}:
        raise Conflict(
            f"{experiment.name} cannot be resumed: the split that it was trained with was deleted.",
            "Duplicate it, choose another split, and train the copy.",
        )
    try:
        config = _config(project, experiment)
        return config, check(studio, project, config, goes_on=True)
    except InvalidConfig as error:
        raise Conflict(
            f"{experiment.name} cannot be resumed. {error}",
            "Its configuration is frozen: put back what is missing, or duplicate it and train the copy.",
        ) from error
    except PreflightFailed as error:
        raise PreflightFailed(error.message, error.advice) from error


def _checkpoint(experiment: Experiment, folder: ExperimentFolder, accept_previous: bool) -> Usable:
    found = usable(folder.checkpoints)
    if found is None:
        there = (folder.checkpoints / "last.ckpt").exists()
        reason = "its checkpoints are damaged" if there else "no epoch was finished, so there is no checkpoint"
        raise Conflict(f"{experiment.name} cannot be resumed: {reason}.", "Restart it instead.")
    if found.damaged and not accept_previous:
        raise DamagedCheckpoint(
            f"{experiment.name}: the last checkpoint is damaged; the one before it, of epoch {found.epoch}, is whole.",
            f"Confirm that training may go on after epoch {found.epoch}, or restart it.",
        )
    return found


def _start(
    studio: Studio,
    project: ProjectFolder,
    folder: ExperimentFolder,
    queued: Experiment,
    config: TaskConfig,
    checked: Checked,
    checkpoint: Literal["last", "prev"] | None = None,
) -> None:
    """Its split cannot be deleted meanwhile: from here on a run uses it."""
    job = folder.attempt(queued.attempt)
    request = TrainRequest(
        attempt=queued.attempt,
        project=project.id,
        experiment=folder.id,
        folder=str(job.path),
        dataset=str(checked.dataset.path),
        splits=str(project.splits.path),
        config=config.model_dump(mode="json"),
        weights_dir=str(studio.settings.weights_dir) if studio.settings.weights_dir else None,
        resume=checkpoint,
        seconds_before=queued.duration_seconds or 0.0 if checkpoint else 0.0,
        extensions=queued.extensions,
        fingerprint=checked.fingerprint,
    )
    with studio.workspace.guard(f"splits:{project.id}"):
        if gone := splits.why_gone(studio, project.id, request.config.get("split")):
            raise Conflict(gone, "Choose another split, or restore it from the trash.")
        job.write_request(request)
        folder.write(queued.model_copy(update={"config": request.config}))
    studio.manager.notice(folder)


def _answer(studio: Studio, folder: ExperimentFolder, said: Sequence[str]) -> Experiment:
    studio.manager.changed(folder)
    experiment = views.get(studio, folder.project, folder.id)
    return experiment.model_copy(update={"detail": " ".join(said) or experiment.detail})
