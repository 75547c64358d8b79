"""A form made from a pydantic model: the type decides the control, the model judges the values."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nicegui import ui
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aistudio.errors import FieldError
from aistudio.schema.base import hint
from aistudio.schema.shape import Shape, blank, discriminator, shape_of, variants
from aistudio.ui.fields import Check, Choice, Control, Menu, MenuField, TextField, number_of, numbers_of
from aistudio.ui.transforms import TransformList

Path = tuple[str, ...]


class Form:
    """Edits `value`, a config as plain JSON, in place, and calls `on_change` after each edit.

    `menus` are what fields with a `suggest` hint offer, `defaults` what a list of transforms can be reset to. Values
    stay as typed until the model accepts them: whoever owns the form validates, and gives the errors to `show`.
    """

    def __init__(
        self,
        value: dict[str, Any],
        on_change: Callable[[], None],
        menus: Mapping[str, Menu] | None = None,
        readonly: bool = False,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self.value = value
        self._defaults = defaults
        self._on_change = on_change
        self._menus = menus or {}
        self._readonly = readonly
        self._controls: dict[Path, Control] = {}
        self._remembered: dict[tuple[Path, str], Any] = {}

    def add_section(self, model: type[BaseModel], name: str) -> ui.element:
        """One field of the config with all that is below it, under a heading of its own."""
        with ui.column().classes("form-section") as section:
            ui.label(name.capitalize()).classes("section-title").props("role=heading aria-level=3")
            with ui.element("div").classes("fields"):
                self._add((name,), model.model_fields[name])
        return section

    def add_model(self, model: type[BaseModel], path: Path = (), without: Iterable[str] = ("kind", "task")) -> None:
        for name, info in model.model_fields.items():
            if name not in without:
                self._add((*path, name), info)

    def show(self, errors: Iterable[FieldError]) -> list[FieldError]:
        """Puts each error at its control, and takes the others away. Returns those that have no control."""
        left: list[FieldError] = []
        messages: dict[Path, str] = {}
        for error in errors:
            path = self._nearest(tuple(error.path.split(".")))
            if path is None:
                left.append(error)
            else:
                messages.setdefault(path, _sentence(error.message))
        for path, control in self._controls.items():
            if isinstance(control, TransformList):
                control.show(list(errors), ".".join(path))
            else:
                control.complain(messages.get(path))
        return left

    def _nearest(self, path: Path) -> Path | None:
        """The control of a value, or of what the value is part of."""
        while path and path not in self._controls:
            path = path[:-1]
        return path or None

    def _add(self, path: Path, info: FieldInfo) -> None:
        shape = shape_of(info)
        match shape.kind:
            case "model":
                self.add_model(shape.models[0], path)
            case "union":
                self._add_union(path, info, shape)
            case "optional" if shape.models:
                self._add_optional(path, info, shape)
            case "sequence":
                self._add_sequence(path, info, shape)
            case _:
                self._controls[path] = self._control(path, info, shape)

    def _control(self, path: Path, info: FieldInfo, shape: Shape) -> Control:
        label, value = info.title or path[-1], self._get(path)

        def report(new: Any) -> None:
            self._set(path, new)

        menu = self._menus.get(str(hint(info, "suggest")))
        if menu is not None:
            with ui.element("div").classes("wide"):
                return MenuField(label, menu, value, report, info.description, self._readonly)
        match shape.kind:
            case "switch":
                return Check(label, bool(value), report, info.description, self._readonly)
            case "choice":
                return Choice(label, shape.options, value, report, info.description, self._readonly)
            case "list" | "numbers":
                read: Callable[[str], Any] = numbers_of
            case "whole" | "number":
                read = number_of
            case _:
                read = str
        return TextField(label, value, report, read, hint(info, "unit"), info.description, self._readonly)

    def _add_union(self, path: Path, info: FieldInfo, shape: Shape) -> None:
        """A menu of the kinds, and below it the fields of the one that is chosen."""
        name = discriminator(shape.models)
        kinds = variants(shape.models, name)

        def change(kind: str) -> None:
            self._remembered[(path, self._get((*path, name)))] = self._get(path)
            self._set(path, self._remembered.get((path, kind)) or blank(kinds[kind]), quiet=True)
            show()
            self._on_change()

        def show() -> None:
            self._forget_below(path)
            parts.clear()
            with parts:
                self.add_model(kinds[self._get((*path, name))], path, without=("kind", "task", name))

        title = info.title or path[-1]
        value = self._get((*path, name))
        self._controls[path] = Choice(title, list(kinds), value, change, info.description, self._readonly)
        parts = ui.element("div").classes("group")
        show()

    def _add_optional(self, path: Path, info: FieldInfo, shape: Shape) -> None:
        """A tick box, and below it the fields that only count when it is ticked."""
        model = shape.models[0]

        def change(on: bool) -> None:
            if not on:
                self._remembered[(path, "")] = self._get(path)
            self._set(path, (self._remembered.get((path, "")) or blank(model)) if on else None, quiet=True)
            show()
            self._on_change()

        def show() -> None:
            self._forget_below(path)
            parts.clear()
            if self._get(path) is not None:
                with parts:
                    self.add_model(model, path)

        on = self._get(path) is not None
        self._controls[path] = Check(info.title or path[-1], on, change, info.description, self._readonly)
        parts = ui.element("div").classes("group")
        show()

    def _add_sequence(self, path: Path, info: FieldInfo, shape: Shape) -> None:
        with ui.element("div").classes("wide"):
            self._controls[path] = TransformList(
                info.title or path[-1],
                shape.models,
                self._get(path),
                self._on_change,
                Form,
                self._readonly,
                _at(self._defaults, path) if self._defaults else None,
            )

    def _forget_below(self, path: Path) -> None:
        for other in [one for one in self._controls if len(one) > len(path) and one[: len(path)] == path]:
            del self._controls[other]

    def _get(self, path: Path) -> Any:
        return _at(self.value, path)

    def _set(self, path: Path, new: Any, quiet: bool = False) -> None:
        parent = self._get(path[:-1])
        if parent[path[-1]] == new and type(parent[path[-1]]) is type(new):
            return
        parent[path[-1]] = new
        if not quiet:
            self._on_change()


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:]
