"""Which version of the images is looked at, and what stays with an earlier one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.project import DatasetVersion
from aistudio.service.versions import versions
from aistudio.ui.words import counted
from pages.dataset.view import View

if TYPE_CHECKING:
    from pages.dataset.page import DataPage

NAMED = 8


class Versions:
    """Seen as soon as there is more than one. `note` is to stand below the head."""

    def __init__(self, page: "DataPage") -> None:
        self._page = page
        self._found: list[DatasetVersion] = []
        self._select = ui.select({}, label="Version", on_change=lambda event: self._choose(event.value))
        self._select.style("width: 250px").set_visibility(False)

    def draw_note(self) -> None:
        with ui.row().classes("panel panel-pad w-full items-center gap-3").props("role=status") as self._note:
            ui.icon("history", size="20px").classes("wait")
            with ui.column().classes("gap-0").style("flex: 1 1 240px; min-width: 0"):
                self._title = ui.label().classes("font-semibold")
                self._users = ui.label().classes("muted")
            ui.button("Look at the newest", on_click=self._newest).props("outline color=primary")
        self._note.set_visibility(False)

    async def read(self) -> None:
        """Before anything else: an address may ask for one that is not there."""
        self._found = await asyncio.to_thread(versions, self._page.studio, self._page.project.id)
        view, known = self._page.view, [one.version for one in self._found]
        if view.version is not None and (view.version not in known or view.version == known[0]):
            self._page.view = replace(view, version=None)
            ui.navigate.history.replace(self._page.address(self._page.view))

    def draw(self) -> None:
        shown = self._page.view.version or next((one.version for one in self._found), None)
        self._select.set_visibility(len(self._found) > 1)
        self._select.set_options(
            {one.version: _title(one, place) for place, one in enumerate(self._found)}, value=shown
        )
        earlier = next((one for one in self._found if one.version == self._page.view.version), None)
        self._note.set_visibility(earlier is not None)
        if earlier is not None:
            when = f"{earlier.imported_at.astimezone():%d %b %Y, %H:%M}"
            self._title.set_text(f"Version {earlier.version}, imported {when}. It can be looked at, and never changes.")
            self._users.set_text(_users(earlier))

    async def _choose(self, version: int | None) -> None:
        now = self._page.view.version or next((one.version for one in self._found), None)
        if version is not None and version != now:
            newest = version == self._found[0].version
            await self._page.turn_to_version(View(version=None if newest else version, tab=self._page.view.tab))

    async def _newest(self) -> None:
        await self._page.turn_to_version(View(tab=self._page.view.tab))


def _title(one: DatasetVersion, place: int) -> str:
    images = "damaged" if one.images is None else counted(one.images, "image")
    return f"{one.version}{'' if place else ', the newest'} ({images})"


def _users(one: DatasetVersion) -> str:
    if not one.splits:
        return "No split and no experiment uses it."
    parts = [("split", one.splits), ("experiment", one.experiments)]
    told = [f"{counted(len(names), what)} ({_some(names)})" if names else f"no {what}" for what, names in parts]
    return f"Used by {' and '.join(told)}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
