"""An ordered list of transforms: drag or use the arrow keys, open one for its parameters, add and remove."""

import itertools
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from nicegui import ui
from pydantic import BaseModel

from aistudio.errors import FieldError
from aistudio.schema.shape import blank
from aistudio.ui.transform_row import Row, RowBox, SubForm, purpose


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
        self.changed = on_change
        self.form = form
        self.readonly = readonly
        self._numbers = itertools.count()
        self._rows: dict[int, Row] = {}
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
        self.changed()

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
            ui.item_label(purpose(self._kinds[kind][0])).props("caption")

    def _add(self, kind: str) -> None:
        item = blank(self._kinds[kind][0])
        self.items.append(item)
        self._add_row(item).open()
        self.changed()

    def _add_row(self, item: dict[str, Any]) -> Row:
        number = next(self._numbers)
        with self._list:
            row = Row(item, self._kinds[item["kind"]], self, number)
        self._rows[number] = row
        return row

    def _ordered(self) -> list[Row]:
        return [self._rows[child.number] for child in self._list.default_slot.children if isinstance(child, RowBox)]

    def _sync(self) -> None:
        self.items[:] = [row.item for row in self._ordered()]
        self.changed()

    def move(self, row: Row, by: int) -> None:
        order = self._ordered()
        place = order.index(row)
        target = min(max(place + by, 0), len(order) - 1)
        if target != place:
            row.box.move(target_index=target)
            self._sync()
            row.focus()

    def remove(self, row: Row) -> None:
        self.items[:] = [item for item in self.items if item is not row.item]
        del self._rows[row.box.number]
        row.box.delete()
        self.changed()


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
