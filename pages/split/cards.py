"""Left column: the splits of the project."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.split import Split
from aistudio.ui.card_list import CardList, Item, Order
from pages.split import words
from pages.split.values import SUBSETS

if TYPE_CHECKING:
    from pages.split.page import SplitPage

ORDERS = (Order("Newest first", "created", down=True), Order("Oldest first", "created"), Order("Name", "name"))


class SplitList:
    def __init__(self, page: "SplitPage") -> None:
        self._page = page
        with ui.column().classes("panel column column-list").props("role=region aria-label=Splits"):
            with ui.element("div").classes("column-head"):
                ui.label("Splits").classes("panel-title").props("role=heading aria-level=2")
            with ui.element("div").classes("column-new"):
                ui.button("New Split", icon="add", on_click=page.new).props("outline color=primary")
            with ui.element("div").classes("column-body").style("padding: 0 8px 8px; gap: 4px"):
                self._cards = CardList(
                    "Splits", ORDERS, ("Copy Settings", "Delete"), page.select, page.follow, self._act
                )
                self._empty = ui.label(
                    "No split yet. Look at what comes of the settings, then create the first one."
                ).classes("faint text-center p-3")

    async def fill(self, found: Sequence[Split], version: int | None, selected: str | None) -> None:
        """All of them, before the page is sent."""
        self._cards.fill(await asyncio.to_thread(_items, found, version), selected)
        self._empty.set_visibility(not found)

    async def renew(self, found: Sequence[Split], version: int | None) -> None:
        """Adds, changes and removes what has come, changed and gone; for a selected one, the list chooses another."""
        self.mark(self._page.selected)
        items = await asyncio.to_thread(_items, found, version)
        for key in self._cards.items.keys() - {item.id for item in items}:
            self._cards.drop(key)
        for item in items:
            self._cards.put(item)
        self._empty.set_visibility(not found)

    def mark(self, selected: str | None) -> None:
        self._cards.choose(selected)

    async def _act(self, sid: str, action: str) -> None:
        await (self._page.delete(sid) if action == "Delete" else self._page.copy(sid))


def _items(found: Sequence[Split], version: int | None) -> list[Item]:
    return [card(split, version, number) for number, split in enumerate(found)]


def card(split: Split, version: int | None, number: int) -> Item:
    earlier = split.dataset_version != version
    how = {"ratios": words.shares(split), "source": "as the data came", "fold": "a fold"}[split.origin]
    return Item(
        id=split.id,
        name=split.name,
        icon="◷" if earlier else "",
        word="Of an earlier data set" if earlier else "",
        colour="wait",
        text=how,
        right=f"{sum(split.size(key) for key, _ in SUBSETS):,}",
        note="of an earlier data set" if earlier else "",
        sort={"created": number, "name": split.name.lower()},
        bar=tuple((key, split.size(key)) for key, _ in SUBSETS),
    )
