"""A configuration as YAML for people: in the order of the form, with units, limits and choices beside the values."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aistudio.schema.base import hint
from aistudio.schema.explain import bounds
from aistudio.schema.shape import discriminator, shape_of, variants
from aistudio.service.yaml_reader import Dumper

INDENT = "  "
Written = Mapping[str, tuple[Any, str]]


def written(config: BaseModel, title: str, instead: Written) -> str:
    """`title` becomes a comment. `instead`: for some fields of the outermost level another value, and a comment."""
    return "\n".join([f"# {_comment(title)}", *_model(config, "", instead), ""])


def _model(model: BaseModel, indent: str, instead: Written, others: str = "") -> Iterator[str]:
    fields = type(model).model_fields
    for name in sorted(fields, key=lambda name: name != "kind"):
        value, note = instead.get(name, (getattr(model, name), _note(fields[name])))
        if name == "kind":
            note = others
        for line in _field(name, value, fields[name], note):
            yield f"{indent}{line}"


def _field(name: str, value: Any, info: FieldInfo, note: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield f"{name}:"
        yield from _model(value, INDENT, {}, _others(value, info))
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        yield f"{name}:"
        for item in value:
            first, *rest = _model(item, "", {})
            yield f"{INDENT}- {first}"
            yield from (f"{INDENT}{INDENT}{line}" for line in rest)
    else:
        yield f"{name}: {_plain(value)}" + (f"  # {_comment(note)}" if note else "")


def _others(value: BaseModel, info: FieldInfo) -> str:
    """What else could have been chosen."""
    shape = shape_of(info)
    if shape.kind != "union":
        return ""
    names = variants(shape.models, discriminator(shape.models))
    return f"or {', '.join(name for name in names if name != getattr(value, 'kind', ''))}"


def _note(info: FieldInfo) -> str:
    shape = shape_of(info)
    if shape.kind == "choice" and len(shape.options) > 1:
        return " | ".join(map(str, shape.options))
    limits = re.sub(r"^at least (\S+) and at most", r"\1 to", " and ".join(part for part in bounds(info) if part))
    return ", ".join(part for part in (hint(info, "unit"), limits) if part)


def _plain(value: Any) -> str:
    given = list(value) if isinstance(value, tuple) else value
    style = {"default_flow_style": True, "sort_keys": False, "allow_unicode": True, "width": 10**6}
    text: str = yaml.dump(given, Dumper=Dumper, **style)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text: str) -> str:
    """On one line: some characters that names may have begin a new one in YAML."""
    return "".join(character if character.isprintable() else " " for character in text)
