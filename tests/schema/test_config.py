"""Configurations: what is filled in, and what is said when a value is wrong."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aistudio.errors import BadInput, FieldError, InvalidConfig
from aistudio.schema.explain import choices_of, models_in
from aistudio.schema.scheduler import Schedule
from aistudio.schema.training import Hardware, Training, effective_batch_size
from aistudio.schema.transforms.base import Transform
from aistudio.tasks import TASKS, task
from aistudio.tasks.base import Task

CLASSIFICATION = task("classification")
WORDS = {"ge": ("at least", "from"), "gt": ("above",), "le": ("at most", "to"), "lt": ("below",)}


def errors_of(config: dict[str, Any], kind: Task = CLASSIFICATION) -> list[FieldError]:
    with pytest.raises(InvalidConfig) as refused:
        kind.parse(config)
    return refused.value.fields


def constraints(annotation: Any, info: FieldInfo | None = None) -> Iterator[tuple[str, float]]:
    """Every bound of a number, or of each number of several."""
    for part in info.metadata if info else ():
        yield from ((name, value) for name in WORDS if (value := getattr(part, name, None)) is not None)
    if get_origin(annotation) is Annotated:
        for part in annotation.__metadata__:
            yield from constraints(None, part) if isinstance(part, FieldInfo) else ()
    elif get_origin(annotation) is tuple:
        yield from constraints(get_args(annotation)[0])


def outside(name: str, bound: float) -> float:
    whole = isinstance(bound, int)
    step = 1 if whole else 0.5
    return {"ge": bound - step, "gt": bound, "le": bound + step, "lt": bound}[name]


Case = tuple[Task, tuple[str, ...], type[BaseModel], str, FieldInfo, str, float]


def walk(kind: Task, model: type[BaseModel], path: tuple[str, ...]) -> Iterator[Case]:
    for name, info in model.model_fields.items():
        for found in models_in(info.annotation):
            yield from walk(kind, found, (*path, name))
        for bound, value in dict(constraints(info.annotation, info)).items():
            yield kind, path, model, name, info, bound, value


CASES = [case for kind in TASKS for case in walk(kind, kind.config, ())]


def config_with(path: tuple[str, ...], model: type[BaseModel], name: str, value: Any) -> dict[str, Any]:
    """A config that is right but for one value of one choice."""
    if issubclass(model, Transform):
        inner: dict[str, Any] = {"kind": model.model_fields["kind"].default, name: value}
        inner |= {"source": model.model_fields["source"].default} if "source" in model.model_fields else {}
        return {"augmentations": {"train": [inner]}}
    inner = {name: value, **({"kind": model.model_fields["kind"].default} if "kind" in model.model_fields else {})}
    for part in reversed(path):
        inner = {part: inner}
    return inner


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[2].__name__}.{case[3]}-{case[5]}")
def test_a_number_out_of_its_bounds_is_named_with_what_is_allowed(case: Case) -> None:
    kind, path, model, name, info, bound, value = case
    wrong: Any = outside(bound, value)
    if get_origin(info.annotation) is tuple:
        default = info.default
        wrong = [wrong, *default[1:]]
    errors = errors_of(config_with(path, model, name, wrong), kind)
    assert len(errors) == 1
    assert errors[0].title == info.title
    assert re.match(r"must be (a (whole )?number|(whole )?numbers) ", errors[0].message)
    assert any(f"{word} {shown}" in errors[0].message for word in WORDS[bound] for shown in (f"{value:g}", str(value)))
    assert name in errors[0].path.split(".")


def test_the_walk_finds_the_fields_that_everybody_knows() -> None:
    found = {(case[2].__name__, case[3]) for case in CASES}
    known = {
        ("AdamW", "lr"),
        ("Training", "epochs"),
        ("Rotate", "limit"),
        ("MultiStepLR", "milestones"),
        ("Resize", "width"),
    }
    assert known <= found
    assert len(CASES) > 100


@pytest.mark.parametrize(
    ("config", "path", "title", "message"),
    [
        ({"epochs": 3}, "epochs", "epochs", "is not an option here."),
        (
            {"training": {"epochs": 2.5}},
            "training.epochs",
            "Epochs",
            "must be a whole number from 1 to 10000.",
        ),
        (
            {"training": {"epochs": "many"}},
            "training.epochs",
            "Epochs",
            "must be a whole number from 1 to 10000.",
        ),
        ({"optimizer": {"lr": "fast"}}, "optimizer.lr", "Learning Rate", "must be a number above 0 and at most 10."),
        (
            {"optimizer": {"lr": float("nan")}},
            "optimizer.lr",
            "Learning Rate",
            "must be a number above 0 and at most 10.",
        ),
        ({"optimizer": {"kind": "Lion"}}, "optimizer", "Optimizer", "must be one of Adam, AdamW, SGD."),
        ({"optimizer": {"kind": "Adam", "momentum": 0.9}}, "optimizer.momentum", "momentum", "is not an option here."),
        (
            {"hardware": {"precision": "8"}},
            "hardware.precision",
            "Precision",
            "must be one of 32, 16-mixed or bf16-mixed.",
        ),
        (
            {"hardware": {"precision": "16-mixed"}},
            "hardware.precision",
            "Precision",
            "16-mixed needs a GPU: choose 32 or bf16-mixed on the CPU.",
        ),
        ({"hardware": {"devices": ["tpu:0"]}}, "hardware.devices.0", "Device", "'tpu:0' is not a valid name."),
        ({"hardware": {"devices": []}}, "hardware.devices", "Device", "needs at least 1."),
        (
            {"augmentations": {"train": [{"kind": "ToGray"}] * 51}},
            "augmentations.train",
            "Augmentations (Train)",
            "may have at most 50.",
        ),
        ({"model": {"backbone": "../x"}}, "model.backbone", "Architecture", "'../x' is not a valid name."),
        ({"augmentations": {"val": [{"p": 1}]}}, "augmentations.val.0", "Augmentations (Validation)", "needs a kind."),
        (
            {"augmentations": {"val": [{"kind": "Normalize", "source": "luck"}]}},
            "augmentations.val.0",
            "Augmentations (Validation)",
            "must be one of weights, custom.",
        ),
        (
            {"augmentations": {"train": [{"kind": "Affine", "rotate": [5, -5]}]}},
            "augmentations.train.0",
            "Augmentations (Train)",
            "Rotate: the first number must not be above the second.",
        ),
        (
            {"augmentations": {"train": [{"kind": "Affine", "rotate": [float("-inf"), 0]}]}},
            "augmentations.train.0.rotate.0",
            "Rotate",
            "must be numbers, with commas between them.",
        ),
        (
            {"optimizer": {"lr": "0,001"}},
            "optimizer.lr",
            "Learning Rate",
            "must be a number above 0 and at most 10; decimals are written with a point: 0.001.",
        ),
        (
            {"scheduler": {"kind": "MultiStepLR", "milestones": ["5 10"]}},
            "scheduler.milestones.0",
            "Milestones",
            "must be whole numbers from 1 to 10000, with commas between them.",
        ),
        (
            {"scheduler": {"kind": "MultiStepLR", "milestones": [5, 5]}},
            "scheduler.milestones",
            "Milestones",
            "must rise, for example 10, 15.",
        ),
        ({"task": "detection"}, "task", "Task", "must be one of classification."),
        ({"training": 5}, "training", "Training", "Input should be a valid dictionary or instance of Training."),
    ],
)
def test_a_wrong_value_is_explained(config: dict[str, Any], path: str, title: str, message: str) -> None:
    assert errors_of(config) == [FieldError(path, title, message)]


def test_every_wrong_field_is_named_at_once() -> None:
    errors = errors_of({"training": {"epochs": 0, "batch_size": 0}, "optimizer": {"lr": -1}})
    assert {error.title for error in errors} == {"Epochs", "Batch Size", "Learning Rate"}


def test_what_is_left_out_takes_the_tasks_defaults() -> None:
    config = CLASSIFICATION.parse({"optimizer": {"lr": 0.1}, "training": {"epochs": 3}}).model_dump(mode="json")
    default = CLASSIFICATION.default_config()
    assert config["optimizer"] == {**default["optimizer"], "lr": 0.1}
    assert config["training"] == {**default["training"], "epochs": 3}
    for name in ("model", "scheduler", "loss", "augmentations", "hardware"):
        assert config[name] == default[name]


def test_another_kind_takes_its_own_defaults() -> None:
    config = CLASSIFICATION.parse({"optimizer": {"kind": "SGD"}, "loss": {"kind": "Focal"}}).model_dump(mode="json")
    assert config["optimizer"] == {"kind": "SGD", "lr": 1e-2, "weight_decay": 5e-4, "momentum": 0.9}
    assert config["loss"] == {"kind": "Focal", "gamma": 2.0}


def test_a_list_replaces_the_default_list_and_null_switches_off() -> None:
    given = {"augmentations": {"train": []}, "training": {"early_stopping": {"patience": 3}}}
    config = CLASSIFICATION.parse(given).model_dump(mode="json")
    assert config["augmentations"]["train"] == []
    assert config["augmentations"]["val"] == CLASSIFICATION.default_config()["augmentations"]["val"]
    again = CLASSIFICATION.parse({"training": {"early_stopping": None}}, config)
    assert again.training.early_stopping is None


def choices(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for info in model.model_fields.values():
        for found in models_in(info.annotation):
            yield from choices(found)


@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.key)
def test_every_choice_survives_json(kind: Task) -> None:
    models = set(choices(kind.config)) - {kind.config}
    assert len(models) > 50
    for model in models:
        made = model()
        assert model.model_validate_json(made.model_dump_json()) == made
        assert set(made.model_dump(mode="json")) == set(model.model_fields)
        if "kind" in model.model_fields:
            assert len(choices_of(model)) >= 1
            assert made.model_dump()["kind"] in choices_of(model)


@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.key)
def test_the_default_config_survives_json_and_has_a_title_everywhere(kind: Task) -> None:
    default = kind.config.model_validate(kind.default_config())
    assert kind.config.model_validate_json(default.model_dump_json()) == default
    untitled = [
        f"{model.__name__}.{name}"
        for model in choices(kind.config)
        for name, info in model.model_fields.items()
        if not info.title and name != "kind"
    ]
    assert untitled == []
    assert kind.main_metric.name in kind.metrics


def test_an_unknown_task_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="Choose one of classification"):
        task("juggling")


@pytest.mark.parametrize("model", [one for one in choices(CLASSIFICATION.config) if issubclass(one, Transform)])
def test_every_transform_reads_well_in_a_list(model: type[Transform]) -> None:
    made = model.model_validate({name: info.default for name, info in model.model_fields.items()})
    assert made.summary()
    assert "kind" not in made.arguments()
    assert (model.__doc__ or "").endswith(".")


def test_every_scheduler_is_explained() -> None:
    schedules = [one for one in choices(CLASSIFICATION.config) if issubclass(one, Schedule)]
    assert len(schedules) == 5
    assert all(one.__doc__ for one in schedules)


@pytest.mark.parametrize(
    ("size", "multiplier", "devices", "label"),
    [
        (32, 1, ("cpu",), "Effective batch size: 32"),
        (32, 1, ("gpu:1",), "Effective batch size: 32"),
        (32, 4, ("cpu",), "Effective batch size: 128 (32 × 4 × 1)"),
        (32, 4, ("gpu:0", "gpu:1"), "Effective batch size: 256 (32 × 4 × 2)"),
        (32, 1, ("cpu", "gpu:0", "gpu:1", "gpu:1"), "Effective batch size: 64 (32 × 1 × 2)"),
    ],
)
def test_the_effective_batch_size_says_how_it_comes_about(
    size: int, multiplier: int, devices: tuple[str, ...], label: str
) -> None:
    assert (
        effective_batch_size(Training(batch_size=size, batch_multiplier=multiplier), Hardware(devices=devices)) == label
    )


def test_the_cpu_is_ignored_beside_a_gpu() -> None:
    assert Hardware(devices=("cpu", "gpu:2", "gpu:0", "gpu:2")).used == ("gpu:0", "gpu:2")
    assert Hardware(devices=("cpu",)).used == ("cpu",)
