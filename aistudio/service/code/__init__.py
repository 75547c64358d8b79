"""An experiment as code: a standalone script that trains it, and the command line that starts it."""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aistudio import tasks
from aistudio.errors import Damaged, FieldError, InvalidConfig, NotFound
from aistudio.schema.split import Split
from aistudio.service import config_files
from aistudio.service.code import classification
from aistudio.service.code.source import Source
from aistudio.settings import Settings
from aistudio.store.atomic import read_json
from aistudio.store.checkpoints import sidecar
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.workspace import ProjectFolder
from aistudio.studio import Studio
from aistudio.tasks.base import TaskConfig

WRITERS: Mapping[str, Callable[[Any, Source], str]] = {"classification": classification.script}


def script(studio: Studio, pid: str, eid: str) -> str:
    """A Python file that trains an experiment with lightning, timm and albumentations alone. Raises InvalidConfig."""
    folder = studio.workspace.project(pid).experiment(eid)
    experiment = folder.read()
    return config_script(studio, pid, experiment.name, experiment.config, _weights(folder))


def config_script(
    studio: Studio, pid: str, name: str, config: Mapping[str, Any], weights_file: str | None = None
) -> str:
    """The same of a configuration that may not be saved yet. `weights_file`: what a run has found."""
    project = studio.workspace.project(pid)
    task = tasks.task(project.read().task)
    parsed = task.parse(config)
    split = _split(project, parsed)
    dataset = project.dataset(split.dataset_version)
    if dataset is None:
        raise NotFound(f"The data set of the split {split.name!r} is gone.", "Import the images and make a new split.")
    source = Source(
        name=name,
        dataset=dataset.path,
        splits=project.splits.path,
        split_name=split.name,
        images=split.size("train"),
        weights_dir=studio.settings.weights_dir,
        weights_file=weights_file,
    )
    return WRITERS[task.key](parsed, source)


def command(studio: Studio, pid: str, eid: str) -> str:
    """Lines for a shell: they save the configuration and train it in this project, on this server."""
    name = studio.workspace.project(pid).experiment(eid).read().name
    return "\n".join(
        [
            f"cat > {_file(name)} <<'END'",
            f"{config_files.to_yaml(studio, pid, eid)}END",
            f"aistudio train {_file(name)} --project {pid} --name {shlex.quote(name)}{_url(studio.settings)}",
            "",
        ]
    )


def _split(project: ProjectFolder, config: TaskConfig) -> Split:
    if config.split is None:
        raise InvalidConfig([FieldError("split", "Split", "choose one: the script reads its images.")])
    try:
        return project.splits.get(config.split)
    except NotFound:
        raise InvalidConfig([FieldError("split", "Split", "was deleted, choose another one.")]) from None


def _weights(folder: ExperimentFolder) -> str | None:
    """The file that a run of this experiment has started from, if it left a checkpoint."""
    try:
        found = read_json(sidecar(folder.checkpoints / "last.ckpt")).get("weights")
    except (FileNotFoundError, Damaged):
        return None
    return found if isinstance(found, str) and Path(found).suffix else None


def _file(name: str) -> str:
    return f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'experiment'}.yaml"


def _url(settings: Settings) -> str:
    """Left out where the command line looks anyway."""
    default = Settings.model_fields
    if (settings.host, settings.port) == (default["host"].default, default["port"].default):
        return ""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f" --url http://{host}:{settings.port}"
