"""Projects, and the data sets and splits inside them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from aistudio.schema.annotation import Annotation, Kind
from aistudio.schema.base import Config, Document

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(title="Name", description="1 to 100 characters."),
]
Subset = Literal["train", "val", "test"]


class ProjectRequest(Config):
    name: Name
    task: str = Field(title="Task", description="Key of the task, as `GET /api/tasks` lists it.")


class ProjectChange(Config):
    """`rev` is the revision that the change was made on; a stale one is refused with the current document."""

    rev: int
    name: Name


class Project(Document):
    """`images` and `experiments` are counted when it is read; the file holds the rest. `rev` rises with each change.

    `damage`: why its data, or all of it, cannot be read. Without a readable file there is no task, either.
    """

    id: str
    name: str
    task: str
    rev: int = 1
    created_at: datetime
    images: int = 0
    experiments: int = 0
    damage: str = ""


OnProblems = Literal["ask", "skip", "refuse"]
Storage = Literal["copy", "reference"]


class ImportOptions(Config):
    """What is asked of every import, wherever the files come from."""

    format: str = Field(
        default="auto", max_length=64, title="Format", description="How the folder is laid out; auto finds out."
    )
    on_problems: OnProblems = Field(
        default="skip",
        title="On Problems",
        description="Ask what to do with what is wrong, leave it out and report it, or refuse the import.",
    )


class ImportRequest(ImportOptions):
    path: str = Field(
        min_length=1, max_length=4096, title="Folder", description="Absolute path of a folder on the server."
    )
    storage: Storage = Field(
        default="copy",
        title="Images",
        description="Copy them into the workspace, or leave them where they are; then they must not change.",
    )


Effect = Literal["left out", "changed", "noted"]


class Problem(Document):
    """Something that the import found: in which file and line, what is wrong, and what becomes of it.

    `kind` groups problems of one sort. `left out`: the image or the annotation is not imported; `changed`: it is, but
    not as it was; `noted`: it is imported as it is.
    """

    file: str
    message: str
    line: int | None = None
    kind: str = "image"
    effect: Effect = "left out"

    def __str__(self) -> str:
        line = f" line {self.line}" if self.line is not None else ""
        return f"{self.file}{line} {self.message}"


class ProblemKind(Document):
    """Problems of one sort: how many by what becomes of it, and how many images of the data set have one."""

    kind: str
    effects: dict[Effect, int]
    images: int = 0

    @property
    def count(self) -> int:
        return sum(self.effects.values())


class Finding(Document):
    """A format that a folder seems to have, and why; `score` says how surely, from 0 to 100."""

    format: str
    title: str
    kinds: list[Kind]
    reason: str
    score: int


class ImportReport(Document):
    """`classes`: class → images with it. `objects`: class → how often it occurs. `found`: all formats that the folder
    could have.

    `problems`: some of each kind, a thousand at most. `totals`: kind of problem → how many, and `effects` the same by
    what becomes of it. `skipped`: images left out; `dropped`: annotations left out. `subsets`: what the source itself
    says about training, validation and test.
    """

    format: str = ""
    reason: str = ""
    annotation: Kind | None = None
    found: list[Finding] = Field(default_factory=list)
    images: int = 0
    classes: dict[str, int] = Field(default_factory=dict)
    objects: dict[str, int] = Field(default_factory=dict)
    targets: list[str] = Field(default_factory=list)
    subsets: dict[Subset, int] = Field(default_factory=dict)
    problems: list[Problem] = Field(default_factory=list)
    totals: dict[str, int] = Field(default_factory=dict)
    effects: dict[str, dict[Effect, int]] = Field(default_factory=dict)
    skipped: int = 0
    dropped: int = 0


ImportStatus = Literal["unpacking", "checking", "review", "importing", "done", "failed", "cancelled"]
UNDER_WAY: tuple[ImportStatus, ...] = ("unpacking", "checking", "review", "importing")


class Import(Document):
    """`source`: the folder on the server, None for a zip file or a sample. `storage`: whether it is copied."""

    id: str
    status: ImportStatus
    done: int = 0
    total: int = 0
    report: ImportReport | None = None
    error: str | None = None
    source: str | None = None
    storage: Storage = "copy"
    ended_at: datetime | None = None


class Dataset(Document):
    """`counts`: class → images with it. `objects`: class → how often it occurs, where an image can have several."""

    status: Literal["empty", "ready"]
    version: int | None = None
    images: int = 0
    classes: list[str] = Field(default_factory=list)
    counts: dict[str, int] = Field(default_factory=dict)
    objects: dict[str, int] = Field(default_factory=dict)
    annotation: Kind | None = None
    format: str = ""
    targets: list[str] = Field(default_factory=list)
    columns: list[str] = Field(default_factory=list)
    subsets: dict[Subset, int] = Field(default_factory=dict)
    problems: dict[str, int] = Field(default_factory=dict)
    storage: Storage = "copy"


class DatasetVersion(Document):
    """One version of the images. `images` is None where it cannot be read.

    `splits` and `experiments`: the names of those that are of this version, and stay with it.
    """

    version: int
    images: int | None
    imported_at: datetime
    splits: list[str] = Field(default_factory=list)
    experiments: list[str] = Field(default_factory=list)


class ImageRecord(Document):
    """One image: `name` is what it was called where it came from, `label` its class, if it has exactly one.

    `subset`: what the source says. `twin`: the same number for images that look alike. `columns`: what else a table
    says about it.
    """

    id: int
    name: str
    width: int
    height: int
    bytes: int
    label: str | None = None
    format: str = ""
    subset: Subset | None = None
    twin: int | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    annotations: list[Annotation] = Field(default_factory=list)
    problems: list[Problem] = Field(default_factory=list)


class ImagePage(Document):
    total: int
    page: int
    page_size: int
    images: list[ImageRecord]


class ProblemKinds(Document):
    """What an import found, by kind. `images`: how many images of the data set have any problem, and `alike` how many
    look like another one.
    """

    kinds: list[ProblemKind] = Field(default_factory=list)
    images: int = 0
    alike: int = 0


class ProblemPage(Document):
    total: int
    page: int
    page_size: int
    problems: list[Problem]
