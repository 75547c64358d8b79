"""A list whose order the user sets, by dragging or with the arrow keys."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from aistudio.ui.browser import focus


@dataclass(frozen=True)
class Entry:
    key: str
    title: str
    caption: str = ""


class OrderedList:
    """Calls `on_order` with the keys in their new order."""

    def __init__(self, label: str, entries: Sequence[Entry], on_order: Callable[[list[str]], Awaitable[None]]) -> None:
        self._on_order = on_order
        with ui.column().classes("w-full gap-1").props("role=list") as self._list:
            for entry in entries:
                _EntryBox(entry, self)
        self._list.props["aria-label"] = label
        self._list.make_sortable(handle=".drag", on_end=lambda _: self._changed(), animation=0.12)

    def _boxes(self) -> list["_EntryBox"]:
        return [child for child in self._list.default_slot.children if isinstance(child, _EntryBox)]

    async def _changed(self) -> None:
        await self._on_order([box.key for box in self._boxes()])

    async def move(self, box: "_EntryBox", by: int) -> None:
        order = self._boxes()
        place = order.index(box)
        target = min(max(place + by, 0), len(order) - 1)
        if target != place:
            box.move(target_index=target)
            await self._changed()
            focus(box.grip)


class _EntryBox(ui.row):
    def __init__(self, entry: Entry, parent: OrderedList) -> None:
        super().__init__()
        self.key = entry.key
        self.classes("transform items-center no-wrap p-1").props("role=listitem").props["aria-label"] = entry.title
        with self:
            self.grip = ui.button(icon="dehaze").props("flat dense round size=sm color=grey-6").classes("drag")
            self.grip.props["aria-label"] = f"Move {entry.title}, use the arrow keys"
            self.grip.on("keydown.up.prevent", lambda: parent.move(self, -1), [])
            self.grip.on("keydown.down.prevent", lambda: parent.move(self, 1), [])
            with ui.column().classes("gap-0 flex-1").style("min-width: 0"):
                ui.label(entry.title).classes("transform-name cut w-full")
                ui.label(entry.caption).classes("faint")
