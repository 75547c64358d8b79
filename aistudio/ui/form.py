"""A form made from a pydantic model: the type decides the control, the model judges the values."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

from nicegui import ui
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aistudio.errors import FieldError
from aistudio.schema.base import hint
from aistudio.schema.shape import Shape, as_json, blank, discriminator, shape_of, variants
from aistudio.ui.fields import (
    NOTHING,
    Check,
    Choice,
    Control,
    Look,
    Menu,
    MenuField,
    TextField,
)
from aistudio.ui.quiet import Quiet
from aistudio.ui.transforms import TransformList
from aistudio.ui.typed import number_of, numbers_of
from aistudio.ui.words import sentence

Path = tuple[str, ...]


class Form:
    """Edits `value`, a config as plain JSON, in place, and calls `on_change` after each edit.

    `menus` are what fields with a `suggest` hint offer, `defaults` what each field can be reset to, `on_preview` is
    told the path of a list of transforms whose effect is to be seen. Values stay as typed until the model accepts
    them: whoever owns the form validates, and gives the errors to `show`.
    """

    def __init__(
        self,
        value: dict[str, Any],
        on_change: Callable[[], None],
        menus: Mapping[str, Menu] | None = None,
        readonly: bool = False,
        defaults: Mapping[str, Any] | None = None,
        on_preview: Callable[[Path], Awaitable[None]] | None = None,
    ) -> None:
        self.value = value
        self._defaults = defaults
        self._on_preview = on_preview
        self._on_change = on_change
        self._menus = dict(menus or {})
        self._readonly = readonly
        self._quiet = Quiet()
        self._controls: dict[Path, _Entry] = {}
        self._branches: dict[Path, Callable[[], None]] = {}
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

    def fill(self, value: dict[str, Any], readonly: bool, defaults: Mapping[str, Any] | None = None) -> None:
        """Another config of the same type in the same controls: only what differs is drawn anew."""
        self.value, self._readonly, self._defaults = value, readonly, defaults
        self._remembered.clear()
        with self._quiet:
            for path in list(self._branches):
                if path in self._branches:  # not gone with an outer one
                    self._branches[path]()
            for entry in list(self._controls.values()):
                entry.control.put(entry.read(), entry.default(), readonly)

    def offer(self, suggest: str, menu: Menu) -> None:
        """Another menu for the fields with that `suggest` hint."""
        self._menus[suggest] = menu
        with self._quiet:
            for entry in self._controls.values():
                if entry.suggest == suggest and isinstance(entry.control, MenuField):
                    entry.control.offer(menu)

    def show(self, errors: Iterable[FieldError]) -> list[FieldError]:
        """Puts each error at its control, and takes the others away. Returns those that have no control."""
        left: list[FieldError] = []
        messages: dict[Path, str] = {}
        for error in errors:
            path = self._nearest(tuple(error.path.split(".")))
            if path is None:
                left.append(error)
            else:
                messages.setdefault(path, sentence(error.message))
        for path, entry in self._controls.items():
            if isinstance(entry.control, TransformList):
                entry.control.show(list(errors), ".".join(path))
            else:
                entry.control.complain(messages.get(path))
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
                self._add_value(path, info, shape)

    def _add_value(self, path: Path, info: FieldInfo, shape: Shape) -> None:
        suggest = str(hint(info, "suggest"))
        control = self._control(path, info, shape, self._menus.get(suggest))
        self._controls[path] = _Entry(control, partial(self._get, path), partial(self._default, path, info), suggest)

    def _control(self, path: Path, info: FieldInfo, shape: Shape, menu: Menu | None) -> Control:
        value, report = self._get(path), partial(self._set, path)
        look = self._look(path, info, self._default(path, info))
        if menu is not None:
            with ui.element("div").classes("" if shape.kind == "choice" else "wide"):
                return MenuField(menu, value, report, look)
        match shape.kind:
            case "switch":
                return Check(bool(value), report, look)
            case "choice":
                return Choice(shape.options, value, report, look)
            case "list" | "numbers":
                read: Callable[[str], Any] = numbers_of
            case "whole" | "number":
                read = number_of
            case _:
                read = str
        return TextField(value, report, read, look, hint(info, "unit"))

    def _look(self, path: Path, info: FieldInfo, default: Any) -> Look:
        return Look(info.title or path[-1], info.description, self._readonly, default)

    def _default(self, path: Path, info: FieldInfo) -> Any:
        """Of the task; where another kind than the task's was chosen, of that kind."""
        if self._defaults is None:
            return NOTHING
        value, default = self.value, self._defaults
        for name in path:
            if not isinstance(default, Mapping) or name not in default or value.get("kind") != default.get("kind"):
                return as_json(info.get_default(call_default_factory=True))
            value, default = value[name], default[name]
        return default

    def _add_union(self, path: Path, info: FieldInfo, shape: Shape) -> None:
        """A menu of the kinds, and below it the fields of the one that is chosen."""
        name = discriminator(shape.models)
        kinds = variants(shape.models, name)
        chosen = partial(self._get, (*path, name))
        drawn = ""

        def fresh(kind: str) -> Any:
            usual = self._default(path, info)
            return deepcopy(usual) if isinstance(usual, dict) and usual.get(name) == kind else blank(kinds[kind])

        def change(kind: str) -> None:
            if kind != chosen():
                self._remembered[(path, chosen())] = self._get(path)
                self._get(path[:-1])[path[-1]] = self._remembered.get((path, kind)) or fresh(kind)
                draw()
                self._on_change()

        def draw() -> None:
            nonlocal drawn
            if chosen() != drawn:
                drawn = chosen()
                self._forget_below(path)
                parts.clear()
                with parts:
                    self.add_model(kinds[drawn], path, without=("kind", "task", name))

        def default() -> Any:
            found = self._default(path, info)
            return found[name] if isinstance(found, Mapping) else NOTHING

        control = Choice(list(kinds), chosen(), change, self._look(path, info, default()))
        self._controls[path] = _Entry(control, chosen, default)
        self._branches[path] = draw
        parts = ui.element("div").classes("group")
        draw()

    def _add_optional(self, path: Path, info: FieldInfo, shape: Shape) -> None:
        """A tick box, and below it the fields that only count when it is ticked."""
        model = shape.models[0]
        drawn = False

        def chosen() -> bool:
            return self._get(path) is not None

        def change(on: bool) -> None:
            if on != chosen():
                if not on:
                    self._remembered[(path, "")] = self._get(path)
                new = (self._remembered.get((path, "")) or blank(model)) if on else None
                self._get(path[:-1])[path[-1]] = new
                draw()
                self._on_change()

        def draw() -> None:
            nonlocal drawn
            if chosen() != drawn:
                drawn = chosen()
                self._forget_below(path)
                parts.clear()
                if drawn:
                    with parts:
                        self.add_model(model, path)

        def default() -> Any:
            found = self._default(path, info)
            return found if found is NOTHING else found is not None

        control = Check(chosen(), change, self._look(path, info, default()))
        self._controls[path] = _Entry(control, chosen, default)
        self._branches[path] = draw
        parts = ui.element("div").classes("group")
        draw()

    def _add_sequence(self, path: Path, info: FieldInfo, shape: Shape) -> None:
        default = self._default(path, info)
        with ui.element("div").classes("wide"):
            control = TransformList(
                shape.models,
                self._get(path),
                self._changed,
                Form,
                self._look(path, info, default),
                folded=bool(hint(info, "folded")),
                on_preview=partial(self._on_preview, path) if self._on_preview else None,
            )
        self._controls[path] = _Entry(control, partial(self._get, path), partial(self._default, path, info))

    def _forget_below(self, path: Path) -> None:
        for known in (self._controls, self._branches):
            for other in [one for one in known if len(one) > len(path) and one[: len(path)] == path]:
                del known[other]

    def _get(self, path: Path) -> Any:
        value: Any = self.value
        for name in path:
            value = value[name]
        return value

    def _set(self, path: Path, new: Any) -> None:
        parent = self._get(path[:-1])
        if self._quiet.on or (parent[path[-1]] == new and type(parent[path[-1]]) is type(new)):
            return
        parent[path[-1]] = new
        self._on_change()

    def _changed(self) -> None:
        if not self._quiet.on:
            self._on_change()


class _Entry:
    """A control with where its value and its default come from."""

    def __init__(
        self, control: Control, read: Callable[[], Any], default: Callable[[], Any], suggest: str = ""
    ) -> None:
        self.control = control
        self.read = read
        self.default = default
        self.suggest = suggest
