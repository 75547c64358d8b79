"""How a status reads: the owner's icons and words, and a colour."""

from aistudio.schema.experiment import Experiment, Phase, Status

ICON: dict[Status, str] = {
    "created": "○",
    "queued": "◔",
    "training": "●",
    "completed": "✓",
    "failed": "✗",
    "stopped": "■",
}
WORD: dict[Status, str] = {
    "created": "Not trained",
    "queued": "Queued",
    "training": "Training",
    "completed": "Completed",
    "failed": "Failed",
    "stopped": "Stopped",
}
COLOUR: dict[Status, str] = {
    "created": "muted",
    "queued": "wait",
    "training": "busy",
    "completed": "good",
    "failed": "bad",
    "stopped": "wait",
}
ORDER: tuple[Status, ...] = ("training", "queued", "failed", "stopped", "created", "completed")
BEFORE: frozenset[Phase] = frozenset({"queued", "starting", "loading data"})
PHASE = {
    "starting": "Starting…",
    "loading data": "Loading model and images…",
    "validating": "Validating…",
    "saving": "Saving…",
    "stopping": "Stopping…",
}


def word(experiment: Experiment) -> str:
    return "Cannot be read" if experiment.is_damaged else WORD[experiment.status]


def best_metric(experiment: Experiment) -> float | None:
    """The main metric of the best epoch so far."""
    return (experiment.metrics.best or {}).get(experiment.main_metric.name)
