"""What all transforms share: named and parametrised as in albumentations."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from aistudio.schema.base import Config

Side = Annotated[int, Field(ge=8, le=4096, json_schema_extra={"unit": "px"})]
Height = Annotated[Side, Field(title="Height", description="Rows of the result.")]
Width = Annotated[Side, Field(title="Width", description="Columns of the result.")]
MaxSize = Annotated[Side, Field(title="Size", description="Length of that side of the result.")]
Chance = Annotated[
    float, Field(ge=0, le=1, title="Probability", description="Share of the images that it is applied to.")
]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=10)]
Kernel = Annotated[int, Field(ge=3, le=101)]
Size = tuple[int, int]
Expected = Literal["nothing", "range", "black"]


class Transform(Config):
    """One step of a pipeline.

    `group` is where it stands in the menu, `arguments` what the class of albumentations is called with, `summary` the
    short text beside its name. `closing`: it wants to be the last of a list, so that new ones go in front of it.
    `expects`: what it takes for granted and a Normalize before it undoes: that colours have a `range`, or that 0, with
    which it fills, is `black`.
    """

    group: ClassVar[str]
    closing: ClassVar[bool] = False
    expects: ClassVar[Expected] = "nothing"
    kind: str

    @model_validator(mode="after")
    def _ranges_rise(self) -> "Transform":
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) == 2:
                _ordered(*value, info.title or name)
        return self

    def arguments(self) -> dict[str, Any]:
        return self.model_dump(exclude={"kind"})

    def size_after(self, size: Size | None) -> Size | None:
        """Height and width of what becomes of images of that size; None where it is not one and the same."""
        return size

    def summary(self) -> str:
        return " ".join(f"{short(name)}={text_of(value)}" for name, value in self.arguments().items())


def _ordered(low: float, high: float, name: str) -> None:
    if low > high:
        raise PydanticCustomError("range", "{name}: the first number must not be above the second", {"name": name})


def short(name: str) -> str:
    return name if len(name) <= 2 else name.split("_")[0][:10]


def text_of(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "…".join(text_of(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
