"""A line of text in the form of a new split."""

from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.ui.fields import Field, Look

if TYPE_CHECKING:
    from pages.split.form import DesignForm


class Line(Field):
    """A line of text whose value is here before the Enter that follows it."""

    def __init__(self, form: "DesignForm", name: str, look: Look) -> None:
        element = ui.input(look.label, on_change=lambda event: form.change(**{name: event.value or ""}))
        element.classes("w-full").props("autocomplete=off spellcheck=false").on("keydown.enter", form.create, [])
        super().__init__(element, look)


def look_of(model: Any, name: str) -> Look:
    info = model.model_fields[name]
    return Look(info.title or name, info.description)
