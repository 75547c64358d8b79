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

ORDERS = (Order("Newest first", "newest", down=True), Order("Oldest first", "created"), Order("Name", "name"))


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
        await (self._page.actions.delete(sid) if action == "Delete" else self._page.actions.copy(sid))


def _items(found: Sequence[Split], version: int | None) -> list[Item]:
    firsts: dict[tuple[str, int] | str, int] = {}
    for number, split in enumerate(found):
        firsts.setdefault(_set(split), number)
    return [card(split, version, firsts[_set(split)]) for split in found]


def _set(split: Split) -> tuple[str, int] | str:
    """The set of folds that a split is one of, or itself."""
    return (split.fold.given, split.fold.of) if split.fold else split.id


def _places(split: Split, first: int) -> dict[str, float | str | None]:
    """Folds stand where the first of their set was made, in their order, also where the newest comes first."""
    step = split.fold.number / (split.fold.of + 1) if split.fold else 0.0
    return {"created": first + step, "newest": first + 1 - step}


def card(split: Split, version: int | None, first: int) -> Item:
    earlier = split.dataset_version != version
    how = "as the data came" if split.origin == "source" else words.shares(split)
    return Item(
        id=split.id,
        name=split.name,
        icon="◷" if earlier else "",
        word="Of an earlier data set" if earlier else "",
        colour="wait",
        text=how,
        right=f"{sum(split.size(key) for key, _ in SUBSETS):,}",
        note="of an earlier data set" if earlier else "",
        sort=_places(split, first) | {"name": split.name.lower()},
        bar=tuple((key, split.size(key)) for key, _ in SUBSETS),
    )
