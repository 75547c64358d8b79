"""The question before a split is deleted, or one fold, or all that were made with it."""

from collections.abc import Sequence
from typing import Literal

from nicegui import ui

from aistudio.schema.split import Split
from aistudio.ui.dialogs import answer, confirm
from pages.split import words

Which = Literal["one", "all"]


async def which_folds(split: Split, folds: int, users: Sequence[str], everybody: Sequence[str]) -> Which | None:
    """`users`: the experiments of the split, `everybody`: those of all `folds` of its set. None: nothing."""
    question = f"Delete the split {split.name}?"
    if split.fold is None or folds < 2:
        return "one" if await confirm(question, words.users(users), "Delete") else None
    with ui.dialog() as dialog, ui.card().classes("panel").style("width: 460px"):
        dialog.props["aria-label"] = question
        ui.label(question).classes("text-base font-semibold")
        ui.label("Of this fold:").classes("section-title")
        ui.label(words.users(users)).classes("muted")
        ui.label(f"Of all {folds} folds of {split.fold.given}:").classes("section-title")
        ui.label(words.users(everybody, folds)).classes("muted")
        with ui.row().classes("w-full justify-end gap-2"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat color=grey-7")
            ui.button("Delete This Fold", on_click=lambda: dialog.submit("one")).props("outline color=negative")
            ui.button(f"Delete All {folds} Folds", on_click=lambda: dialog.submit("all")).props("color=negative")
    chosen: Which | None = await answer(dialog)
    return chosen
