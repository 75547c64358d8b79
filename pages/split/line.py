"""A line of text, in the form of a new split and beside it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.ui.fields import Field, Look

if TYPE_CHECKING:
    from pages.split.form import DesignForm


class TextLine(Field):
    """What is typed is told at once."""

    def __init__(self, look: Look, report: Callable[[str], None]) -> None:
        element = ui.input(look.label, on_change=lambda event: report(event.value or ""))
        element.classes("w-full").props("autocomplete=off spellcheck=false")
        super().__init__(element, look)


class Line(TextLine):
    """A line of the form, whose value is there before the Enter that follows it."""

    def __init__(self, form: "DesignForm", name: str, look: Look) -> None:
        super().__init__(look, lambda text: form.change(**{name: text}))
        self.element.on("keydown.enter", form.create, [])


def look_of(model: Any, name: str) -> Look:
    info = model.model_fields[name]
    return Look(info.title or name, info.description)
