"""Transforms that blur, disturb and hide parts."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aistudio.schema.transforms.base import Chance, Expected, Kernel, Positive, Share, Transform


class GaussianBlur(Transform):
    """Blurs the image."""

    group: ClassVar[str] = "Blur and noise"
    expects: ClassVar[Expected] = "range"
    kind: Literal["GaussianBlur"] = "GaussianBlur"
    sigma_limit: tuple[Positive, Positive] = Field(
        default=(0.5, 3.0), title="Sigma", description="Weakest and strongest blur."
    )
    p: Chance = 0.2


class MotionBlur(Transform):
    """Blurs the image along a line."""

    group: ClassVar[str] = "Blur and noise"
    expects: ClassVar[Expected] = "range"
    kind: Literal["MotionBlur"] = "MotionBlur"
    blur_limit: tuple[Kernel, Kernel] = Field(
        default=(3, 7), title="Length", description="Shortest and longest line.", json_schema_extra={"unit": "px"}
    )
    p: Chance = 0.2


class MedianBlur(Transform):
    """Replaces each pixel by the median around it."""

    group: ClassVar[str] = "Blur and noise"
    expects: ClassVar[Expected] = "range"
    kind: Literal["MedianBlur"] = "MedianBlur"
    blur_limit: tuple[Kernel, Kernel] = Field(
        default=(3, 7), title="Size", description="Smallest and largest window.", json_schema_extra={"unit": "px"}
    )
    p: Chance = 0.2


class GaussNoise(Transform):
    """Adds random noise."""

    group: ClassVar[str] = "Blur and noise"
    expects: ClassVar[Expected] = "range"
    kind: Literal["GaussNoise"] = "GaussNoise"
    std_range: tuple[Share, Share] = Field(
        default=(0.02, 0.1), title="Strength", description="Range of the deviation, as a share of full brightness."
    )
    p: Chance = 0.2


class ImageCompression(Transform):
    """Adds the artefacts of strong JPEG compression."""

    group: ClassVar[str] = "Blur and noise"
    expects: ClassVar[Expected] = "range"
    kind: Literal["ImageCompression"] = "ImageCompression"
    quality_range: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] = Field(
        default=(50, 95), title="Quality", description="Lowest and highest JPEG quality."
    )
    p: Chance = 0.2


class Sharpen(Transform):
    """Makes edges stronger."""

    group: ClassVar[str] = "Blur and noise"
    expects: ClassVar[Expected] = "range"
    kind: Literal["Sharpen"] = "Sharpen"
    alpha: tuple[Share, Share] = Field(default=(0.2, 0.5), title="Strength", description="Range of the strength.")
    p: Chance = 0.2


class CoarseDropout(Transform):
    """Blackens random rectangles (DeVries and Taylor, 2017)."""

    group: ClassVar[str] = "Dropout"
    expects: ClassVar[Expected] = "black"
    kind: Literal["CoarseDropout"] = "CoarseDropout"
    num_holes_range: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] = Field(
        default=(1, 4), title="Holes", description="Fewest and most rectangles."
    )
    hole_height_range: tuple[Share, Share] = Field(
        default=(0.1, 0.2), title="Hole Height", description="Range, as a share of the image."
    )
    hole_width_range: tuple[Share, Share] = Field(
        default=(0.1, 0.2), title="Hole Width", description="Range, as a share of the image."
    )
    p: Chance = 0.3
