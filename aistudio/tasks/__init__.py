"""The tasks that can be trained: one torch-free file each."""

from aistudio.errors import BadInput
from aistudio.tasks.base import Task
from aistudio.tasks.classification import CLASSIFICATION

TASKS: tuple[Task, ...] = (CLASSIFICATION,)


def task(key: str) -> Task:
    for one in TASKS:
        if one.key == key:
            return one
    raise BadInput(f"There is no task {key!r}.", f"Choose one of {', '.join(one.key for one in TASKS)}.")
