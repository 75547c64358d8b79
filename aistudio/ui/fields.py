"""The controls of a form, one for each shape of value. Each reports raw values; the model judges them."""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

Report = Callable[[Any], None]


class Control(Protocol):
    """What a form needs of a control: to say what is wrong with it."""

    def complain(self, message: str | None) -> None: ...


@dataclass(frozen=True)
class Option:
    """One entry of a menu: what it says, and a line of small print."""

    label: str
    caption: str = ""


@dataclass(frozen=True)
class Menu:
    """What a field with a `suggest` hint offers; `free` lets other values in."""

    options: Mapping[str, Option]
    free: bool = False
    several: bool = False


class Field:
    """A control with a place for its error. `hint` is the tooltip."""

    def __init__(self, element: "ValidationElement[Any]", hint: str | None) -> None:
        self.element = element.without_auto_validation()  # or each edit would take the error away again
        if hint:
            with element:
                ui.tooltip(hint).props('delay=600 anchor="top middle" self="bottom middle"')

    def complain(self, message: str | None) -> None:
        self.element.error = message


def text_of(value: Any) -> str:
    """A value as it is typed: 0.0001 as 1e-4 would be, lists with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(text_of(part) for part in value)
    if isinstance(value, float):
        return re.sub(r"e-0*", "e-", f"{value:.10g}")
    return "" if value is None else str(value)


def number_of(text: str) -> Any:
    """The number that was typed, or the text itself for the model to complain about."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            value = kind(text.strip())
            if abs(value) < 2**63:  # neither NaN, nor infinity, nor what JSON cannot hold
                return value
    return text.strip()


def numbers_of(text: str) -> list[Any]:
    return [number_of(part) for part in text.replace(";", ",").split(",") if part.strip()]


class TextField(Field):
    """A number, a list of numbers or a text, typed."""

    def __init__(
        self,
        label: str,
        value: Any,
        report: Report,
        read: Callable[[str], Any],
        unit: str | None = None,
        hint: str | None = None,
        readonly: bool = False,
    ) -> None:
        element = ui.input(label, value=text_of(value), on_change=lambda event: report(read(event.value or "")))
        element.props("debounce=150 autocomplete=off spellcheck=false")
        if unit:
            element.props["suffix"] = unit
        if readonly:
            element.props("readonly")
        super().__init__(element, hint)


class Choice(Field):
    """One of a few."""

    def __init__(
        self,
        label: str,
        options: Sequence[str],
        value: str,
        report: Report,
        hint: str | None = None,
        readonly: bool = False,
    ) -> None:
        element = ui.select(list(options), label=label, value=value, on_change=lambda event: report(event.value))
        if readonly:
            element.props("readonly")
        super().__init__(element, hint)


class MenuField(Field):
    """One or several of many, with small print; searched by typing unless several may be chosen."""

    def __init__(
        self, label: str, menu: Menu, value: Any, report: Report, hint: str | None = None, readonly: bool = False
    ) -> None:
        super().__init__(_MenuSelect(label, menu, value, report), hint)
        if readonly:
            self.element.props("readonly")


class _MenuSelect(ui.select):
    def __init__(self, label: str, menu: Menu, value: Any, report: Report) -> None:
        options = dict(menu.options)
        for missing in value if menu.several else [value]:
            if missing is not None:
                options.setdefault(missing, Option(str(missing), "" if menu.free else "not available"))
        self._captions = {key: option.caption for key, option in options.items()}
        super().__init__(
            {key: option.label for key, option in options.items()},
            label=label,
            value=value,
            multiple=menu.several,
            with_input=not menu.several and len(options) > 8,
            new_value_mode="add-unique" if menu.free else None,
            on_change=lambda event: report(event.value),
        )
        self.props("dense outlined options-dense hide-bottom-space popup-content-class=menu-narrow")
        self.add_slot("option", _OPTION_SEVERAL if menu.several else _OPTION)

    def _update_options(self) -> None:
        super()._update_options()
        for option, value in zip(self._props["options"], self._values, strict=False):
            option["caption"] = self._captions.get(value, "")


_OPTION = r"""
<q-item v-bind="props.itemProps" dense><q-item-section>
  <q-item-label>{{ props.opt.label }}</q-item-label><q-item-label caption>{{ props.opt.caption }}</q-item-label>
</q-item-section></q-item>
"""
_OPTION_SEVERAL = r"""
<q-item v-bind="props.itemProps" dense>
  <q-item-section side>
    <q-checkbox dense :model-value="props.selected" tabindex="-1" style="pointer-events: none"/>
  </q-item-section>
  <q-item-section>
    <q-item-label>{{ props.opt.label }}</q-item-label><q-item-label caption>{{ props.opt.caption }}</q-item-label>
  </q-item-section>
</q-item>
"""


class Check:
    """A tick box; an error stands below it."""

    def __init__(
        self, label: str, value: bool, report: Report, hint: str | None = None, readonly: bool = False
    ) -> None:
        with ui.column().classes("field-check justify-center gap-0"):
            box = ui.checkbox(label, value=value, on_change=lambda event: report(bool(event.value)))
            self._error = ui.label().classes("field-error")
        self._error.set_visibility(False)
        box.set_enabled(not readonly)
        if hint:
            with box:
                ui.tooltip(hint).props('delay=600 anchor="top middle" self="bottom middle"')

    def complain(self, message: str | None) -> None:
        self._error.set_text(message or "")
        self._error.set_visibility(message is not None)
