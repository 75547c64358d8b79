"""From a config to the class that it names: the bridge between the torch-free schema and torch."""

from importlib import import_module
from typing import Any, ClassVar, Protocol


class Targeted(Protocol):
    """A config with `target`, written in code as 'module:attribute'; its fields are the arguments."""

    target: ClassVar[str]

    def model_dump(self) -> dict[str, Any]: ...


def resolve(target: str) -> Any:
    module, attribute = target.split(":")
    return getattr(import_module(module), attribute)


def create(config: Targeted, *given: Any, **more: Any) -> Any:
    """The target called with `given`, `more` and all fields of the config but `kind`."""
    arguments = {name: value for name, value in config.model_dump().items() if name != "kind"}
    return resolve(config.target)(*given, **arguments, **more)
