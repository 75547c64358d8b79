"""How long a waiting run will take, judged by its own earlier attempts or by a finished run like it."""

from collections.abc import Iterable
from typing import Any

from aistudio.schema.experiment import Experiment, total_epochs


def seconds(experiment: Experiment, others: Iterable[Experiment]) -> float | None:
    """None if nothing like it was trained yet."""
    own = _pace(experiment)
    like = [one for one in others if one.status == "completed" and _kind(one) == _kind(experiment) and _pace(one)]
    newest = max(like, key=lambda one: one.queued_at or one.created_at, default=None)
    pace = own or (_pace(newest) if newest else None)
    left = _epochs(experiment) - (experiment.resume_epoch or 0)
    return pace * max(left, 0) if pace else None


def _pace(experiment: Experiment) -> float | None:
    """Seconds for each epoch."""
    done = experiment.progress.epoch
    return experiment.duration_seconds / done if experiment.duration_seconds and done else None


def _epochs(experiment: Experiment) -> int:
    planned = _part(experiment, "training").get("epochs")
    return total_epochs(planned if isinstance(planned, int) else 0, experiment.extensions)


def _kind(experiment: Experiment) -> tuple[object, ...]:
    """What mostly decides how long an epoch takes."""
    return (
        experiment.config.get("split"),
        _part(experiment, "model").get("backbone"),
        _part(experiment, "hardware").get("devices"),
        _part(experiment, "augmentations").get("train"),
    )


def _part(experiment: Experiment, name: str) -> dict[str, Any]:
    """Of a stored configuration, which somebody may have changed by hand."""
    found = experiment.config.get(name)
    return found if isinstance(found, dict) else {}
