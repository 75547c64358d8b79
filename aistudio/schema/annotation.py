"""What an image can be marked with: a label, values, boxes, rotated boxes, masks, objects, or good and bad."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Kind = Literal["label", "value", "box", "rotated", "mask", "instance", "anomaly"]
Flag = Literal["crowd", "difficult", "ignored", "truncated"]
Flags = tuple[Flag, ...]

NAMES: dict[Kind, str] = {
    "label": "one class for each image",
    "value": "numbers",
    "box": "boxes",
    "rotated": "rotated boxes",
    "mask": "class masks",
    "instance": "outlines of objects",
    "anomaly": "good and defective images",
}


@dataclass(frozen=True, slots=True)
class Label:
    """The class of a whole image. Several of them: the image has several."""

    label: str
    kind: Literal["label"] = "label"


@dataclass(frozen=True, slots=True)
class Value:
    """A number that is to be predicted, by its name."""

    name: str
    value: float
    kind: Literal["value"] = "value"


@dataclass(frozen=True, slots=True)
class Box:
    """Left, top, width and height in pixels of the upright image. `label` is None for a region to be ignored."""

    label: str | None
    x: float
    y: float
    w: float
    h: float
    flags: Flags = ()
    kind: Literal["box"] = "box"


@dataclass(frozen=True, slots=True)
class RotatedBox:
    """Four corners x1 y1 … x4 y4 in pixels, as the source has them; they may lie outside the image.

    Corners, not centre, size and angle: sources whose corners were clipped at the border are no rectangles any more.
    `geometry.rectangle` gives the rectangle of least area around them.
    """

    label: str | None
    corners: tuple[float, ...]
    flags: Flags = ()
    kind: Literal["rotated"] = "rotated"


@dataclass(frozen=True, slots=True)
class Mask:
    """An image file of class indices, as large as the upright image; pixels of `ignore` count for nothing.

    `shares`: class → share of the pixels, ignored ones left aside.
    """

    file: str
    ignore: int
    shares: tuple[tuple[str, float], ...] = ()
    kind: Literal["mask"] = "mask"


@dataclass(frozen=True, slots=True)
class Instance:
    """One object: its box, and its outline as polygons x1 y1 x2 y2 …, or as a run-length code of COCO.

    `rle` is the compressed text; its size is that of the image.
    """

    label: str | None
    x: float
    y: float
    w: float
    h: float
    polygons: tuple[tuple[float, ...], ...] = ()
    rle: str | None = None
    flags: Flags = ()
    kind: Literal["instance"] = "instance"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Good, or with a defect of some sort; `file` is a mask of it, 0 and 255."""

    anomalous: bool
    label: str
    file: str | None = None
    kind: Literal["anomaly"] = "anomaly"


Annotation = Annotated[
    Label | Value | Box | RotatedBox | Mask | Instance | Anomaly,
    Field(discriminator="kind"),
]
AnyAnnotation = Label | Value | Box | RotatedBox | Mask | Instance | Anomaly
