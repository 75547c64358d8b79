"""Left column: the experiments, each with its status and its best metric."""

import asyncio
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import Experiment, ExperimentChange
from aistudio.service import experiments
from aistudio.studio import Actor
from aistudio.ui.dialogs import ask_text, attempt, confirm
from aistudio.ui.words import percent
from pages.training.status import COLOUR, ICON, WORD, best_metric

if TYPE_CHECKING:
    from pages.training.page import TrainingPage

PAGE = Actor(origin="page")


class ExperimentList:
    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._cards: dict[str, Card] = {}
        with ui.column().classes("panel column").props("role=region aria-label=Experiments"):
            with ui.element("div").classes("column-head"):
                ui.label("Experiments").classes("panel-title").props("role=heading aria-level=2")
            with ui.element("div").classes("column-body").style("padding: 8px; gap: 4px"):
                ui.button("New Experiment", icon="add", on_click=page.new).props("outline color=primary").classes(
                    "w-full"
                )
                self._list = ui.column().classes("w-full gap-1 pt-1").props("role=list")
                self._empty = ui.label("No experiment yet. Each one is a configuration and its results.")
                self._empty.classes("faint text-center p-3")

    async def fill(self, found: list[Experiment]) -> None:
        """In portions, so that others are served meanwhile."""
        for number, experiment in enumerate(found):
            self.put(experiment)
            if number % 3 == 2:
                await asyncio.sleep(0)

    def put(self, experiment: Experiment) -> None:
        """Adds its card, or brings it up to date."""
        card = self._cards.get(experiment.id)
        if card is None:
            with self._list:
                card = self._cards[experiment.id] = Card(self, experiment)
            self._empty.set_visibility(False)
            self.mark(self._page.selected)
        card.update(experiment)

    def remove(self, eid: str) -> None:
        card = self._cards.pop(eid, None)
        if card is not None:
            card.box.delete()
        self._empty.set_visibility(not self._cards)

    def last(self) -> str | None:
        return next(reversed(self._cards), None)

    def mark(self, selected: str | None) -> None:
        for eid, card in self._cards.items():
            card.mark(eid == selected)

    async def select(self, eid: str) -> None:
        await self._page.select(eid)

    async def rename(self, experiment: Experiment) -> None:
        with self._list:
            name = await ask_text("Rename experiment", "Name", experiment.name, "Rename")
            if name and name != experiment.name:
                change = ExperimentChange(rev=experiment.rev, name=name)
                await attempt(experiments.change, self._page.studio, PAGE, self._page.project.id, experiment.id, change)

    async def duplicate(self, experiment: Experiment) -> None:
        with self._list:
            studio, pid = self._page.studio, self._page.project.id
            copy = await attempt(experiments.duplicate, studio, PAGE, pid, experiment.id)
            if copy is not None:
                self.put(copy)
                await self._page.select(copy.id)

    async def delete(self, experiment: Experiment) -> None:
        with self._list:
            detail = "Its configuration, results and checkpoints go into the trash of the workspace."
            if await confirm(f"Delete {experiment.name}?", detail, "Delete"):
                await attempt(experiments.delete, self._page.studio, PAGE, self._page.project.id, experiment.id)


class Card:
    def __init__(self, parent: ExperimentList, experiment: Experiment) -> None:
        self.experiment = experiment
        self._opened: ui.menu | None = None
        with ui.column().classes("experiment").props("role=listitem tabindex=0") as self.box:
            with ui.row().classes("w-full items-center no-wrap gap-1"):
                self._arrow = ui.label("►").classes("busy text-xs").props("aria-hidden=true")
                self._name = ui.label().classes("experiment-name cut flex-1")
                button = ui.button(icon="more_vert").props("flat round dense size=xs color=grey-6").classes("menu")
                self._menu = button
                button.on("click.stop", lambda: self._open_menu(parent), [])
            with ui.row().classes("experiment-state items-center no-wrap gap-1 numbers"):
                self._icon = ui.label()
                self._text = ui.label().classes("cut")
                ui.space()
                self._epochs = ui.label()
        self.box.on("contextmenu.prevent", lambda: self._open_menu(parent), [])
        self.box.on("click", lambda: parent.select(experiment.id), [])
        self.box.on("keydown.enter.self", lambda: parent.select(experiment.id), [])
        self.box.on("keydown.space.self.prevent", lambda: parent.select(experiment.id), [])

    def _open_menu(self, parent: ExperimentList) -> None:
        """Made when it is first wanted: a list of many cards would be slow to draw otherwise."""
        if self._opened is None:
            with self._menu, ui.menu().props("no-parent-event") as self._opened:
                ui.menu_item("Rename", on_click=lambda: parent.rename(self.experiment)).props("role=menuitem")
                ui.menu_item("Duplicate", on_click=lambda: parent.duplicate(self.experiment)).props("role=menuitem")
                ui.menu_item("Delete", on_click=lambda: parent.delete(self.experiment)).props("role=menuitem")
        self._opened.open()

    def update(self, experiment: Experiment) -> None:
        self.experiment = experiment
        status, best = experiment.status, best_metric(experiment)
        self.box.props["aria-label"] = experiment.name
        self._menu.props["aria-label"] = f"Menu of {experiment.name}"
        self._name.props["title"] = experiment.name
        self._name.set_text(experiment.name)
        self._icon.set_text(ICON[status])
        self._icon.classes(replace=COLOUR[status])
        self._icon.props["title"] = WORD[status]
        self._text.set_text(percent(best) if best is not None else "---" if status == "created" else WORD[status])
        progress = experiment.progress
        self._epochs.set_text(f"{progress.epoch}/{progress.epochs}" if status == "training" and progress.epochs else "")

    def mark(self, selected: bool) -> None:
        self.box.classes(add="selected" if selected else "", remove="" if selected else "selected")
        self.box.props["aria-current"] = "true" if selected else "false"
        self._arrow.set_visibility(selected)
