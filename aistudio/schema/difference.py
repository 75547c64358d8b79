"""What differs between two configs, in the words of the form."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aistudio.schema.explain import models_in
from aistudio.schema.shape import shape_of


@dataclass(frozen=True)
class Difference:
    """`path` is where (`optimizer.lr`), `title` what the form calls it; a value that is not there is an empty text."""

    path: str
    title: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.title} {self.before or '–'} → {self.after or '–'}"


def differences(model: type[BaseModel], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Of two configs of one type, as JSON, in the order of the form."""
    return list(_of_model([model], before, after, ()))


def _of_model(
    models: Sequence[type[BaseModel]], before: Mapping[str, Any], after: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[Difference]:
    fields = {name: info for model in models for name, info in model.model_fields.items()}
    for name in [name for name in fields if name in before or name in after]:
        yield from _of_field(fields[name], before.get(name), after.get(name), (*path, name))


def _of_field(info: FieldInfo, before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Difference]:
    if before == after:
        return
    title = info.title or path[-1]
    shape = shape_of(info)
    if shape.kind == "sequence":
        yield Difference(".".join(path), title, shown(before), shown(after))
        return
    if not shape.models:
        yield Difference(".".join(path), title, shown(before), shown(after))
        return
    old, new = _mapping(before), _mapping(after)
    if old.get("kind") != new.get("kind"):
        yield Difference(".".join(path), title, shown(before), shown(after))
    elif not old or not new:
        yield Difference(".".join(path), title, "on" if old else "off", "on" if new else "off")
    else:
        yield from _of_model(models_in(info.annotation), old, new, path)


def merged(
    model: type[BaseModel], base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> dict[str, Any]:
    """`theirs` with what was changed from `base` to `mine`; where both chose another kind, with all of that choice."""
    result: dict[str, Any] = deepcopy(dict(theirs))
    for one in differences(model, base, mine):
        _take(result, mine, one.path.split("."))
    return result


def _take(target: dict[str, Any], source: Mapping[str, Any], path: Sequence[str]) -> None:
    name, *rest = path
    inner, given = target.get(name), source.get(name)
    if rest and isinstance(inner, dict) and isinstance(given, Mapping) and inner.get("kind") == given.get("kind"):
        _take(inner, given, rest)
    else:
        target[name] = deepcopy(given)


def patched(config: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with the values of `patch`, by path (`hardware.devices`), put in."""
    copy: dict[str, Any] = deepcopy(dict(config))
    for path, value in patch.items():
        *outer, last = path.split(".")
        place = copy
        for name in outer:
            place = place[name]
        place[last] = value
    return copy


def shown(value: Any) -> str:
    """A value as people write it: transforms by their names, switches as on and off."""
    if isinstance(value, Mapping):
        return str(value.get("kind", ""))
    if isinstance(value, list | tuple):
        return ", ".join(shown(part) for part in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
