"""An experiment: its configuration, where it stands, and what came out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from aistudio.schema.base import Config, Document
from aistudio.schema.project import Name

Status = Literal["created", "queued", "training", "completed", "failed", "stopped"]
Phase = Literal["queued", "starting", "loading data", "epoch", "validating", "saving", "stopping"]
ACTIVE: frozenset[Status] = frozenset({"queued", "training"})
FINISHED: frozenset[Status] = frozenset({"completed", "failed", "stopped"})

Row = dict[str, float | None]


class Extension(Document):
    """Epochs added to a run, at the learning rate before them or at one that was given.

    They begin after the epoch `after`: where the run had come to its end, which early stopping may have set before the
    end of the schedule. Without it they begin after everything that was planned before them.
    """

    epochs: int = Field(ge=1, le=10_000)
    lr: float | None = Field(default=None, gt=0, le=10)
    after: int | None = Field(default=None, ge=1)


def spans(epochs: int, extensions: Sequence[Extension]) -> list[tuple[int, int]]:
    """After which epoch each part of a run begins and ends: the schedule of `epochs` first, then each extension."""
    found = [(0, epochs)]
    for extension in extensions:
        begin = found[-1][1] if extension.after is None else extension.after
        found.append((begin, begin + extension.epochs))
    return found


def total_epochs(epochs: int, extensions: Sequence[Extension]) -> int:
    return spans(epochs, extensions)[-1][1]


class Failure(Document):
    """Why a run failed: `type` is the reason code, `message` one sentence, `advice` one thing to do."""

    type: str
    message: str
    advice: str = ""
    traceback: str = ""


class Progress(Document):
    """Finished epochs and steps out of how many; `eta_seconds` is null until it can be told."""

    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    eta_seconds: float | None = None


class MetricValues(Document):
    """Fractions 0 to 1 by column name: of the best epoch, and of the last."""

    best: Row | None = None
    last: Row | None = None


class MainMetric(Document):
    name: str
    direction: Literal["max", "min"]

    def better(self, new: float, old: float) -> bool:
        return new > old if self.direction == "max" else new < old


class Experiment(Document):
    """`experiment.json`. The fields after `config` are what a run left behind; `rev` rises with each write.

    `detail` is a sentence about what an active run does just now, such as how a stop goes on. `extending`: the last of
    `extensions` belongs to the run that waits. `resume_epoch`: after which epoch a resumed run would go on.
    `queued_before`: when the run before the waiting one was queued, so that taking it back leaves no trace.
    """

    schema_version: int = Field(default=1, alias="schema", serialization_alias="schema")
    id: str
    name: str
    status: Status = "created"
    phase: Phase | None = None
    rev: int = 1
    attempt: int = 0
    parent: str | None = None
    created_at: datetime
    queued_at: datetime | None = None
    queued_from: Status | None = None
    queued_before: datetime | None = None
    position: int | None = None
    waiting_for: str | None = None
    config: dict[str, Any]
    extensions: list[Extension] = Field(default_factory=list)
    extending: bool = False
    detail: str | None = None
    progress: Progress = Field(default_factory=Progress)
    metrics: MetricValues = Field(default_factory=MetricValues)
    best_epoch: int | None = None
    main_metric: MainMetric
    error: Failure | None = None
    resumable: bool = False
    resume_epoch: int | None = None
    duration_seconds: float | None = None

    @property
    def active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_damaged(self) -> bool:
        """Stands in for one whose document cannot be read; `error` says why."""
        return self.error is not None and self.error.type == "Damaged"


class ExperimentRequest(Config):
    name: Name | None = None
    config: dict[str, Any] | None = None


class ExperimentChange(Config):
    """`rev` is the revision that the change was made on; a stale one is refused with the current document."""

    rev: int
    name: Name | None = None
    config: dict[str, Any] | None = None


class ResumeRequest(Config):
    """Going on from the last checkpoint. `more_epochs` adds epochs; `lr` is their learning rate."""

    more_epochs: int | None = Field(default=None, ge=1, le=10_000, title="More Epochs", description="Epochs to add.")
    lr: float | None = Field(
        default=None, gt=0, le=10, title="Learning Rate", description="Of the added epochs; the last one if left out."
    )
    accept_changed_dataset: bool = Field(
        default=False, title="Data set changed", description="Go on although the images are not the same any more."
    )
    accept_previous_checkpoint: bool = Field(
        default=False,
        title="Previous checkpoint",
        description="Go on from the checkpoint before the last one, because the last one is damaged.",
    )


class DuplicateRequest(Config):
    """A new experiment with the same configuration, or what a run is offered that failed of a value of it."""

    smaller_batch: bool = Field(
        default=False, title="Smaller batch", description="Half the batch size, twice the batch multiplier."
    )
    without_pretrained: bool = Field(
        default=False, title="Without pretrained weights", description="Random weights instead of trained ones."
    )


class QueueOrder(Config):
    """Ids of waiting experiments, of any project, in the order in which they are to start."""

    experiments: tuple[str, ...] = Field(max_length=10_000, title="Experiments", description="Ids in their new order.")


class QueuePlace(Document):
    """One experiment that waits. `estimated_wait_seconds` is null where it cannot be told."""

    position: int
    experiment: str
    name: str
    project: str
    waiting_for: str
    estimated_wait_seconds: float | None = None


class Curves(Document):
    """Metrics as a table. Step rows carry `train_loss` and `lr`, epoch rows everything."""

    columns: list[str]
    rows: list[list[float | None]]
