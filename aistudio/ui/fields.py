"""The controls of a form, one for each shape of value. Each reports raw values; the model judges them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement
from nicegui.events import GenericEventArguments

from aistudio.ui.browser import focus, for_all, options_for_all
from aistudio.ui.typed import text_of

Report = Callable[[Any], None]


class Control(Protocol):
    """What a form needs of a control: to say what is wrong with it, and to take another value."""

    def complain(self, message: str | None) -> None: ...
    def put(self, value: Any, default: Any, readonly: bool) -> None: ...


@dataclass(frozen=True)
class Option:
    """One entry of a menu: what it says, and a line of small print. `disabled`: it cannot be chosen, as that says."""

    label: str
    caption: str = ""
    disabled: bool = False


@dataclass(frozen=True)
class Menu:
    """What a field with a `suggest` hint offers; `free` lets other values in."""

    options: Mapping[str, Option]
    free: bool = False
    several: bool = False


class Field:
    """A control with a place for its error, its hint as a tooltip, and a button back to its default, if it has one."""

    def __init__(self, element: "ValidationElement[Any]", look: "Look") -> None:
        self.element = element.without_auto_validation()  # or each edit would take the error away again
        self.look = look
        self._reset: ui.button | None = None
        if look.hint:
            with element:
                _tooltip(element, look.hint)
            element.props["aria-description"] = look.hint
        element.props("no-error-icon" + (" readonly" if look.readonly else ""))  # words say it, and need the room

    def complain(self, message: str | None) -> None:
        if self.element.error != message:
            self.element.error = message
            self.element.props["aria-invalid"] = "true" if message else "false"
            self.element.props["aria-description"] = " ".join(part for part in (message, self.look.hint) if part)

    def put(self, value: Any, default: Any, readonly: bool) -> None:
        if readonly != self.look.readonly:
            self.element.props(add="readonly" if readonly else "", remove="" if readonly else "readonly")
        self.look = replace(self.look, default=default, readonly=readonly)
        self.element.set_value(self.shown(value))
        self.compare(value)

    def shown(self, value: Any) -> Any:
        """The value as the element has it."""
        return value

    def compare(self, value: Any) -> None:
        """Offers the way back where the value is not the default."""
        differs = self.look.resets and value != self.look.default
        if self._reset is None and differs:
            with self.element.add_slot("append"):
                self._reset = _reset_button(self.reset)
        if self._reset is not None:
            self._reset.set_visibility(differs)
            _name_reset(self._reset, self.look)

    def reset(self) -> None:
        self.element.set_value(self.shown(self.look.default))
        self.element.run_method("focus")  # the button that had the keyboard is gone


NOTHING: Any = object()


@dataclass(frozen=True)
class Look:
    """What all controls have: a label, a hint, whether it may be changed, and the value it can be reset to."""

    label: str
    hint: str | None = None
    readonly: bool = False
    default: Any = NOTHING

    @property
    def resets(self) -> bool:
        return self.default is not NOTHING and not self.readonly


def _reset_button(reset: Callable[[], None]) -> ui.button:
    return ui.button(icon="restart_alt").props("flat round dense size=xs color=grey-7").on("click.stop", reset, [])


def _name_reset(button: ui.button, look: Look) -> None:
    shown = "off" if look.default is False else "on" if look.default is True else text_of(look.default)
    words = f"Reset to {shown or 'the default'}"  # without the label, by which the field itself is found
    button.props["aria-label"] = button.props["title"] = words


def _tooltip(element: ui.element, hint: str) -> None:
    tooltip = ui.tooltip(hint).props('delay=600 anchor="top middle" self="bottom middle"')
    for_all(tooltip, element)


class TextField(Field):
    """A number, a list of numbers or a text, typed."""

    def __init__(
        self, value: Any, report: Report, read: Callable[[str], Any], look: Look, unit: str | None = None
    ) -> None:
        element = ui.input(
            look.label, value=text_of(value), on_change=lambda event: self._changed(read(event.value or ""), report)
        )
        element.props("debounce=100 autocomplete=off spellcheck=false")
        if unit:
            element.props["suffix"] = unit
        super().__init__(element, look)
        self.compare(value)

    def _changed(self, value: Any, report: Report) -> None:
        self.compare(value)
        report(value)

    def shown(self, value: Any) -> str:
        return text_of(value)


class Choice(Field):
    """One of a few."""

    def __init__(self, options: Sequence[str], value: str, report: Report, look: Look) -> None:
        select = ui.select(list(options), label=look.label, value=value)
        options_for_all(select)
        super().__init__(select, look)
        self.element.on_value_change(lambda event: self._changed(event.value, report))
        self.compare(value)

    def _changed(self, value: Any, report: Report) -> None:
        self.compare(value)
        report(value)


class MenuField(Field):
    """One or several of many, with small print; searched by typing unless several may be chosen."""

    def __init__(self, menu: Menu, value: Any, report: Report, look: Look) -> None:
        self._select = _MenuSelect(look.label, menu, value)
        super().__init__(self._select, look)
        self._select.on_value_change(lambda event: self._changed(event.value, report))
        self.compare(value)

    def put(self, value: Any, default: Any, readonly: bool) -> None:
        self._select.admit(value)
        super().put(value, default, readonly)

    def offer(self, menu: Menu) -> None:
        """Another menu: what may be chosen depends on other fields."""
        self._select.offer(menu)

    def _changed(self, value: Any, report: Report) -> None:
        self.compare(value)
        report(value)


class _MenuSelect(ui.select):
    def __init__(self, label: str, menu: Menu, value: Any) -> None:
        self._menu = _with_chosen(menu, value)
        super().__init__(
            {key: option.label for key, option in self._menu.options.items()},
            label=label,
            value=value,
            multiple=menu.several,
            with_input=not menu.several and len(self._menu.options) > 8,
            new_value_mode="add-unique" if menu.free else None,
        )
        self.props("dense outlined options-dense hide-bottom-space popup-content-class=menu-narrow")
        self.add_slot("option", _OPTION_SEVERAL if menu.several else _OPTION)
        options_for_all(self)

    def offer(self, menu: Menu) -> None:
        menu = _with_chosen(menu, self.value)
        if menu != self._menu:
            self._menu = menu
            self.set_options({key: option.label for key, option in menu.options.items()}, value=self.value)

    def admit(self, value: Any) -> None:
        """Puts it into the menu, if it is not there."""
        menu = _with_chosen(self._menu, value)
        if menu != self._menu:
            self._menu = menu
            self.set_options({key: option.label for key, option in menu.options.items()})

    def _event_args_to_value(self, e: GenericEventArguments) -> Any:
        """Leaving the field gives its text as if it were typed, and the text of an entry means that entry."""
        if isinstance(e.args, str):
            for key, option in self._menu.options.items():
                if option.label == e.args:
                    return key
        return super()._event_args_to_value(e)

    def _update_options(self) -> None:
        super()._update_options()
        for option, value in zip(self._props["options"], self._values, strict=False):
            entry = self._menu.options.get(value)
            option["caption"] = entry.caption if entry else ""
            option["disable"] = bool(entry and entry.disabled)


def _with_chosen(menu: Menu, value: Any) -> Menu:
    """What is chosen stays in the menu, even if it is not on offer."""
    chosen = [one for one in (value if menu.several else [value]) if one is not None]
    small = "" if menu.free else "not available"
    missing = {one: Option(str(one), small) for one in chosen if one not in menu.options}
    return replace(menu, options={**menu.options, **missing})


_OPTION = r"""
<q-item v-bind="props.itemProps" dense><q-item-section>
  <q-item-label>{{ props.opt.label }}</q-item-label><q-item-label caption>{{ props.opt.caption }}</q-item-label>
