"""What a worker says while it works, one JSON line each, and the papers in a job folder."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from aistudio.schema.annotation import Kind
from aistudio.schema.base import Document
from aistudio.schema.experiment import Extension, Failure, Phase, Row
from aistudio.schema.preview import PipelineName, PreviewImage
from aistudio.schema.project import ImportReport, ImportStatus, OnProblems, Storage


class Event(Document):
    """`time` is seconds since 1970."""

    time: float


class Started(Event):
    """The worker has its lease."""

    event: Literal["started"] = "started"
    attempt: int = 0


class Resumed(Event):
    """Training goes on after `epoch`: what an earlier attempt logged of later epochs does not count any more.

    But for `best`, the row of what the best checkpoint holds: its weights stay until there are better ones.
    """

    event: Literal["resumed"] = "resumed"
    epoch: int
    checkpoint: str = "last"
    best: Row | None = None


class PhaseEntered(Event):
    event: Literal["phase"] = "phase"
    phase: Phase


class Planned(Event):
    """How much there is to do: epochs in all, and optimizer steps in each."""

    event: Literal["planned"] = "planned"
    epochs: int
    steps_per_epoch: int


class StepsLogged(Event):
    """Consecutive optimizer steps of one epoch, from `step` (counted from 1 over the whole run).

    `elapsed`: seconds of training until each step. The three lists have the same length.
    """

    event: Literal["steps"] = "steps"
    epoch: int
    step: int
    elapsed: list[float]
    train_loss: list[float | None]
    lr: list[float]

    @model_validator(mode="after")
    def _same_length(self) -> "StepsLogged":
        if not len(self.elapsed) == len(self.train_loss) == len(self.lr):
            raise PydanticCustomError("lengths", "elapsed, train_loss and lr must have the same length")
        return self


class EpochFinished(Event):
    """One epoch with everything that was measured: `epoch`, `step`, `time` (seconds of training), losses, metrics."""

    event: Literal["epoch"] = "epoch"
    row: Row
    best: bool = False


class CheckpointSaved(Event):
    """`name` is `last` or `best`; `epoch` the last finished epoch in it."""

    event: Literal["checkpoint"] = "checkpoint"
    name: str
    epoch: int


class Warned(Event):
    """Something that the user should know and that does not end the run."""

    event: Literal["warning"] = "warning"
    message: str


class ImageSkipped(Event):
    """An image could not be read while training; `skipped` is how many there are so far."""

    event: Literal["skipped"] = "skipped"
    image: str
    message: str
    skipped: int


class ImportProgressed(Event):
    event: Literal["import"] = "import"
    status: ImportStatus
    done: int
    total: int


class ImportReported(Event):
    event: Literal["report"] = "report"
    report: ImportReport


class ImagePreviewed(Event):
    """All pictures of this image are there."""

    event: Literal["preview"] = "preview"
    image: PreviewImage


AnyEvent = Annotated[
    Started
    | Resumed
    | PhaseEntered
    | Planned
    | StepsLogged
    | EpochFinished
    | CheckpointSaved
    | Warned
    | ImageSkipped
    | ImportProgressed
    | ImportReported
    | ImagePreviewed,
    Field(discriminator="event"),
]
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


class TrainRequest(Document):
    """`request.json` of a training attempt. Paths are absolute; `config` was checked and is frozen.

    `resume` names the checkpoint to go on from; `seconds_before` is how long earlier attempts trained. The schedule of
    the learning rate spans `config.training.epochs`; `extensions` are epochs that were added. `fingerprint` tells
    whether the data set is the same at a later attempt.
    """

    job: Literal["train"] = "train"
    attempt: int
    project: str
    experiment: str
    folder: str
    dataset: str
    splits: str
    config: dict[str, Any]
    weights_dir: str | None = None
    resume: Literal["last", "prev"] | None = None
    seconds_before: float = 0.0
    extensions: list[Extension] = Field(default_factory=list)
    fingerprint: str | None = None


class ImportJobRequest(Document):
    """`request.json` of an import: from a server folder, of an uploaded zip file, or of a drawn sample.

    `annotation` is what the images are to be marked with.
    """

    job: Literal["import"] = "import"
    project: str
    task: str
    annotation: Kind = "label"
    source: str | None = None
    upload: str | None = None
    sample: str | None = None
    format: str = "auto"
    on_problems: OnProblems = "skip"
    storage: Storage = "copy"
    target: str


class PreviewSource(Document):
    """One image of a preview; `path` is its file."""

    id: int
    name: str
    label: str | None = None
    path: str


class PreviewJobRequest(Document):
    """`request.json` of a preview, which is made in the folder of the job. `epoch` counts from 0.

    `transforms` were checked; `backbone`, `pretrained` and `weights_dir` say which weights Normalize follows.
    """

    job: Literal["preview"] = "preview"
    project: str
    task: str
    version: int
    images: list[PreviewSource]
    pipeline: PipelineName
    transforms: list[dict[str, Any]]
    backbone: str
    pretrained: bool
    weights_dir: str | None = None
    seed: int
    epoch: int


JobRequest = Annotated[TrainRequest | ImportJobRequest | PreviewJobRequest, Field(discriminator="job")]
JOB_REQUEST: TypeAdapter[JobRequest] = TypeAdapter(JobRequest)


class WorkerIdentity(Document):
    """`worker.json`: boot id, pid and start ticks together name one process for all time."""

    attempt: int
    pid: int
    boot_id: str
    start_ticks: int


class Verdict(Document):
    """`verdict.json`, the worker's last word."""

    attempt: int
    status: Literal["completed", "stopped", "failed"]
    error: Failure | None = None
    finished_at: float
