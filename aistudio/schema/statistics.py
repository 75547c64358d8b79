"""What a data set is like as a whole: how often, how large, how many."""

from pydantic import Field

from aistudio.schema.base import Document
from aistudio.schema.project import Subset


class ClassCount(Document):
    """`share`: of all pixels that count, for class masks."""

    name: str
    images: int
    objects: int
    share: float | None = None


class Bar(Document):
    """How many there are from `low` up to, and without, `high`; the last bar includes its end."""

    low: float
    high: float
    count: int


class Size(Document):
    width: int
    height: int
    count: int


class Spread(Document):
    """A number that each image has, such as a target or the width."""

    name: str
    least: float
    most: float
    mean: float
    median: float
    bars: list[Bar]


class Statistics(Document):
    """`sizes`: the most frequent ones. `aspects`: width by height. `objects`: objects in an image → images.

    `areas`: side of a square as large as the box, in pixels. `twins`: images that look like another one.
    """

    images: int
    bytes: int
    classes: list[ClassCount] = Field(default_factory=list)
    formats: dict[str, int] = Field(default_factory=dict)
    sizes: list[Size] = Field(default_factory=list)
    distinct_sizes: int = 0
    widths: Spread | None = None
    heights: Spread | None = None
    aspects: list[Bar] = Field(default_factory=list)
    objects: dict[int, int] = Field(default_factory=dict)
    areas: list[Bar] = Field(default_factory=list)
    targets: list[Spread] = Field(default_factory=list)
    subsets: dict[Subset, int] = Field(default_factory=dict)
    problems: dict[str, int] = Field(default_factory=dict)
    twins: int = 0
