"""Validation errors in words: which field, and what is allowed."""

import difflib
import re
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from aistudio.errors import FieldError, InvalidConfig


def invalid(model: type[BaseModel], error: ValidationError) -> InvalidConfig:
    """The same error for people: every wrong field with its title and its allowed range."""
    errors = error.errors()
    wrong = {details["loc"][:-1] for details in errors}
    told = [details for details in errors if details["type"] != "too_short" or details["loc"] not in wrong]
    return InvalidConfig([_field_error(model, dict(details)) for details in told])


def _field_error(model: type[BaseModel], details: dict[str, Any]) -> FieldError:
    info, path, candidates = _locate(model, details["loc"])
    name = path.rsplit(".", 1)[-1]
    title = (info.title if info else None) or (name or "Configuration")
    if details["type"] == "extra_forbidden":
        return FieldError(path, title, f"is not an option here{_near(name, candidates)}.")
    return FieldError(path, title, _message(details, info))


def _near(name: str, candidates: list[type[BaseModel]]) -> str:
    """The option that was perhaps meant."""
    near = difflib.get_close_matches(name, [field for one in candidates for field in one.model_fields], n=1)
    return f", perhaps {near[0]} is meant" if near else ""


def _locate(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[FieldInfo | None, str, list[type[BaseModel]]]:
    """The innermost declared field on the way along `loc`, the way as `a.b.0.c` without the names of choices, and the
    models that could be there.
    """
    info: FieldInfo | None = None
    candidates: list[type[BaseModel]] = [model]
    path: list[str] = []
    for part in loc:
        owner = next((one for one in candidates if isinstance(part, str) and part in one.model_fields), None)
        if owner is not None:
            info = owner.model_fields[str(part)]
            candidates = models_in(info.annotation)
            path.append(str(part))
        elif isinstance(part, int):
            path.append(str(part))
        elif choice := [one for one in candidates if part in choices_of(one)]:
            candidates = choice
        elif not candidates:
            path.append(str(part))
        else:
            info = None
            path.append(str(part))
    return info, ".".join(path), candidates


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Every model class in a type, through Annotated, unions and tuples."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple, list):
        return [found for part in get_args(annotation) for found in models_in(part)]
    return []


def choices_of(model: type[BaseModel]) -> list[str]:
    """The names under which a model is one choice of a union: the values of its literal `kind`, `source`, `job`."""
    return [
        str(value)
        for field in model.model_fields.values()
        if str(getattr(field.annotation, "__origin__", "")) == "typing.Literal"
        for value in get_args(field.annotation)
    ]


def _message(details: dict[str, Any], info: FieldInfo | None) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "is missing."
    if kind in ("union_tag_invalid", "literal_error"):
        allowed = str(context.get("expected_tags") or context.get("expected")).replace("'", "")
        return f"must be one of {allowed}."
    if kind == "union_tag_not_found":
        name = str(context.get("discriminator", "kind")).replace("'", "")
        return f"needs a {name}."
    if kind in ("int_parsing", "int_type", "int_from_float"):
        return _number("whole ", details, info)
    if kind in ("float_parsing", "float_type", "finite_number"):
        return _number("", details, info)
    if kind.startswith(("greater_than", "less_than")):
        whole = "whole " if info is not None and info.annotation is int else ""
        return _number(whole, details, info)
    if kind == "too_short":
        return f"needs at least {context['min_length']}."
    if kind == "too_long":
        return f"may have at most {context['max_length']}."
    if kind == "string_pattern_mismatch":
        return f"{details['input']!r} is not a valid name."
    message = str(details["msg"]).removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."


def _number(whole: str, details: dict[str, Any], info: FieldInfo | None) -> str:
    """What it must be, and how it is written where that is what went wrong."""
    if isinstance(details["loc"][-1], int):  # one of several
        return f"must be {whole}numbers{_range(info)}, with commas between them."
    given = details.get("input")
    if not whole and isinstance(given, str) and re.fullmatch(r"[+-]?\d+,\d+", given):
        return f"must be a number{_range(info)}; decimals are written with a point: {given.replace(',', '.')}."
    return f"must be a {whole}number{_range(info)}."


def _range(info: FieldInfo | None) -> str:
    """The allowed range: ` from 1 to 64`, ` above 0 and at most 10`."""
    low, high = bounds(info)
    words = " and ".join(part for part in (low, high) if part)
    return " " + re.sub(r"^at least (\S+) and at most", r"from \1 to", words) if words else ""


def _constraints(info: FieldInfo) -> list[Any]:
    """Those of the field, and where it holds several numbers those of each number."""
    return [*info.metadata, *(part for item in get_args(info.annotation) for part in _of_item(item))]


def _of_item(annotation: Any) -> list[Any]:
    if get_origin(annotation) is not Annotated:
        return []
    parts = [part.metadata if isinstance(part, FieldInfo) else [part] for part in annotation.__metadata__]
    return [constraint for part in parts for constraint in part]


def bounds(info: FieldInfo | None) -> tuple[str, str]:
    low = high = ""
    for constraint in _constraints(info) if info else ():
        for name, words in (("ge", "at least"), ("gt", "above")):
            if (value := getattr(constraint, name, None)) is not None:
                low = f"{words} {value:.10g}"
        for name, words in (("le", "at most"), ("lt", "below")):
            if (value := getattr(constraint, name, None)) is not None:
                high = f"{words} {value:.10g}"
    return low, high
