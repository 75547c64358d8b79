"""Questions that stand in the way, and messages that do not."""

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from nicegui import ui

from aistudio.errors import AIStudioError

P = ParamSpec("P")
T = TypeVar("T")


async def confirm(question: str, detail: str, action: str, danger: bool = True) -> bool:
    """Whether the user chose `action`; Esc and a click beside the dialog mean no."""
    with ui.dialog() as dialog, ui.card().classes("panel w-96"):
        dialog.props["aria-label"] = question
        ui.label(question).classes("text-base font-semibold")
        if detail:
            ui.label(detail).classes("muted")
        with ui.row().classes("w-full justify-end gap-2"):
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat color=grey-7")
            color = "negative" if danger else "primary"
            ui.button(action, on_click=lambda: dialog.submit(True)).props(f"color={color}")
    return bool(await answer(dialog))


async def ask_text(question: str, label: str, value: str, action: str) -> str | None:
    """A line of text, or None if the user thought better of it."""
    with ui.dialog() as dialog, ui.card().classes("panel w-96"):
        dialog.props["aria-label"] = question
        ui.label(question).classes("text-base font-semibold")
        line = ui.input(label, value=value).classes("w-full").props("autofocus maxlength=100")
        typed = "(event) => event.isComposing || emit()"  # Enter also ends the writing of a Chinese word
        line.on("keydown.enter", lambda: dialog.submit(line.value), js_handler=typed)
        with ui.row().classes("w-full justify-end gap-2"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat color=grey-7")
            ui.button(action, on_click=lambda: dialog.submit(line.value))
    given = await answer(dialog)
    return str(given).strip() or None if given is not None else None


async def answer(dialog: ui.dialog) -> Any:
    """What was submitted. The dialog goes once it is closed: before that it gives the focus back to where it was."""
    dialog.on("hide", dialog.delete)
    return await dialog


def complain(error: AIStudioError | OSError) -> None:
    """The error and what to do, long enough to be read."""
    ui.notify(str(in_words(error)), type="negative", timeout=8000, close_button="Close", multi_line=True)


def in_words(error: AIStudioError | OSError) -> AIStudioError:
    if isinstance(error, OSError):
        return AIStudioError(f"The file system refused it: {error.strerror}.", "Look at the disk of the workspace.")
    return error


async def attempt(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | None:
    """Runs a service function off the event loop; an error is shown to the user, and the answer is None."""
    try:
        return await asyncio.to_thread(function, *arguments, **named)
    except (AIStudioError, OSError) as error:
        complain(error)
    return None
