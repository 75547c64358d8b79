"""Two tabs edited the same experiment: what differs, and which of the two is to stay."""

from collections.abc import Sequence
from typing import Literal

from nicegui import ui

from aistudio.schema.difference import Difference
from aistudio.ui.dialogs import answer

Answer = Literal["mine", "theirs"]


async def choose(name: str, found: Sequence[Difference]) -> Answer | None:
    """`found` are the edits of this form that differ from what was saved elsewhere. None: decide later."""
    with ui.dialog() as dialog, ui.card().classes("panel conflict"):
        dialog.props["aria-label"] = f"{name} was saved elsewhere meanwhile"
        ui.label(f"{name} was saved elsewhere meanwhile").classes("text-base font-semibold")
        ui.label(
            "Nothing is lost yet. What you did not touch stays as it was saved; which of these are to stay?"
        ).classes("muted")
        with ui.element("table").classes("plain-table"):
            _row("th", "", "Saved elsewhere", "Yours")
            for one in found:
                _row("td", one.title, one.before or "–", one.after or "–")
        with ui.row().classes("w-full justify-end gap-2"):
            ui.button("Go on editing", on_click=lambda: dialog.submit(None)).props("flat color=grey-7")
            ui.button("Take the saved", on_click=lambda: dialog.submit("theirs")).props("outline color=primary")
            ui.button("Save mine", on_click=lambda: dialog.submit("mine")).props("color=primary")
    chosen: Answer | None = await answer(dialog)
    return chosen


def _row(tag: str, *cells: str) -> None:
    with ui.element("tr"):
        for cell in cells:
            with ui.element(tag):
                ui.label(cell)
