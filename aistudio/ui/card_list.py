"""A long list of cards that can be selected, searched, sorted, renamed in place, and that have a menu."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nicegui import ui

FEW = 10  # with more cards than this there is a search and an order to choose


@dataclass(frozen=True)
class Item:
    """A card: `icon` in a `colour` class stands for `word`; `text` beside it, `right` at the end, `note` below.

    `bar`: how it is divided, as parts with their sizes. `sort` has a number, a text or nothing for each order.
    """

    id: str
    name: str
    icon: str
    word: str
    colour: str
    text: str
    right: str
    note: str
    sort: dict[str, float | str | None]
    bar: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Order:
    label: str
    by: str
    down: bool = False


class CardList(ui.element, component="card_list.js"):
    """Drawn in the browser. The last of `actions` is also on the Delete key; with `on_rename` the first one renames
    in place.

    `on_left`: the chosen card was dropped; the one next to it, where there is one, is chosen instead.
    """

    def __init__(
        self,
        label: str,
        orders: Sequence[Order],
        actions: Sequence[str],
        on_pick: Callable[[str], Awaitable[None]],
        on_left: Callable[[str | None], Awaitable[None]],
        on_action: Callable[[str, str], Awaitable[None]],
        on_rename: Callable[[str, str], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__()
        self._items: dict[str, Item] = {}
        self._props["label"] = label
        self._props["things"] = label.lower()
        self._props["renames"] = on_rename is not None
        self._props["few"] = FEW
        self._props["actions"] = list(actions)
        self._props["orders"] = [
            {"label": order.label, "value": number, "by": order.by, "down": order.down}
            for number, order in enumerate(orders)
        ]
        self._props["initial"] = []
        self.on("pick", lambda event: on_pick(_text(event.args)))
        self.on("left", lambda event: on_left(_text(event.args) or None))
        if on_rename is not None:
            self.on("rename", lambda event: on_rename(str(event.args[0]), str(event.args[1])))
        self.on("act", lambda event: on_action(str(event.args[0]), str(event.args[1])))

    @property
    def items(self) -> dict[str, Item]:
        return self._items

    def fill(self, items: Iterable[Item], chosen: str | None) -> None:
        """All at once, before the page is sent: later changes travel one by one."""
        self._items = {item.id: item for item in items}
        self._props["selected"] = chosen
        self._props["initial"] = [asdict(item) for item in self._items.values()]
        if chosen is not None:
            self.choose(chosen)  # which brings it into view, and is right also where the page was sent before

    def put(self, item: Item) -> None:
        """Adds a card, or brings it up to date."""
        if self._items.get(item.id) != item:
            self._items[item.id] = item
            self.run_method("put", asdict(item))

    def drop(self, key: str) -> None:
        if self._items.pop(key, None) is not None:
            self.run_method("remove", key)

    def choose(self, key: str | None) -> None:
        self.run_method("choose", key)


def _text(args: Any) -> str:
    found = args[0] if isinstance(args, list) else args
    return "" if found is None else str(found)