</q-item-section></q-item>
"""
_OPTION_SEVERAL = r"""
<q-item v-bind="props.itemProps" dense>
  <q-item-section side>
    <span class="tick" :class="{ on: props.selected }" aria-hidden="true"></span>
  </q-item-section>
  <q-item-section>
    <q-item-label>{{ props.opt.label }}</q-item-label><q-item-label caption>{{ props.opt.caption }}</q-item-label>
  </q-item-section>
</q-item>
"""


class Check:
    """A tick box; an error stands below it."""

    def __init__(self, value: bool, report: Report, look: Look) -> None:
        self._look = look
        self._reset: ui.button | None = None
        with ui.column().classes("field-check justify-center gap-0"):
            with ui.row().classes("items-center no-wrap gap-1") as self._row:
                self._box = ui.checkbox(look.label, value=value)
            self._error = ui.label().classes("field-error")
        self._box.on_value_change(lambda event: self._changed(bool(event.value), report))
        self._error.set_visibility(False)
        self._box.set_enabled(not look.readonly)
        if look.hint:
            with self._box:
                _tooltip(self._box, look.hint)
            self._box.props["aria-description"] = look.hint
        self._compare(value)

    def complain(self, message: str | None) -> None:
        self._error.set_text(message or "")
        self._error.set_visibility(message is not None)

    def put(self, value: bool, default: Any, readonly: bool) -> None:
        self._look = replace(self._look, default=default, readonly=readonly)
        self._box.set_enabled(not readonly)
        self._box.set_value(bool(value))
        self._compare(value)

    def _compare(self, value: bool) -> None:
        differs = self._look.resets and value != self._look.default
        if self._reset is None and differs:
            with self._row:
                self._reset = _reset_button(self._to_default)
        if self._reset is not None:
            self._reset.set_visibility(differs)
            _name_reset(self._reset, self._look)

    def _to_default(self) -> None:
        self._box.set_value(self._look.default)
        focus(self._box)

    def _changed(self, value: bool, report: Report) -> None:
        self._compare(value)
        report(value)
