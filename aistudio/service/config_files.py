"""Configurations as files: an experiment's as YAML, and YAML as a configuration of a project."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import BaseModel

from aistudio import __version__, tasks
from aistudio.errors import BadInput, NotFound
from aistudio.schema.experiment import Experiment, ExperimentRequest
from aistudio.schema.split import Split
from aistudio.service import experiments
from aistudio.service.yaml_reader import parse
from aistudio.service.yaml_writer import written
from aistudio.studio import Actor, Studio


@dataclass(frozen=True)
class Imported:
    """A checked configuration, and what the user should know about how it was read."""

    config: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


def to_yaml(studio: Studio, pid: str, eid: str) -> str:
    """The configuration of an experiment."""
    experiment = studio.workspace.project(pid).experiment(eid).read()
    return config_to_yaml(studio, pid, experiment.name, experiment.config)


def config_to_yaml(studio: Studio, pid: str, name: str, config: Mapping[str, Any]) -> str:
    """A configuration that may not be saved yet. Raises InvalidConfig."""
    task = experiments.task_of(studio, pid)
    parsed = task.parse(config)
    title = f"{name}: {task.name}, written by AI Studio {__version__}"
    return written(cast(BaseModel, parsed), title, {"split": _told(studio, pid, parsed.split)})


def from_yaml(studio: Studio, pid: str, text: str) -> Imported:
    """What the file leaves out takes the defaults. Raises BadInput for the text, InvalidConfig for its values."""
    given = parse(text)
    task = experiments.task_of(studio, pid)
    _same_task(given.get("task", task.key), task.key)
    defaults = experiments.default_config(studio, pid)
    split, warnings = _split(studio, pid, given.get("split", defaults["split"]), defaults["split"])
    parsed = task.parse({**given, "split": split}, defaults)
    return Imported(parsed.model_dump(mode="json"), warnings)


def create(studio: Studio, actor: Actor, pid: str, text: str, name: str | None = None) -> Experiment:
    """A new experiment with the configuration of a file. `detail` of the answer holds warnings."""
    imported = from_yaml(studio, pid, text)
    request = ExperimentRequest(name=name, config=imported.config)
    experiment = experiments.create(studio, actor, pid, request)
    return experiment.model_copy(update={"detail": " ".join(imported.warnings) or None})


def _same_task(given: Any, own: str) -> None:
    if given == own:
        return
    known = {one.key: one.name for one in tasks.TASKS}
    named = known.get(str(given), f"{given!r}, which this version does not know")
    raise BadInput(
        f"The configuration is for the task {named}; the project is for {known[own]}.",
        "Import it into a project of its task.",
    )


# ---- the split: its id means nothing in another project, its name may


def _told(studio: Studio, pid: str, sid: str | None) -> tuple[Any, str]:
    """What stands in the file, and the comment beside it."""
    if sid is None:
        return None, ""
    try:
        split = studio.workspace.project(pid).splits.get(sid)
    except NotFound:
        return {"id": sid}, "was deleted"
    shares = ", ".join(f"{name} {share:g}" for name, share in split.ratios.items())
    return {"id": split.id, "name": split.name}, f"{shares}, seed {split.seed}"


def _split(studio: Studio, pid: str, given: Any, newest: str | None) -> tuple[Any, list[str]]:
    """The id of the split that is meant, else the newest; and a warning if it is not the one that was named."""
    wanted = {"id": str(given), "name": str(given)} if isinstance(given, str | int) else given
    if not isinstance(wanted, Mapping):
        return given, []  # null, or something that is refused with all other values
    if strange := set(wanted) - {"id", "name"}:
        raise BadInput(f"Split: {min(strange)} is not an option here.", "Write `split: {name: …}`.")
    known = studio.workspace.project(pid).splits.all()
    if (found := _meant(wanted, known)) is not None:
        return found.id, []
    shown = wanted.get("name") or wanted.get("id")
    other = next((split.name for split in known if split.id == newest), None)
    used = f"the newest one, {other}, was chosen" if other else "none was chosen"
    return newest, [f"This project has no split {shown}: {used}."]


def _meant(wanted: Mapping[str, Any], known: list[Split]) -> Split | None:
    by_id = [split for split in known if split.id == wanted.get("id")]
    by_name = [split for split in known if split.name == wanted.get("name")]
    return next(iter([*by_id, *by_name]), None)
