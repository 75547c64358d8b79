"""Splits: how images are shared out to training, validation and test."""

import re
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from aistudio.schema.base import Config, Document
from aistudio.schema.project import Name, Subset


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


def _pattern(given: str) -> str:
    try:
        re.compile(given)
    except (re.error, OverflowError, RecursionError) as error:
        raise PydanticCustomError("pattern", "is no regular expression: {why}", {"why": str(error)}) from None
    return given


class ByFolder(Config):
    """Images of one folder stay together."""

    kind: Literal["folder"] = Field(default="folder", title="Group By")


class ByPattern(Config):
    """Images in whose name the expression finds the same text stay together; the others are each for itself."""

    kind: Literal["pattern"] = Field(default="pattern", title="Group By")
    pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        min_length=1,
        max_length=200,
        title="Pattern",
        description="A regular expression such as `patient(\\d+)`; what its groups find counts, or else all it finds.",
    )


class ByColumn(Config):
    """Images with the same entry in a column of the imported table stay together."""

    kind: Literal["column"] = Field(default="column", title="Group By")
    column: str = Field(min_length=1, max_length=200, title="Column", description="Name of a column of the table.")


GroupBy = Annotated[ByFolder | ByPattern | ByColumn, Field(discriminator="kind")]


class Dealing(Config):
    """What is common to all ways of sharing out: the same on the same data set gives the same."""

    seed: int = Field(default=0, ge=0, le=2**32 - 1, title="Seed", description="Another seed, another split.")
    group_by: GroupBy | None = Field(
        default=None, title="Group By", description="Images that belong together never come apart."
    )
    keep_twins: bool = Field(
        default=True,
        title="Keep Twins Together",
        description="Images that look alike never come apart, so that none is asked for that was learned.",
    )
    target: str | None = Field(
        default=None,
        max_length=200,
        title="Target",
        description="Number that is shared out evenly; the first one if none is given.",
    )


class SplitPlan(Dealing):
    """How to split by shares."""

    ratios: Ratios = Field(default_factory=Ratios)


class SplitRequest(SplitPlan):
    name: Name


class FoldsPlan(Dealing):
    """Several splits at once: each part of the images is for validation once, and for training otherwise.

    Defects, which are never for training, are for validation in each of them.
    """

    folds: int = Field(default=5, ge=2, le=20, title="Folds", description="How many parts, and so how many splits.")


class FoldsRequest(FoldsPlan):
    name: Name


Origin = Literal["ratios", "source", "fold"]
_FOLD = re.compile(r"(.+), fold (\d+) of (\d+)")


class Fold(NamedTuple):
    """The name that a set of folds was given, which one of them this is, and how many they are."""

    given: str
    number: int
    of: int

    @property
    def name(self) -> str:
        return f"{self.given}, fold {self.number} of {self.of}"


class Split(Document):
    """`counts`: class → subset → images with it. `sizes`: subset → images. `origin`: how it came about.

    `groups`: how many groups of images were kept together. `target`: the number that was shared out evenly; then
    `counts` has its ranges instead of classes. `bare`: subset → images without any class or number.
    """

    id: str
    name: str
    dataset_version: int
    seed: int
    ratios: Ratios
    counts: dict[str, dict[Subset, int]]
    sizes: dict[Subset, int] = Field(default_factory=dict)
    origin: Origin = "ratios"
    group_by: GroupBy | None = None
    keep_twins: bool = False
    groups: int = 0
    target: str | None = None
    bare: dict[Subset, int] = Field(default_factory=dict)
    created_at: datetime | None = None

    @property
    def fold(self) -> Fold | None:
        """Which one of which set it is, as its name says."""
        found = _FOLD.fullmatch(self.name) if self.origin == "fold" else None
        return Fold(found[1], int(found[2]), int(found[3])) if found else None

    def size(self, subset: Subset) -> int:
        if self.sizes:
            return self.sizes.get(subset, 0)
        return sum(count.get(subset, 0) for count in self.counts.values())


class Group(Document):
    """Images that stay together: what they have in common, how many they are, and what some of them are called."""

    key: str
    images: int
    names: list[str]


class GroupReport(Document):
    """What images could be kept together by: how many groups, how many of them of one image, the largest ones.

    `apart`: images that are in none, with some of their names.
    """

    groups: int = 0
    single: int = 0
    largest: list[Group] = Field(default_factory=list)
    apart: int = 0
    apart_names: list[str] = Field(default_factory=list)


class Leak(Document):
    """Two images that are the same or look alike, in different subsets."""

    first: int
    first_name: str
    first_subset: Subset
    second: int
    second_name: str
    second_subset: Subset
    same: bool


class CrossingGroup(Document):
    """A group with images in several subsets: what they have in common, and how many are in which."""

    key: str
    sizes: dict[Subset, int]


class GroupCrossings(Document):
    """Whether groups come apart: how many there are, how many of them of one image, and how many in several subsets.

    `examples`: the largest of the latter. `apart`: images that are in no group.
    """

    by: GroupBy
    groups: int
    single: int
    crossing: int
    examples: list[CrossingGroup] = Field(default_factory=list)
    apart: int = 0


class LeakReport(Document):
    """`same`: pairs of equal files across subsets; `alike`: pairs that look alike. `examples` are the first hundred.

    `groups`: those that the split was to keep together, or else the folders of the data, where they say anything.
    """

    same: int = 0
    alike: int = 0
    examples: list[Leak] = Field(default_factory=list)
    groups: GroupCrossings | None = None
