"""Where an experiment comes from: what was changed since it was copied, and what that brought."""

from collections.abc import Mapping
from dataclasses import dataclass

from aistudio import tasks
from aistudio.errors import Damaged, NotFound
from aistudio.schema.difference import Difference, differences
from aistudio.schema.experiment import Experiment
from aistudio.studio import Studio


@dataclass(frozen=True)
class Lineage:
    """`gain`: how much better the best main metric is than the parent's (negative: worse); None until both are done."""

    parent: str
    changes: list[Difference]
    gain: float | None


def lineage(
    studio: Studio, pid: str, experiment: Experiment, known: Mapping[str, Experiment] | None = None
) -> Lineage | None:
    """None for one that is no copy, or whose parent is gone. `known` saves reading the parent again."""
    parent = _parent(studio, pid, experiment, known or {})
    if parent is None:
        return None
    model = tasks.task(studio.workspace.project(pid).read().task).config
    return Lineage(parent.name, differences(model, parent.config, experiment.config), _gain(parent, experiment))


def _parent(studio: Studio, pid: str, experiment: Experiment, known: Mapping[str, Experiment]) -> Experiment | None:
    if experiment.parent is None or experiment.parent in known:
        return known.get(experiment.parent or "")
    try:
        return studio.workspace.project(pid).experiment(experiment.parent).read()
    except (NotFound, Damaged):
        return None


def _gain(parent: Experiment, experiment: Experiment) -> float | None:
    before, after = _best(parent), _best(experiment)
    if before is None or after is None or parent.active or experiment.active:
        return None
    return after - before if experiment.main_metric.direction == "max" else before - after


def _best(experiment: Experiment) -> float | None:
    return (experiment.metrics.best or {}).get(experiment.main_metric.name)
