"""The trash: what was deleted in the last days, and can be had back."""

import asyncio

from nicegui import ui

from aistudio.errors import AIStudioError
from aistudio.schema.trash import TrashEntry
from aistudio.service import trash
from aistudio.studio import Studio
from aistudio.ui.dialogs import answer, complain
from pages.actor import PAGE

WHY = {"deleted": "deleted", "restarted": "results before a restart"}


async def open_trash(studio: Studio) -> bool:
    """Shows it in a dialog; whether something was restored."""
    entries = await asyncio.to_thread(trash.entries, studio)
    with ui.dialog() as dialog, ui.card().classes("panel").style("width: 520px"):
        dialog.props["aria-label"] = "Trash"
        ui.label("Trash").classes("text-base font-semibold")
        ui.label("What was deleted is kept for seven days." if entries else "The trash is empty.").classes("muted")
        with ui.column().classes("w-full gap-2").props("role=list").style("max-height: 50vh; overflow: auto"):
            for entry in entries:
                _row(studio, entry, dialog)
        with ui.row().classes("w-full justify-end"):
            ui.button("Close", on_click=lambda: dialog.submit(False)).props("flat color=grey-7")
    return bool(await answer(dialog))


def _row(studio: Studio, entry: TrashEntry, dialog: ui.dialog) -> None:
    async def restore() -> None:
        try:
            await asyncio.to_thread(trash.restore, studio, PAGE, entry.name)
        except (AIStudioError, OSError) as error:
            complain(error)
            return
        ui.notify(f"{entry.title} is back", type="positive")
        dialog.submit(True)

    with ui.row().classes("transform w-full items-center no-wrap p-2 gap-2").props("role=listitem") as row:
        row.props["aria-label"] = entry.title
        with ui.column().classes("gap-0 flex-1").style("min-width: 0"):
            ui.label(entry.title).classes("transform-name cut w-full")
            when = f"{entry.discarded_at.astimezone():%d %b, %H:%M}"
            ui.label(f"{entry.kind.capitalize()}, {WHY[entry.why]} {when}").classes("faint cut w-full")
        ui.button("Restore", on_click=restore).props("outline dense color=primary").classes("shrink-0")
