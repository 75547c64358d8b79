"""What a type of the config models looks like to a form: one question, asked in one place."""

import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from aistudio.schema.explain import models_in

Kind = Literal[
    "switch", "whole", "number", "text", "choice", "list", "numbers", "model", "union", "optional", "sequence"
]


@dataclass(frozen=True)
class Shape:
    """`models`: of a model, union, optional or sequence. `options`: of a choice. `length`: of numbers."""

    kind: Kind
    models: tuple[type[BaseModel], ...] = ()
    options: tuple[str, ...] = ()
    length: int = 0


def shape_of(info: FieldInfo) -> Shape:
    return _shape(info.annotation)


def _shape(annotation: Any) -> Shape:
    if get_origin(annotation) is Annotated:
        return _shape(get_args(annotation)[0])
    simple: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number", str: "text"}
    if annotation in simple:
        return Shape(simple[annotation])
    if get_origin(annotation) is Literal:
        return Shape("choice", options=get_args(annotation))
    if get_origin(annotation) is tuple:
        return _tuple(get_args(annotation))
    models = tuple(models_in(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        if len(parts) < len(get_args(annotation)):
            return Shape("optional", models) if models else _shape(parts[0])
        return Shape("union", models)
    return Shape("model", models)


def _tuple(parts: tuple[Any, ...]) -> Shape:
    if parts[-1] is not Ellipsis:
        return Shape("numbers", length=len(parts))
    models = tuple(models_in(parts[0]))
    return Shape("sequence", models) if models else Shape("list")


def discriminator(models: tuple[type[BaseModel], ...]) -> str:
    """The literal field whose values tell the models apart: `kind`, or within one kind `source`."""
    for name in ("kind", "source"):
        values = [get_args(model.model_fields[name].annotation) for model in models if name in model.model_fields]
        if len(values) == len(models) and len(set(values)) == len(models):
            return name
    raise TypeError(f"{[model.__name__ for model in models]} cannot be told apart")


def variants(models: tuple[type[BaseModel], ...], name: str) -> dict[str, type[BaseModel]]:
    """The value of the discriminator → its model."""
    return {str(get_args(model.model_fields[name].annotation)[0]): model for model in models}


def blank(model: type[BaseModel]) -> dict[str, Any]:
    """A model with its own defaults, as JSON."""
    return model().model_dump(mode="json")


def as_json(value: Any) -> Any:
    """A default as it stands in a stored config: models as objects, tuples as lists."""
    return TypeAdapter(Any).dump_python(value, mode="json")
