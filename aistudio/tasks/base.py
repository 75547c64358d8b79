"""What the studio must know about a task; how to train it is the engine's business."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, cast

from pydantic import ValidationError

from aistudio.schema.annotation import Kind
from aistudio.schema.augmentation import Augmentations
from aistudio.schema.base import Config
from aistudio.schema.experiment import MainMetric
from aistudio.schema.explain import invalid
from aistudio.schema.optimizer import Optimizer
from aistudio.schema.scheduler import Schedule
from aistudio.schema.training import Hardware, Training


class TaskConfig(Protocol):
    """What the configs of all tasks share; each is a pydantic model."""

    model_fields: ClassVar[Any]

    @property
    def split(self) -> str | None: ...
    @property
    def training(self) -> Training: ...
    @property
    def hardware(self) -> Hardware: ...
    @property
    def augmentations(self) -> Augmentations: ...
    @property
    def optimizer(self) -> Optimizer: ...
    @property
    def scheduler(self) -> Schedule: ...
    def model_dump(self, *, mode: str = ...) -> dict[str, Any]: ...
    def model_dump_json(self) -> str: ...


@dataclass(frozen=True)
class Task:
    """`metrics`: columns in the order in which they are shown, with their labels; the first is the main one.

    `sample_config`: what makes a good model of the drawn samples within a minute or two on a CPU, without any download.
    """

    key: str
    name: str
    description: str
    icon: str
    config: type[Config]
    metrics: Mapping[str, str]
    direction: str
    annotation: Kind
    sample_config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def main_metric(self) -> MainMetric:
        return MainMetric.model_validate({"name": next(iter(self.metrics)), "direction": self.direction})

    @property
    def augmentations(self) -> type[Config]:
        """The two lists of transforms that its images can go through."""
        return cast(type[Config], self.config.model_fields["augmentations"].annotation)

    def default_config(self) -> dict[str, Any]:
        return self.config(task=self.key).model_dump(mode="json")  # type: ignore[call-arg]

    def parse(self, given: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> TaskConfig:
        """A config in which omitted values take the defaults. Raises InvalidConfig."""
        filled = _fill(self.default_config() if defaults is None else defaults, given)
        try:
            return cast(TaskConfig, self.config.model_validate(filled))
        except ValidationError as error:
            raise invalid(self.config, error) from None


def _fill(defaults: Any, given: Any) -> Any:
    """`given`, with what it leaves out taken from `defaults`; another `kind` takes nothing over."""
    if not isinstance(defaults, Mapping) or not isinstance(given, Mapping):
        return given
    if given.get("kind", defaults.get("kind")) != defaults.get("kind"):
        return given
    return {**defaults, **{key: _fill(defaults.get(key), value) for key, value in given.items()}}
