"""Projects, and the data sets and splits inside them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

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
    name: Name


class Project(Document):
    """`images` and `experiments` are counted when it is read; the file holds the rest."""

    id: str
    name: str
    task: str
    created_at: datetime
    images: int = 0
    experiments: int = 0


class ImportRequest(Config):
    path: str = Field(
        min_length=1, max_length=4096, title="Folder", description="Absolute path of a folder on the server."
    )
    format: Literal["auto", "class_folders"] = Field(
        default="auto", title="Format", description="How the folder is laid out; auto finds out."
    )
    on_problems: Literal["skip", "refuse"] = Field(
        default="skip",
        title="On Problems",
        description="Skip images that cannot be read and report them, or refuse the import.",
    )


class Problem(Document):
    """Something that the import found: which file, and what is wrong with it."""

    file: str
    message: str


class ImportReport(Document):
    format: str = ""
    images: int = 0
    classes: dict[str, int] = Field(default_factory=dict)
    problems: list[Problem] = Field(default_factory=list)
    skipped: int = 0


ImportStatus = Literal["checking", "importing", "done", "failed", "cancelled"]


class Import(Document):
    id: str
    status: ImportStatus
    done: int = 0
    total: int = 0
    report: ImportReport | None = None
    error: str | None = None


class Dataset(Document):
    status: Literal["empty", "ready"]
    version: int | None = None
    images: int = 0
    classes: list[str] = Field(default_factory=list)
    counts: dict[str, int] = Field(default_factory=dict)


class ImageRecord(Document):
    """One image: `name` is what it was called where it came from, `label` its class."""

    id: int
    name: str
    width: int
    height: int
    bytes: int
    label: str | None = None


class ImagePage(Document):
    total: int
    page: int
    page_size: int
    images: list[ImageRecord]


class Ratios(Config):
    """Shares of the images; they add up to 1."""

    train: float = Field(default=0.8, gt=0, lt=1, title="Training", description="Share that the model learns from.")
    val: float = Field(default=0.2, gt=0, lt=1, title="Validation", description="Share that choices are made on.")
    test: float = Field(default=0.0, ge=0, lt=1, title="Test", description="Share that is kept for the end.")

    @model_validator(mode="after")
    def _sum(self) -> "Ratios":
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise PydanticCustomError("ratios", "the shares must add up to 1, not {total}", {"total": round(total, 4)})
        return self

    def items(self) -> list[tuple[Subset, float]]:
        return [("train", self.train), ("val", self.val), ("test", self.test)]


class SplitPlan(Config):
    """How to split: the same plan on the same data set gives the same split."""

    ratios: Ratios = Field(default_factory=Ratios)
    seed: int = Field(default=0, ge=0, le=2**32 - 1, title="Seed", description="Another seed, another split.")


class SplitRequest(SplitPlan):
    name: Name


class Split(Document):
    """`counts`: class → subset → images."""

    id: str
    name: str
    dataset_version: int
    seed: int
    ratios: Ratios
    counts: dict[str, dict[Subset, int]]
    created_at: datetime | None = None

    def size(self, subset: Subset) -> int:
        return sum(count.get(subset, 0) for count in self.counts.values())
