"""The tabs of the results: what came out, what the worker printed, what it took of the machine."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import Experiment

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


class Tabs:
    """`panels` and `panel` say where the content goes."""

    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._bar = ui.tabs().props("dense no-caps inline-label narrow-indicator").classes("result-tabs")
        with self._bar:
            self._tabs = {name: ui.tab(name) for name in ("Results",)}

    def panels(self) -> AbstractContextManager[object]:
        self._panels = ui.tab_panels(self._bar, value="Results", animated=False, keep_alive=True).classes(
            "result-panels"
        )
        return self._panels

    def panel(self, name: str) -> AbstractContextManager[object]:
        return ui.tab_panel(self._tabs[name]).classes("p-0 gap-3")

    def show(self, experiment: Experiment | None) -> None:
        self._bar.set_visibility(experiment is not None)
        self._panels.set_visibility(experiment is not None)
