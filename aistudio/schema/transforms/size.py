"""Transforms that decide the size of the image."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from aistudio.schema.transforms.base import (
    Expected,
    Height,
    MaxSize,
    Positive,
    Share,
    Side,
    Size,
    Transform,
    Width,
    text_of,
)


def final_size(transforms: Sequence[Transform]) -> Size | None:
    """Height and width that all images have after the list, if it says so."""
    size: Size | None = None
    for transform in transforms:
        size = transform.size_after(size)
    return size


def size_text(size: Size) -> str:
    """Width first, as people say it."""
    return f"{size[1]} × {size[0]}"


# Shrinking takes the mean over the pixels that become one; bilinear sampling would skip most of them and leave noise.
SHRINKING: Final = {"area_for_downscale": "image"}


class Sized(Transform):
    height: Height = 224
    width: Width = 224

    def size_after(self, size: Size | None) -> Size | None:
        return self.height, self.width

    def summary(self) -> str:
        return f"{self.width} × {self.height}"


class Resize(Sized):
    """Stretches the image to a fixed size; shrinking averages pixels."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["Resize"] = "Resize"

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), **SHRINKING}


class RandomResizedCrop(Sized):
    """Cuts a random part out and stretches it to a fixed size; shrinking averages pixels."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["RandomResizedCrop"] = "RandomResizedCrop"
    scale: tuple[Share, Share] = Field(
        default=(0.35, 1.0), title="Scale", description="Smallest and largest share of the area that is kept."
    )
    ratio: tuple[Positive, Positive] = Field(
        default=(0.75, 1.3333), title="Aspect Ratio", description="Narrowest and widest shape of the part."
    )

    def arguments(self) -> dict[str, Any]:
        return {"size": (self.height, self.width), "scale": self.scale, "ratio": self.ratio, **SHRINKING}

    def summary(self) -> str:
        return f"{self.width} × {self.height} scale={text_of(self.scale)}"


class CenterCrop(Sized):
    """Cuts the middle out; smaller images are padded."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["CenterCrop"] = "CenterCrop"

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "pad_if_needed": True}


class RandomCrop(Sized):
    """Cuts a random part of a fixed size out; smaller images are padded."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["RandomCrop"] = "RandomCrop"

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "pad_if_needed": True}


class SmallestMaxSize(Transform):
    """Scales the image, shape kept, until its short side has this length; shrinking averages pixels."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["SmallestMaxSize"] = "SmallestMaxSize"
    max_size: MaxSize = 256

    def size_after(self, size: Size | None) -> Size | None:
        return _scaled(size, self.max_size / min(size)) if size else None

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), **SHRINKING}

    def summary(self) -> str:
        return f"short side {self.max_size}"


class LongestMaxSize(Transform):
    """Scales the image, shape kept, until its long side has this length; shrinking averages pixels."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["LongestMaxSize"] = "LongestMaxSize"
    max_size: MaxSize = 224

    def size_after(self, size: Size | None) -> Size | None:
        return _scaled(size, self.max_size / max(size)) if size else None

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), **SHRINKING}

    def summary(self) -> str:
        return f"long side {self.max_size}"


class PadIfNeeded(Transform):
    """Adds a black border up to a smallest size."""

    group: ClassVar[str] = "Size and crop"
    expects: ClassVar[Expected] = "black"
    kind: Literal["PadIfNeeded"] = "PadIfNeeded"
    min_height: Side = Field(default=224, title="Height", description="Rows that the result has at least.")
    min_width: Side = Field(default=224, title="Width", description="Columns that the result has at least.")

    def size_after(self, size: Size | None) -> Size | None:
        return (max(size[0], self.min_height), max(size[1], self.min_width)) if size else None

    def summary(self) -> str:
        return f"{self.min_width} × {self.min_height}"


def _scaled(size: Size, scale: float) -> Size:
    """Rounded as albumentations does."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
