"""Why Train was refused, with a button that mends it where that is known."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui

from aistudio.errors import AIStudioError, Fix, InvalidConfig, PreflightFailed

Apply = Callable[[Mapping[str, Any]], Awaitable[None]]


class Trouble:
    """Stands above the buttons until the next edit."""

    def __init__(self, apply: Apply) -> None:
        self._apply = apply
        self._box = ui.column().classes("trouble").props("role=alert")
        self._box.set_visibility(False)

    def show(self, error: AIStudioError) -> None:
        self._box.clear()
        with self._box:
            ui.label(error.message).classes("font-semibold")
            if error.advice:
                ui.label(error.advice).classes("muted")
            for fix in _fixes(error):
                button = ui.button(fix.label, icon="build").props("outline dense size=sm color=primary")
                button.on_click(lambda fix=fix: self._apply(fix.patch))
        self._box.set_visibility(True)

    def clear(self) -> None:
        self._box.set_visibility(False)


def _fixes(error: AIStudioError) -> list[Fix]:
    if isinstance(error, InvalidConfig):
        return [field.fix for field in error.fields if field.fix is not None]
    return [error.fix] if isinstance(error, PreflightFailed) and error.fix is not None else []
