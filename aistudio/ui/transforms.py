"""An ordered list of transforms: drag or use the arrow keys, open one for its parameters, add and remove."""

import itertools
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Protocol

from nicegui import ui
from pydantic import BaseModel, ValidationError

from aistudio.errors import FieldError
from aistudio.schema.shape import blank, discriminator, variants


class SubForm(Protocol):
    def add_model(self, model: type[BaseModel], path: tuple[str, ...] = (), without: Iterable[str] = ...) -> None: ...
    def show(self, errors: Iterable[FieldError]) -> list[FieldError]: ...


class TransformList:
    """Edits `items`, a list of transforms as plain JSON, in place. The order of the rows is the order of the list."""

    def __init__(
        self,
        title: str,
        models: tuple[type[BaseModel], ...],
        items: list[dict[str, Any]],
        on_change: Callable[[], None],
        form: Callable[..., SubForm],
        readonly: bool,
        defaults: list[dict[str, Any]] | None = None,
    ) -> None:
        self.items = items
        self._kinds = _by_kind(models)
        self._on_change = on_change
        self._form = form
        self._readonly = readonly
        self._numbers = itertools.count()
        self._rows: dict[int, _Row] = {}
        with ui.column().classes("w-full gap-2"):
            with ui.row().classes("w-full items-center justify-between"):
                ui.label(title).classes("panel-title")
                if defaults is not None and not readonly:
                    reset = ui.button("Reset to Defaults", on_click=lambda: self.replace(deepcopy(defaults)))
                    reset.props("flat dense size=sm color=primary")
            self._list = ui.column().classes("w-full gap-1").props("role=list")
            self._list.props["aria-label"] = title
            self._error = ui.label().classes("field-error")
            self._error.set_visibility(False)
            for item in items:
                self._add_row(item)
            if not readonly:
                self._list.make_sortable(handle=".drag", on_end=lambda _: self._sync(), animation=0.12)
                self._menu()

    def complain(self, message: str | None) -> None:
        self._error.set_text(message or "")
        self._error.set_visibility(bool(message))

    def show(self, errors: Iterable[FieldError], prefix: str) -> None:
        """Errors below `prefix`, by number of the item, go to their rows; those of the list itself below it."""
        mine = [error for error in errors if error.path == prefix or error.path.startswith(f"{prefix}.")]
        self.complain(next((error.message for error in mine if error.path == prefix), None))
        for number, row in enumerate(self._ordered()):
            start = f"{prefix}.{number}"
            row.show(
                [
                    FieldError(error.path[len(start) + 1 :], error.title, error.message)
                    for error in mine
                    if error.path == start or error.path.startswith(f"{start}.")
                ]
            )

    def replace(self, items: list[dict[str, Any]]) -> None:
        """Another list altogether: the task's defaults."""
        self.items[:] = items
        self._list.clear()
        self._rows.clear()
        for item in self.items:
            self._add_row(item)
        self._on_change()

    def _menu(self) -> None:
        button = ui.button("Add Transform", icon="add").props("flat dense color=primary").classes("self-start")
        with button, ui.menu().props("max-height=360px"):
            for group, kinds in _groups(self._kinds).items():
                ui.item_label(group).props("header").classes("section-title")
                for kind in kinds:
                    self._menu_item(kind)

    def _menu_item(self, kind: str) -> None:
        with ui.menu_item(on_click=lambda: self._add(kind)), ui.item_section():
            ui.item_label(kind)
            ui.item_label(_purpose(self._kinds[kind][0])).props("caption")

    def _add(self, kind: str) -> None:
        item = blank(self._kinds[kind][0])
        self.items.append(item)
        self._add_row(item).open()
        self._on_change()

    def _add_row(self, item: dict[str, Any]) -> "_Row":
        number = next(self._numbers)
        with self._list:
            row = _Row(item, self._kinds[item["kind"]], self, number)
        self._rows[number] = row
        return row

    def _ordered(self) -> list["_Row"]:
        return [self._rows[child.number] for child in self._list.default_slot.children if isinstance(child, _RowBox)]

    def _sync(self) -> None:
        self.items[:] = [row.item for row in self._ordered()]
        self._on_change()

    def move(self, row: "_Row", by: int) -> None:
        order = self._ordered()
        place = order.index(row)
        target = min(max(place + by, 0), len(order) - 1)
        if target != place:
            row.box.move(target_index=target)
            self._sync()
            row.focus()

    def remove(self, row: "_Row") -> None:
        self.items[:] = [item for item in self.items if item is not row.item]
        del self._rows[row.box.number]
        row.box.delete()
        self._on_change()


