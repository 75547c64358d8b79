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
        detail = f"{words.users(users)} {words.lost(bool(users))}"
        return "one" if await confirm(question, detail, "Delete") else None
    with ui.dialog() as dialog, ui.card().classes("panel").style("width: 460px"):
        dialog.props["aria-label"] = question
        ui.label(question).classes("text-base font-semibold")
        with ui.element("dl").classes("facts split-facts w-full"):
            for term, text in (
                ("This fold", words.users(users)),
                (f"All {folds} folds", words.users(everybody, folds)),
            ):
                with ui.element("dt"):
                    ui.label(term)
                with ui.element("dd"):
                    ui.label(text)
        ui.label(words.lost(bool(everybody))).classes("muted")
        with ui.row().classes("w-full justify-end gap-2"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat color=grey-7")
            ui.button(f"Delete All {folds} Folds", on_click=lambda: dialog.submit("all")).props(
                "outline color=negative"
            )
            ui.button("Delete This Fold", on_click=lambda: dialog.submit("one")).props("color=negative")
    chosen: Which | None = await answer(dialog)
    return chosen
