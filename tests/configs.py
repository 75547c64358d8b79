"""Any configuration of an image classifier, made from the declarations of its fields."""

from typing import Annotated, Any, get_args, get_origin

from annotated_types import BaseMetadata
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aistudio.schema.shape import Shape, shape_of
from aistudio.tasks.classification import CLASSIFICATION, ClassificationConfig

Config = dict[str, Any]


def limits(info: FieldInfo) -> dict[str, Any]:
    found = [part for part in info.metadata if isinstance(part, BaseMetadata)]
    return {
        name: value
        for part in found
        for name in ("ge", "gt", "le", "lt")
        if (value := getattr(part, name, None)) is not None
    }


def numbers(info: FieldInfo, whole: bool) -> st.SearchStrategy[Any]:
    bounds = limits(info)
    low, high = bounds.get("ge", bounds.get("gt", -180)), bounds.get("le", bounds.get("lt", 180))
    if whole:
        return st.integers(low, high)
    return st.floats(low, high, exclude_min="gt" in bounds, exclude_max="lt" in bounds)


def inner(annotation: Any) -> FieldInfo:
    """The declaration of one number in a tuple of them."""
    found = FieldInfo.from_annotation(annotation)
    while get_origin(annotation := found.annotation) is Annotated:
        found = FieldInfo.from_annotation(annotation)
    return found


def values(name: str, info: FieldInfo) -> st.SearchStrategy[Any]:
    shape = shape_of(info)
    match shape.kind:
        case "model":
            return configs(shape.models[0])
        case "union":
            return chosen(shape)
        case "optional":
            return st.none() | configs(shape.models[0])
        case "sequence":
            return st.lists(chosen(shape), max_size=4)
        case "switch":
            return st.booleans()
        case "whole" | "number":
            return numbers(info, shape.kind == "whole")
        case "choice":
            return st.sampled_from(shape.options)
        case "numbers":
            parts = [inner(part) for part in get_args(info.annotation)]
            return st.tuples(*(numbers(part, part.annotation is int) for part in parts)).map(
                lambda found: sorted(found) if len(found) == 2 else list(found)
            )
    return TEXTS[name]


def chosen(shape: Shape) -> st.SearchStrategy[Any]:
    return st.one_of(*(configs(model) for model in shape.models))


def configs(model: type[BaseModel]) -> st.SearchStrategy[Config]:
    return st.fixed_dictionaries({name: values(name, info) for name, info in model.model_fields.items()})


TEXTS: dict[str, st.SearchStrategy[Any]] = {
    "backbone": st.from_regex(r"[a-z0-9][a-z0-9_]{0,9}(\.[a-z0-9][a-z0-9_]{0,9})?", fullmatch=True),
    "split": st.none(),
    "milestones": st.sets(st.integers(1, 10_000), min_size=1, max_size=20).map(sorted),
    "devices": st.lists(st.sampled_from(["cpu", "gpu:0", "gpu:12"]), min_size=1, max_size=4),
}


def valid(config: Config) -> bool:
    hardware = config["hardware"]
    return hardware["precision"] != "16-mixed" or set(hardware["devices"]) != {"cpu"}


def completed(config: Config) -> Config:
    return CLASSIFICATION.parse(config).model_dump(mode="json")


ANY_CONFIG = configs(ClassificationConfig).filter(valid).map(completed)
