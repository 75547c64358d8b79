"""The menu behind Add Transform: what there is, by kind, searched by typing."""

from collections.abc import Callable, Mapping

from nicegui import ui
from pydantic import BaseModel

from aistudio.ui.browser import walked_with_arrows
from aistudio.ui.transform_row import purpose

Kinds = Mapping[str, tuple[type[BaseModel], ...]]


class AddMenu:
    """Filled when it is first opened. Enter takes the first one that was found."""

    def __init__(self, kinds: Kinds, add: Callable[[str], None]) -> None:
        self._kinds = kinds
        self._add = add
        self._items: dict[str, ui.element] = {}
        self._groups: dict[str, ui.element] = {}
        self.button = ui.button("Add Transform", icon="add").props("flat dense color=primary aria-haspopup=menu")
        with self.button, ui.menu().classes("transform-menu") as self._menu:
            self._menu.props('max-height=420px role=dialog aria-label="Add Transform"')
            self._menu.on("before-show", self._fill)
            walked_with_arrows(self._menu)
            self._search = ui.input(placeholder="Search transforms").props("dense outlined clearable autofocus")
            self._search.props["aria-label"] = "Search transforms"
            self._search.on_value_change(lambda event: self._filter(event.value or ""))
            self._search.on("keydown.enter", self._take_first, [])
            self._menu.on("hide", lambda: self._search.set_value(""))

    def _fill(self) -> None:
        if not self._items:
            self._draw()
            self._filter(self._search.value or "")

    def _draw(self) -> None:
        with self._menu:
            with ui.column().classes("transform-kinds gap-0").props("role=menu") as box:
                box.props["aria-label"] = "Transforms"
                for group, kinds in groups(self._kinds).items():
                    with ui.element("div").props("role=group") as self._groups[group]:
                        self._groups[group].props["aria-label"] = group
                        ui.label(group).classes("section-title transform-group").props("aria-hidden=true")
                        for kind in kinds:
                            self._items[kind] = self._item(kind)
            self._none = ui.label("Nothing found.").classes("faint p-3")

    def _item(self, kind: str) -> ui.element:
        with ui.menu_item(on_click=lambda: self._add(kind)).props("role=menuitem dense") as item, ui.item_section():
            ui.item_label(kind)
            ui.item_label(purpose(self._kinds[kind][0])).props("caption")
        return item

    def _filter(self, text: str) -> None:
        if not self._items:
            return
        for kind, item in self._items.items():
            item.set_visibility(self._fits(kind, text))
        for group, kinds in groups(self._kinds).items():
            self._groups[group].set_visibility(any(self._fits(kind, text) for kind in kinds))
        self._none.set_visibility(not any(self._fits(kind, text) for kind in self._items))

    def _fits(self, kind: str, text: str) -> bool:
        """Each word is somewhere in the name, the group or the purpose."""
        model = self._kinds[kind][0]
        about = f"{kind} {getattr(model, 'group', '')} {purpose(model)}".lower()
        return all(word in about for word in text.lower().split())

    def _take_first(self) -> None:
        found = next((kind for kind in self._items if self._fits(kind, self._search.value or "")), None)
        if found is not None:
            self._menu.close()
            self._add(found)


def groups(kinds: Kinds) -> dict[str, list[str]]:
    """The kinds of each group, in their order."""
    found: dict[str, list[str]] = {}
    for kind, models in kinds.items():
        found.setdefault(getattr(models[0], "group", ""), []).append(kind)
    return found
