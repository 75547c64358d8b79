"""The queue: which runs wait, for what and how long; their order can be changed."""

import asyncio
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import QueuePlace
from aistudio.service import runs, views
from aistudio.studio import Studio
from aistudio.ui.dialogs import answer, attempt
from aistudio.ui.ordered import Entry, OrderedList
from pages.actor import PAGE

if TYPE_CHECKING:
    from collections.abc import Sequence


async def open_queue(studio: Studio) -> None:
    """Shows it in a dialog, over all projects."""
    places = await asyncio.to_thread(views.queue, studio)
    with ui.dialog() as dialog, ui.card().classes("panel").style("width: 460px"):
        dialog.props["aria-label"] = "Queue"
        ui.label("Queue").classes("text-base font-semibold")
        if places:
            ui.label("Runs start from the top as soon as their devices are free.").classes("muted")
            OrderedList("Queue", [_entry(place) for place in places], lambda keys: _reorder(studio, keys))
        else:
            ui.label("Nothing waits.").classes("muted")
        with ui.row().classes("w-full justify-end"):
            ui.button("Close", on_click=dialog.close).props("flat color=grey-7")
    await answer(dialog)


async def _reorder(studio: Studio, keys: "Sequence[str]") -> None:
    await attempt(runs.reorder, studio, PAGE, keys)


def _entry(place: QueuePlace) -> Entry:
    return Entry(place.experiment, place.name, f"Waits for {place.waiting_for}")
