"""Save and Train, always in sight below the form, with what stands in their way in words."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from aistudio.errors import FieldError
from aistudio.schema.experiment import Experiment
from aistudio.ui.once import once

Press = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Stand:
    """How the form stands to the stored config: `draft`, it differs; `stale`, that was saved elsewhere meanwhile.

    `deleted_split` is the name of the chosen split where it is gone.
    """

    draft: bool
    stale: bool
    errors: Sequence[FieldError]
    has_split: bool
    deleted_split: str


NONE = "No experiment is selected that could be saved or trained."


class Foot:
    def __init__(self, save: Press, train: Press) -> None:
        with ui.element("div").classes("column-foot"):
            self._reason = ui.label().classes("reason flex-1").props("role=status")
            self._save = ui.button("Save", on_click=once(save)).props("outline color=primary")
            self._train = ui.button("Train", icon="play_arrow", on_click=once(train))

    def starting(self) -> None:
        """Train was pressed."""
        self._train.disable()

    def show(self, experiment: Experiment | None, stand: Stand) -> None:
        created = experiment is not None and experiment.status == "created"
        self._save.set_enabled(created and stand.draft and not stand.errors)
        self._train.set_enabled(created and not stand.errors and stand.has_split and not stand.deleted_split)
        self._reason.set_text(_why(experiment, stand) if experiment is not None else NONE)
        self._reason.classes(replace="reason flex-1 bad" if stand.errors else "reason flex-1")


def _why(experiment: Experiment, stand: Stand) -> str:
    """What stands in the way of Save or Train."""
    if experiment.status == "queued":
        return "Read-only while it waits."
    if experiment.status != "created":
        return "Read-only: this is what the run was started with."
    if stand.errors:
        return f"{stand.errors[0].title}: {stand.errors[0].message}"
    if stand.deleted_split:
        return f"The split {stand.deleted_split}: choose another one, or restore it from the trash."
    if not stand.has_split:
        return "Choose a split first; there is none yet if the menu is empty: make one on the Split page."
    if stand.stale:
        return "It was saved elsewhere meanwhile: Save shows what differs."
    return "" if stand.draft else "Everything is saved."
