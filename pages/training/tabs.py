"""The tabs of the results: what came out, what the worker prints, what it takes of the machine."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import Experiment
from pages.training.console import ConsoleTab
from pages.training.machine import MachineTab

if TYPE_CHECKING:
    from pages.training.page import TrainingPage

NAMES = ("Results", "Console", "System")
SECONDS = 1.0


class Tabs:
    """What is printed and measured is followed only while somebody looks at it.

    The chosen tab stays while experiments are selected, so that they can be compared.
    """

    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._active = False
        self._bar = ui.tabs().props("dense no-caps narrow-indicator").classes("result-tabs")
        with self._bar:
            for name in NAMES:
                ui.tab(name)
        self._bar.set_value(NAMES[0])
        self._bar.on_value_change(self._follow)
        self._timer: ui.timer | None = None

    def draw(self) -> AbstractContextManager[object]:
        """The panels; returns where the results go."""
        with ui.tab_panels(self._bar, value=NAMES[0], animated=False, keep_alive=True) as self._panels:
            results = ui.tab_panel(NAMES[0]).classes("p-0 gap-3")
            with ui.tab_panel(NAMES[1]).classes("p-0"):
                self._console = ConsoleTab(self._page)
            with ui.tab_panel(NAMES[2]).classes("p-0"):
                self._machine = MachineTab(self._page)
        self._panels.classes("result-panels")
        return results

    def choose_results(self) -> None:
        self._bar.set_value(NAMES[0])

    async def show(self, experiment: Experiment | None) -> None:
        """Another experiment, or another status of it; None for one that was never started."""
        self._bar.set_visibility(experiment is not None)
        self._panels.set_visibility(experiment is not None)
        self._active = experiment is not None and experiment.active
        if experiment is not None:
            self._console.begin(experiment)
            self._machine.begin(experiment)
        await self._follow()

    async def _follow(self) -> None:
        looked_at = self._bar.value
        if looked_at == "Console":
            await self._console.update()
        if looked_at == "System":
            await self._machine.update()
        self._repeat(self._active and looked_at != "Results")

    def _repeat(self, on: bool) -> None:
        """The timer is made when it is first needed: one that waits for the browser would have the page sent half."""
        if self._timer is None and on:
            with self._panels:
                self._timer = ui.timer(SECONDS, self._follow)
        if self._timer is not None:
            self._timer.active = on
