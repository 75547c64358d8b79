"""A dialog in which a folder of the server is chosen."""

import asyncio

from nicegui import ui

from aistudio.errors import AIStudioError
from aistudio.schema.folders import FolderList
from aistudio.service.folders import folders
from aistudio.studio import Studio
from aistudio.ui.words import counted


async def pick_folder(studio: Studio, path: str) -> str | None:
    """The folder that the user chose, beginning at `path` where it can be looked into."""
    picker = _Picker(studio)
    await picker.go(path or None)
    if picker.failed:
        await picker.go(None)
    return await picker.ask()


class _Picker:
    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._here = FolderList()
        self._turn = 0
        self.failed = False
        with ui.dialog() as self._dialog, ui.card().classes("panel folder-picker"):
            self._dialog.props["aria-label"] = "Choose a folder"
            ui.label("Choose a folder").classes("text-base font-semibold").props("role=heading aria-level=2")
            self._path = ui.label().classes("folder-path")
            self._list = ui.element("div").classes("folder-list")
            self._list.props["role"] = "list"
            self._list.props["aria-label"] = "Folders"
            self._about = ui.label().classes("faint").props("role=status")
            with ui.row().classes("w-full justify-end gap-2"):
                ui.button("Cancel", on_click=lambda: self._dialog.submit(None)).props("flat color=grey-7")
                self._choose = ui.button("Choose this folder", on_click=lambda: self._dialog.submit(self._here.path))

    async def ask(self) -> str | None:
        try:
            answer = await self._dialog
            return str(answer) if answer else None
        finally:
            self._dialog.delete()

    async def go(self, path: str | None) -> None:
        """Until a folder is listed, "this folder" is still the one that it was opened from."""
        self._turn += 1
        turn, told = self._turn, ""
        self._choose.disable()
        try:
            found = await asyncio.to_thread(folders, self._studio, path)
        except AIStudioError as error:
            found, told = self._here, str(error)
        if turn != self._turn or self._dialog.is_deleted:
            return  # another one was opened meanwhile, or one was chosen
        self.failed = bool(told)
        if told:
            self._about.set_text(told)
            self._choose.set_enabled(self._here.path is not None)
        else:
            self._here = found
            self._draw()

    def _draw(self) -> None:
        here = self._here
        self._path.set_text(here.path or "Folders that may be imported")
        self._choose.set_enabled(here.path is not None)
        self._list.clear()
        with self._list:
            if here.path is not None:
                self._row("arrow_upward", "One level up", here.parent)
            for folder in here.folders:
                self._row("folder", folder.name, folder.path)
        self._about.set_text(_about(here))

    def _row(self, icon: str, name: str, path: str | None) -> None:
        row = ui.element("button").props("type=button").classes("folder-row")
        with row:
            ui.icon(icon, size="18px")
            ui.label(name).classes("cut")
        row.on("click", lambda: self.go(path), [])


def _about(here: FolderList) -> str:
    if here.path is None:
        return ""
    words = [counted(len(here.folders) + here.more, "folder")]
    words.append(f"{counted(here.files, 'file')}, such as {here.examples[0]}" if here.files else "no files")
    if here.more:
        words.append(f"the first {len(here.folders):,} are shown; type the path of another one")
    return " · ".join(words)
