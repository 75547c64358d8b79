"""Left column: the experiments, each with its status and its best metric."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import Experiment, ExperimentChange
from aistudio.service import experiments
from aistudio.service.lineage import Lineage, lineage
from aistudio.ui.card_list import CardList, Item, Order
from aistudio.ui.dialogs import attempt, confirm
from aistudio.ui.once import once
from aistudio.ui.words import percent, points
from pages.actor import PAGE
from pages.training.status import COLOUR, ICON, ORDER, best_metric, word

if TYPE_CHECKING:
    from pages.training.page import TrainingPage

ORDERS = (
    Order("Newest first", "created", down=True),
    Order("Oldest first", "created"),
    Order("Best metric", "metric", down=True),
    Order("Name", "name"),
    Order("Status", "status"),
)


class ExperimentList:
    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        with ui.column().classes("panel column column-list").props("role=region aria-label=Experiments"):
            with ui.element("div").classes("column-head"):
                ui.label("Experiments").classes("panel-title").props("role=heading aria-level=2")
            with ui.element("div").classes("column-new"):
                ui.button("New Experiment", icon="add", on_click=once(page.new)).props("outline color=primary")
            with ui.element("div").classes("column-body").style("padding: 0 8px 8px; gap: 4px"):
                actions = ("Rename", "Duplicate", "Delete")
                self._cards = CardList(
                    "Experiments", ORDERS, actions, page.select, page.follow, self._act, self._rename
                )
                self._empty = ui.label("No experiment yet. Each one is a configuration and its results.")
                self._empty.classes("faint text-center p-3")

    async def fill(self, found: list[Experiment], selected: str | None) -> None:
        """All cards at once; what they say is worked out off the event loop."""
        self._cards.fill(await asyncio.to_thread(self._items, found), selected)
        self._empty.set_visibility(not found)

    async def put(self, experiment: Experiment) -> None:
        """Adds its card, or brings it up to date."""
        origin = await asyncio.to_thread(lineage, self._page.studio, self._page.project.id, experiment)
        self.draw(experiment, origin)

    def draw(self, experiment: Experiment, origin: Lineage | None) -> None:
        self._cards.put(card(experiment, origin))
        self._empty.set_visibility(False)

    def remove(self, eid: str) -> None:
        self._cards.drop(eid)
        self._empty.set_visibility(not self._cards.items)

    def mark(self, selected: str | None) -> None:
        self._cards.choose(selected)

    def _items(self, found: list[Experiment]) -> list[Item]:
        known = {experiment.id: experiment for experiment in found}
        return [self._item(experiment, known) for experiment in found]

    def _item(self, experiment: Experiment, known: Mapping[str, Experiment]) -> Item:
        return card(experiment, lineage(self._page.studio, self._page.project.id, experiment, known))

    async def _rename(self, eid: str, name: str) -> None:
        experiment = await self._page.get(eid)
        if experiment is not None:
            await self._change(eid, ExperimentChange(rev=experiment.rev, name=name))

    async def _change(self, eid: str, change: ExperimentChange) -> None:
        await attempt(experiments.change, self._page.studio, PAGE, self._page.project.id, eid, change)

    async def _act(self, eid: str, action: str) -> None:
        if action == "Duplicate":
            await self._duplicate(eid)
        elif action == "Delete":
            await self._delete(eid)

    async def _duplicate(self, eid: str) -> None:
        copy = await attempt(experiments.duplicate, self._page.studio, PAGE, self._page.project.id, eid)
        if copy is not None:
            await self._page.add(copy)

    async def _delete(self, eid: str) -> None:
        experiment = await self._page.get(eid)
        if experiment is None:
            return
        detail = await attempt(experiments.what_goes, self._page.studio, self._page.project.id, eid)
        if detail is None:
            return
        with self._page.dialogs:
            if await confirm(f"Delete {experiment.name}?", detail, "Delete"):
                await attempt(experiments.delete, self._page.studio, PAGE, self._page.project.id, eid)


def card(experiment: Experiment, origin: Lineage | None) -> Item:
    status, best, progress = experiment.status, best_metric(experiment), experiment.progress
    higher = experiment.main_metric.direction == "max"
    return Item(
        id=experiment.id,
        name=experiment.name,
        icon=ICON[status],
        word=word(experiment),
        colour=COLOUR[status],
        text=percent(best) if best is not None else "---" if status == "created" else word(experiment),
        right=_right(experiment),
        note=_note(origin),
        sort={
            "created": experiment.created_at.timestamp(),
            "metric": best if best is None or higher else -best,
            "name": experiment.name.lower(),
            "status": f"{ORDER.index(status)}{progress.epoch:05}",
        },
    )


def _right(experiment: Experiment) -> str:
    progress = experiment.progress
    if experiment.status == "queued" and experiment.position:
        return f"no. {experiment.position}"
    return f"{progress.epoch}/{progress.epochs}" if experiment.status == "training" and progress.epochs else ""


def _note(origin: Lineage | None) -> str:
    """How a copy differs from its parent, and what that brought."""
    if origin is None:
        return ""
    changes = ", ".join(str(change) for change in origin.changes[:3]) or "no change yet"
    more = f" and {len(origin.changes) - 3} more" if len(origin.changes) > 3 else ""
    gain = "" if origin.gain is None else f"{points(origin.gain)} · "
    return f"{gain}{changes}{more} (copy of {origin.parent})"