class _RowBox(ui.column):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.classes("transform").props("role=listitem")


class _Row:
    def __init__(
        self, item: dict[str, Any], models: tuple[type[BaseModel], ...], parent: TransformList, number: int
    ) -> None:
        self.item = item
        self._models = models
        self._parent = parent
        self._subform: SubForm | None = None
        self.box = _RowBox(number)
        kind = item["kind"]
        self.box.props["aria-label"] = kind
        readonly = parent._readonly
        with self.box:
            with ui.row().classes("transform-head items-center"):
                if not readonly:
                    self._grip = ui.button(icon="drag_indicator").props("flat dense round size=sm color=grey-6")
                    self._grip.classes("drag").props["aria-label"] = f"Move {kind}, use the arrow keys"
                    self._grip.on("keydown.up.prevent", lambda: parent.move(self, -1), [])
                    self._grip.on("keydown.down.prevent", lambda: parent.move(self, 1), [])
                with (
                    ui.element("button")
                    .classes("transform-open")
                    .props("type=button aria-expanded=false") as self._head
                ):
                    ui.label(kind).classes("transform-name")
                    self._summary = ui.label().classes("faint cut numbers")
                self._head.on("click", self._toggle, [])
                if not readonly:
                    remove = ui.button(icon="close", on_click=lambda: parent.remove(self))
                    remove.props("flat dense round size=sm color=grey-6").props["aria-label"] = f"Remove {kind}"
            self._body = ui.column().classes("transform-body")
        self._body.set_visibility(False)
        self._summarise()

    def open(self) -> None:
        self._build()
        self._body.set_visibility(True)
        self._head.props("aria-expanded=true")

    def _toggle(self) -> None:
        if self._body.visible:
            self._body.set_visibility(False)
            self._head.props("aria-expanded=false")
        else:
            self.open()

    def focus(self) -> None:
        self._grip.run_method("focus")

    def show(self, errors: list[FieldError]) -> None:
        self.box.classes(add="invalid" if errors else "", remove="" if errors else "invalid")
        if errors and not self._body.visible:
            self.open()
        if self._subform is not None:
            self._subform.show(errors)

    def _build(self) -> None:
        """The parameters; made when they are first looked at."""
        self._body.clear()
        model = self._model()
        with self._body:
            ui.label(_purpose(model)).classes("faint")
            with ui.element("div").classes("fields"):
                self._subform = self._parent._form(self.item, self._changed, readonly=self._parent._readonly)
                if len(self._models) > 1:
                    self._variant_menu()
                self._subform.add_model(model, (), without=("kind", discriminator(self._models)))

    def _variant_menu(self) -> None:
        name = discriminator(self._models)
        info = self._models[0].model_fields[name]
        options = list(variants(self._models, name))
        menu = ui.select(
            options, label=info.title, value=self.item[name], on_change=lambda event: self._become(event.value)
        )
        menu.set_enabled(not self._parent._readonly)

    def _become(self, variant: str) -> None:
        name = discriminator(self._models)
        if self.item[name] != variant:
            self.item.clear()
            self.item.update(blank(variants(self._models, name)[variant]))
            self._build()
            self._changed()

    def _model(self) -> type[BaseModel]:
        name = discriminator(self._models)
        return variants(self._models, name)[self.item[name]]

    def _changed(self) -> None:
        self._summarise()
        self._parent._on_change()

    def _summarise(self) -> None:
        try:
            transform = self._model().model_validate(self.item)
        except ValidationError:
            self._summary.set_text("")
        else:
            self._summary.set_text(transform.summary() if hasattr(transform, "summary") else "")


def _by_kind(models: tuple[type[BaseModel], ...]) -> dict[str, tuple[type[BaseModel], ...]]:
    kinds: dict[str, tuple[type[BaseModel], ...]] = {}
    for model in models:
        kind = str(model.model_fields["kind"].default)
        kinds[kind] = (*kinds.get(kind, ()), model)
    return kinds


def _groups(kinds: dict[str, tuple[type[BaseModel], ...]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for kind, models in kinds.items():
        groups.setdefault(getattr(models[0], "group", ""), []).append(kind)
    return groups


def _purpose(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n")[0]
