"""Where the engine of each task is."""

from importlib import import_module
from typing import Any

MODULES = {"classification": "aistudio.engine.tasks.classification"}


def engine(task: str) -> Any:
    """The module of the task; its `create(config, classes, weights_dir, checkpoint)` gives what is trained."""
    return import_module(MODULES[task])
