"""Transforms that move pixels."""

from typing import ClassVar, Literal

from pydantic import Field

from aistudio.schema.transforms.base import Chance, Expected, Positive, Share, Size, Transform


class HorizontalFlip(Transform):
    """Swaps left and right."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["HorizontalFlip"] = "HorizontalFlip"
    p: Chance = 0.5


class VerticalFlip(Transform):
    """Swaps top and bottom."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["VerticalFlip"] = "VerticalFlip"
    p: Chance = 0.5


class Transpose(Transform):
    """Swaps rows and columns."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["Transpose"] = "Transpose"
    p: Chance = 0.5

    def size_after(self, size: Size | None) -> Size | None:
        if size is None or self.p == 1:
            return size and size[::-1]
        return size if self.p == 0 or size[0] == size[1] else None


class RandomRotate90(Transform):
    """Turns by 0, 90, 180 or 270 degrees."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["RandomRotate90"] = "RandomRotate90"
    p: Chance = 0.5

    def size_after(self, size: Size | None) -> Size | None:
        return size if size is None or self.p == 0 or size[0] == size[1] else None


class Rotate(Transform):
    """Turns by a random angle."""

    group: ClassVar[str] = "Geometry"
    expects: ClassVar[Expected] = "black"
    kind: Literal["Rotate"] = "Rotate"
    limit: float = Field(
        default=15,
        ge=0,
        le=180,
        title="Limit",
        description="Largest angle, either way.",
        json_schema_extra={"unit": "degrees"},
    )
    p: Chance = 0.5


class Affine(Transform):
    """Scales, turns and shears at once."""

    group: ClassVar[str] = "Geometry"
    expects: ClassVar[Expected] = "black"
    kind: Literal["Affine"] = "Affine"
    scale: tuple[Positive, Positive] = Field(
        default=(0.9, 1.1), title="Scale", description="Smallest and largest factor."
    )
    rotate: tuple[float, float] = Field(
        default=(-10, 10), title="Rotate", description="Range of the angle.", json_schema_extra={"unit": "degrees"}
    )
    shear: tuple[float, float] = Field(
        default=(-5, 5), title="Shear", description="Range of the slant.", json_schema_extra={"unit": "degrees"}
    )
    p: Chance = 0.5


class Perspective(Transform):
    """Looks at the image from a random side."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["Perspective"] = "Perspective"
    scale: tuple[Share, Share] = Field(
        default=(0.05, 0.1), title="Scale", description="How far corners move, as a share of the side."
    )
    p: Chance = 0.5


class ElasticTransform(Transform):
    """Warps the image like rubber (Simard et al., 2003)."""

    group: ClassVar[str] = "Geometry"
    expects: ClassVar[Expected] = "black"
    kind: Literal["ElasticTransform"] = "ElasticTransform"
    alpha: float = Field(default=50, ge=0, le=1000, title="Strength", description="How far pixels move.")
    sigma: float = Field(default=5, gt=0, le=100, title="Smoothness", description="How wide the waves are.")
    p: Chance = 0.3


class GridDistortion(Transform):
    """Moves the lines of a grid."""

    group: ClassVar[str] = "Geometry"
    expects: ClassVar[Expected] = "black"
    kind: Literal["GridDistortion"] = "GridDistortion"
    distort_limit: float = Field(
        default=0.3, ge=0, lt=1, title="Limit", description="How far a line moves, as a share of a cell."
    )
    p: Chance = 0.3
