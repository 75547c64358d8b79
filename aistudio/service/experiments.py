"""Experiments: make, change, copy, and look at what came out; what starts and ends runs is in `runs`."""

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from aistudio import tasks
from aistudio.errors import BadInput, Conflict
from aistudio.jobs import curves
from aistudio.jobs.devices import cores
from aistudio.jobs.run import Run
from aistudio.schema.experiment import Curves, Experiment, ExperimentChange, ExperimentRequest
from aistudio.service.runs import reorder, restart, resume, stop, train
from aistudio.service.views import all_experiments, find, get, name_of, queue, said
from aistudio.store.experiments import ExperimentFolder, now
from aistudio.store.trash import DAYS
from aistudio.store.workspace import ProjectFolder, new_id
from aistudio.studio import Actor, Studio
from aistudio.tasks.base import Task

__all__ = [
    "all_experiments",
    "change",
    "copied",
    "create",
    "default_config",
    "delete",
    "duplicate",
    "find",
    "get",
    "log",
    "metrics",
    "metrics_csv",
    "queue",
    "reorder",
    "restart",
    "resume",
    "run_of",
    "running",
    "said",
    "stop",
    "task_of",
    "train",
    "what_goes",
]


def task_of(studio: Studio, pid: str) -> Task:
    return tasks.task(studio.workspace.project(pid).read().task)


def default_config(
    studio: Studio, pid: str, devices: Sequence[str] | None = None, chosen: str | None = None
) -> dict[str, Any]:
    """The task's defaults on this machine: its first GPU, the newest split, no more data workers than spare cores.

    `devices` are those known already; without them the driver is asked. `chosen`: the split that sizes go by instead.
    """
    config = task_of(studio, pid).default_config()
    known = [device.id for device in studio.devices.devices()] if devices is None else devices
    gpus = [device for device in known if device != "cpu"]
    project = studio.workspace.project(pid)
    present = project.dataset()
    found = project.splits.all()
    splits = [split for split in found if split.id == chosen] or [
        split for split in found if present and split.dataset_version == present.version
    ]
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


def create(studio: Studio, actor: Actor, pid: str, request: ExperimentRequest, parent: str | None = None) -> Experiment:
    """What the request leaves out takes the defaults. Raises InvalidConfig."""
    task = task_of(studio, pid)
    given = request.config or {}
    chosen = given.get("split")
    config = task.parse(given, default_config(studio, pid, chosen=chosen)).model_dump(mode="json")
    with studio.workspace.guard(f"experiments:{pid}"):
        project = studio.workspace.project(pid)  # or it was deleted meanwhile
        name = request.name or _free_name(project)
        folder = project.new_experiment(new_id())
        experiment = Experiment(
            id=folder.id,
            name=name,
            parent=parent,
            created_at=now(),
            config=config,
            main_metric=task.main_metric,
            schema=1,
        )
        folder.create(experiment)
    studio.record(actor, "create experiment", folder.id)
    studio.manager.changed(folder)
    return experiment


def duplicate(studio: Studio, actor: Actor, pid: str, eid: str) -> Experiment:
    """A new experiment with the same configuration, not started. The copy of a copy gets the next number."""
    origin = studio.workspace.project(pid).experiment(eid).read()
    first = re.sub(r"( copy( [0-9]+)?)+$", "", origin.name) or origin.name
    return copied(studio, actor, pid, origin, f"{first} copy", {})


def copied(
    studio: Studio, actor: Actor, pid: str, origin: Experiment, name: str, patch: Mapping[str, dict[str, Any]]
) -> Experiment:
    """A new experiment with the same configuration but for the values of `patch`, by section, under a free name."""
    config = {**origin.config, **{key: {**origin.config[key], **part} for key, part in patch.items()}}
    with studio.workspace.guard(f"experiments:{pid}"):
        taken = {name_of(folder) for folder in studio.workspace.project(pid).experiments()}
        names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
        free = next(one for one in (shortened(name) for name in names) if one not in taken)
        return create(studio, actor, pid, ExperimentRequest(name=free, config=config), parent=origin.id)


def shortened(name: str) -> str:
    """At most as long as a name may be; the end stays, since that tells copies apart."""
    return name if len(name) <= 100 else f"{name[:60]}…{name[-39:]}"


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
            chosen = request.config.get("split")
            update["config"] = task.parse(request.config, default_config(studio, pid, chosen=chosen)).model_dump(
                mode="json"
            )
        folder.write(experiment.model_copy(update=update), base_rev=request.rev)
    studio.record(actor, "change experiment", eid)
    studio.manager.changed(folder)
    return get(studio, pid, eid)


def delete(studio: Studio, actor: Actor, pid: str, eid: str) -> None:
    """Moves it to the trash. Raises Conflict while it is queued or training."""
    folder = studio.workspace.project(pid).experiment(eid)
    with folder.lock:
        studio.workspace.project(pid).experiment(eid)  # or it was deleted meanwhile
        _refuse_active(folder)
        name = name_of(folder)
        studio.manager.forget(folder)
        studio.workspace.trash.put(folder.path, "experiment", name)
    studio.record(actor, "delete experiment", eid)
    studio.manager.changed(folder)


def _refuse_active(folder: ExperimentFolder) -> None:
    if folder.is_active():
        raise Conflict(f"{name_of(folder)} is queued or training.", "Stop it first.")


def what_goes(studio: Studio, pid: str, eid: str) -> str:
    """What deleting an experiment takes along, in a sentence. Raises Conflict while it is queued or training."""
    folder = studio.workspace.project(pid).experiment(eid)
    _refuse_active(folder)
    made = [f"{n} {thing}{'' if n == 1 else 's'}" for thing, n in folder.made_from_it().items() if n]
    along = f", with {' and '.join(made)} made from it" if made else ""
    gone = f"Its configuration, results and checkpoints go to the trash{along}."
    return f"{gone} There, on the Projects page, they can be restored for {DAYS} days."


def run_of(studio: Studio, pid: str, eid: str) -> Run:
    """Everything that the run said so far. Grows while it trains; nobody but the manager changes it."""
    return studio.manager.run(studio.workspace.project(pid).experiment(eid))


def metrics(studio: Studio, pid: str, eid: str, max_points: int | None = None) -> Curves:
    if max_points is not None and max_points < 2:
        raise BadInput("max_points must be 2 or more.")
    return curves.table(run_of(studio, pid, eid), max_points, list(task_of(studio, pid).metrics))


def metrics_csv(studio: Studio, pid: str, eid: str) -> str:
    """The same table for spreadsheets; what was not measured in a row is an empty cell."""
    table = metrics(studio, pid, eid)
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return lines.getvalue()


def log(studio: Studio, pid: str, eid: str) -> str:
    """The end of what the last attempt printed."""
    attempts = studio.workspace.project(pid).experiment(eid).attempts()
    return attempts[-1].log_tail() if attempts else ""


def _free_name(project: ProjectFolder) -> str:
    taken = {name_of(folder) for folder in project.experiments()}
    return next(name for number in range(1, len(taken) + 2) if (name := f"Experiment {number}") not in taken)


def running(studio: Studio) -> int:
    """How many runs hold a device now."""
    return studio.manager.running()
