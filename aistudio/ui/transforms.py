"""An ordered list of transforms: drag or use the arrow keys, open one for its parameters, add and remove."""

import itertools
from collections.abc import Awaitable, Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from nicegui import ui
from pydantic import BaseModel

from aistudio.errors import FieldError
from aistudio.schema.shape import blank
from aistudio.ui.browser import focus
from aistudio.ui.fields import Look
from aistudio.ui.transform_menu import AddMenu
from aistudio.ui.transform_row import Row, RowBox, SubForm
from aistudio.ui.words import sentence


class TransformList:
    """Edits `items`, a list of transforms as plain JSON, in place. The order of the rows is the order of the list.

    `folded`: only its title is seen until it is opened. `on_preview` adds a button that shows what the list does.
    """

    def __init__(
        self,
        models: tuple[type[BaseModel], ...],
        items: list[dict[str, Any]],
        on_change: Callable[[], None],
        form: Callable[..., SubForm],
        look: Look,
        folded: bool = False,
        on_preview: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.items = items
        self.form = form
        self._look = look
        self._kinds = _by_kind(models)
        self._on_change = on_change
        self._folds = folded
        self._numbers = itertools.count()
        self._rows: dict[int, Row] = {}
        self._drawn_readonly: bool | None = None
        with ui.column().classes("w-full gap-2"):
            self._head()
            with ui.column().classes("w-full gap-2") as self._body:
                self._draw(on_preview)
        self._fold(folded)
        self.put(items, look.default, look.readonly)

    @property
    def readonly(self) -> bool:
        return self._look.readonly

    def put(self, items: list[dict[str, Any]], default: Any, readonly: bool) -> None:
        """Another list; rows are drawn anew only where it is different."""
        same = [row.shown for row in self._ordered()] == items and readonly == self._drawn_readonly
        self.items = items
        self._look = replace(self._look, default=default, readonly=readonly)
        (self._sortable.disable if readonly else self._sortable.enable)()
        self._add_menu.set_visibility(not readonly)
        if same:
            for row, item in zip(self._ordered(), items, strict=True):
                row.item = item
        if not same or any(row.opened for row in self._ordered()):
            self._draw_rows()
        self._after_change()

    def _draw_rows(self) -> None:
        self._drawn_readonly = self.readonly
        self._list.clear()
        self._rows.clear()
        for item in self.items:
            self._add_row(item)

    def _head(self) -> None:
        with ui.row().classes("w-full items-center justify-between no-wrap"):
            if self._folds:
                self._opener = ui.button(self._look.label, on_click=lambda: self._fold(self._body.visible))
                self._opener.props("flat dense size=md color=grey-8").classes("fold-title")
                self._count = ui.label().classes("faint numbers cut flex-1 text-right")
            else:
                ui.label(self._look.label).classes("panel-title")
            self._reset = ui.button("Reset to Defaults", on_click=lambda: self.replace(deepcopy(self._look.default)))
            self._reset.props("flat dense size=sm color=primary")

    def _draw(self, on_preview: Callable[[], Awaitable[None]] | None) -> None:
        self._list = ui.column().classes("w-full gap-1").props("role=list")
        self._list.props["aria-label"] = self._look.label
        self._error = ui.label().classes("field-error")
        self._error.set_visibility(False)
        self._said = ui.label().classes("only-read").props("role=status aria-live=polite")
        self._sortable = self._list.make_sortable(
            handle=".drag", on_end=lambda event: self._dropped(event.item), animation=0.12
        )
        with ui.row().classes("w-full items-center gap-1"):
            self._add_menu = AddMenu(self._kinds, self._add).button
            if on_preview is not None:
                preview = ui.button("Preview", icon="visibility", on_click=on_preview).props("flat dense color=primary")
                preview.props["aria-label"] = f"Preview {self._look.label}"

    def _fold(self, closed: bool) -> None:
        if self._folds:
            self._body.set_visibility(not closed)
            self._opener.props(f"icon={'chevron_right' if closed else 'expand_more'}")
            self._opener.props["aria-expanded"] = "false" if closed else "true"
            self._after_change()

    def changed(self) -> None:
        self._after_change()
        self._on_change()

    def _after_change(self) -> None:
        self._reset.set_visibility(self._look.resets and self._body.visible)
        self._reset.set_enabled(self.items != self._look.default)
        if self._folds:
            closed = not self._body.visible
            self._count.set_text(" · ".join(item["kind"] for item in self.items) if closed else "")

    def complain(self, message: str | None) -> None:
        self._error.set_text(message or "")
        self._error.set_visibility(bool(message))

    def show(self, errors: Iterable[FieldError], prefix: str) -> None:
        """Errors below `prefix`, by number of the item, go to their rows; those of the list itself below it."""
        mine = [error for error in errors if error.path == prefix or error.path.startswith(f"{prefix}.")]
        self.complain(next((sentence(error.message) for error in mine if error.path == prefix), None))
        if mine:
            self._fold(False)
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
        self._draw_rows()
        self.changed()
        self._said.set_text("The list is as it is by default.")
        self._focus_near(0)

    def _add(self, kind: str) -> None:
        item = blank(self._kinds[kind][0])
        place = self._place_of(kind)
        row = self._add_row(item)
        if place < len(self.items):
            row.box.move(target_index=place)
        self.items.insert(place, item)
        row.open()
        self.changed()
        self._said.set_text(f"{kind} added at place {place + 1} of {len(self.items)}.")

    def _place_of(self, kind: str) -> int:
        """At the end, or in front of what wants to be the last."""
        last = self.items[-1]["kind"] if self.items else kind
        return len(self.items) - (self._closing(last) and not self._closing(kind))

    def _closing(self, kind: str) -> bool:
        return bool(getattr(self._kinds[kind][0], "closing", False))

    def _add_row(self, item: dict[str, Any]) -> Row:
        number = next(self._numbers)
        with self._list:
            row = Row(item, self._kinds[item["kind"]], self, number)
        self._rows[number] = row
        return row

    def _ordered(self) -> list[Row]:
        return [self._rows[child.number] for child in self._list.default_slot.children if isinstance(child, RowBox)]

    def _dropped(self, box: ui.element) -> None:
        if isinstance(box, RowBox):
            self._moved(self._rows[box.number])

    def _moved(self, row: Row) -> None:
        """Takes the order of the rows over, and says it to those who cannot see it."""
        order = self._ordered()
        self.items[:] = [one.item for one in order]
        self._said.set_text(f"{row.item['kind']} moved to place {order.index(row) + 1} of {len(order)}.")
        self.changed()

    def move(self, row: Row, by: int) -> None:
        order = self._ordered()
        place = order.index(row)
        target = min(max(place + by, 0), len(order) - 1)
        if target != place:
            row.box.move(target_index=target)
            self._moved(row)
            row.focus()

    def remove(self, row: Row) -> None:
        place = self._ordered().index(row)
        self.items[:] = [item for item in self.items if item is not row.item]
        del self._rows[row.box.number]
        row.box.delete()
        self.changed()
        self._said.set_text(f"{row.item['kind']} removed, {len(self.items)} left.")
        self._focus_near(place)

    def _focus_near(self, place: int) -> None:
        """What was pressed is gone or disabled: the keyboard goes on at that place of the list."""
        left = self._ordered()
        with self._list:  # the button that was pressed is in the list no more
            focus(left[min(place, len(left) - 1)].head if left else self._add_menu)


def _by_kind(models: tuple[type[BaseModel], ...]) -> dict[str, tuple[type[BaseModel], ...]]:
    kinds: dict[str, tuple[type[BaseModel], ...]] = {}
    for model in models:
        kind = str(model.model_fields["kind"].default)
        kinds[kind] = (*kinds.get(kind, ()), model)
    return kinds
