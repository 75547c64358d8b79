"""Bringing colours to a mean and a deviation."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from aistudio.schema.transforms.base import (
    Transform,
)

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class NormalizeAsWeights(Transform):
    """Brings colours to the mean and deviation that the chosen weights were trained with."""

    group: ClassVar[str] = "Normalisation"
    closing: ClassVar[bool] = True
    kind: Literal["Normalize"] = "Normalize"
    source: Literal["weights"] = Field(
        default="weights", title="Source", description="Mean and deviation of the chosen weights, or your own."
    )

    def summary(self) -> str:
        return "as the weights need it"


Channel = Annotated[float, Field(ge=-10, le=10)]


Deviation = Annotated[float, Field(gt=0, le=10)]


class NormalizeCustom(Transform):
    """Brings colours to your own mean and deviation."""

    group: ClassVar[str] = "Normalisation"
    closing: ClassVar[bool] = True
    kind: Literal["Normalize"] = "Normalize"
    source: Literal["custom"] = Field(
        default="custom", title="Source", description="Mean and deviation of the chosen weights, or your own."
    )
    mean: tuple[Channel, Channel, Channel] = Field(
        default=IMAGENET_MEAN, title="Mean", description="Of red, green and blue, on a scale from 0 to 1."
    )
    std: tuple[Deviation, Deviation, Deviation] = Field(
        default=IMAGENET_STD, title="Deviation", description="Of red, green and blue, on a scale from 0 to 1."
    )

    def arguments(self) -> dict[str, Any]:
        return {"mean": self.mean, "std": self.std}


def _source(value: Any) -> str:
    """Which of the two is meant; what says nothing follows the weights."""
    return str(value.get("source", "weights") if isinstance(value, dict) else value.source)


Normalize = Annotated[
    Annotated[NormalizeAsWeights, Tag("weights")] | Annotated[NormalizeCustom, Tag("custom")], Discriminator(_source)
]
