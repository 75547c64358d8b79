"""Where images come from: a folder of the server, a zip file, or a drawn sample; and how they are read."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from nicegui import app, ui

from aistudio.errors import AIStudioError
from aistudio.schema.annotation import NAMES
from aistudio.schema.project import (
    UNDER_WAY,
    Finding,
    Import,
    ImportOptions,
    ImportRequest,
    OnProblems,
    Project,
    Storage,
)
from aistudio.service import datasets
from aistudio.tasks import task
from aistudio.ui.dialogs import attempt, complain
from aistudio.ui.zip_upload import ZipUpload
from pages.actor import PAGE
from pages.dataset.picker import pick_folder
from pages.dataset.progress import Progress

if TYPE_CHECKING:
    from pages.dataset.page import DataPage

SOURCES = {"folder": "Folder on the server", "zip": "Upload a zip file", "sample": "Sample data"}
PROBLEMS: dict[OnProblems, str] = {
    "ask": "Show me before anything is kept",
    "skip": "Leave out what is bad, and report it",
    "refuse": "Import all or nothing",
}
STORAGES: dict[Storage, str] = {"copy": "Copy into the workspace", "reference": "Leave where they are"}
AUTO = "Find out"
NEWS = timedelta(hours=12)
KEPT = (
    "What is there now is kept as an earlier version: splits and experiments stay with it, "
    "and new splits are made of the new version."
)


class ImportPanel:
    """The form, and below it the import under way or the one that ended last while somebody looked."""

    def __init__(self, page: "DataPage") -> None:
        self.page = page
        self.studio, self.pid = page.studio, page.project.id
        self._first = False
        self._wanted = self._beginning = False
        self._looked_at = ""
        self._told: dict[str, str] = app.storage.user.setdefault("imports_told", {})
        with ui.column().classes("panel panel-pad w-full") as self._panel:
            with ui.row().classes("w-full items-center"):
                self._title = ui.label().classes("panel-title").props("role=heading aria-level=2")
                ui.space()
                self._close = ui.button(icon="close", on_click=self.toggle).props("flat round dense color=grey-6")
                self._close.props["aria-label"] = "Close"
            ui.label(_formats(page.project)).classes("muted")
            self._kept = ui.label(KEPT).classes("muted")
            self._form()
        self.progress = Progress(self)
        self._panel.set_visibility(False)

    def _form(self) -> None:
        with ui.column().classes("w-full gap-3") as self._fields:
            self._source = ui.toggle(SOURCES, value="folder").props("dense no-caps unelevated toggle-color=primary")
            self._source.props["aria-label"] = "Where the images come from"
            self._source.classes("import-source")
            with ui.column().classes("w-full gap-2").bind_visibility_from(self._source, "value", value="folder"):
                self._folder()
            with ui.column().classes("w-full gap-2").bind_visibility_from(self._source, "value", value="zip"):
                address = f"/api/projects/{self.pid}/dataset/upload"
                self._upload = ZipUpload(address, self.studio.settings.max_upload, self._sent)
            with ui.column().classes("w-full gap-2").bind_visibility_from(self._source, "value", value="sample"):
                self._sample()
            with ui.element("div").classes("fields import-fields") as options:
                formats = {"auto": AUTO} | {one.format: one.title for one in _fitting(self.page.project)}
                self._format = ui.select(formats, label="Format", value="auto", on_change=self._tell_upload)
                self._problems = ui.select(
                    PROBLEMS, label="If something is wrong", value="ask", on_change=self._tell_upload
                )
                self._storage = ui.select(STORAGES, label="Images", value="copy")
                self._storage.bind_visibility_from(self._source, "value", value="folder")
            options.bind_visibility_from(self._source, "value", lambda source: source != "sample")
            self._found = ui.label().classes("muted").props("role=status")
            self._found.bind_visibility_from(self._source, "value", value="folder")
        self._tell_upload()

    def _folder(self) -> None:
        with ui.row().classes("w-full items-start gap-2"):
            self._path = ui.input("Folder", placeholder=str(self.studio.settings.data_root[0] / "images"))
            self._path.classes("flex-1").style("min-width: 220px")
            self._path.on("keydown.enter", self._import, [])
            self._path.on("blur", self._detect, [])
            ui.button("Browse", icon="folder_open", on_click=self._browse).props("outline color=primary").style(
                "height: 40px"
            )
            self._start = ui.button("Import", icon="download", on_click=self._import).style("height: 40px")
        roots = ", ".join(str(root) for root in self.studio.settings.data_root)
        ui.label(f"Folders below {roots} can be imported.").classes("faint")

    def _sample(self) -> None:
        ui.label("Made on this machine in a few seconds, the same each time.").classes("muted")
        with ui.row().classes("gap-2"):
            for key, title in (("digits", "1,797 handwritten digits"), ("shapes", "Drawn shapes")):
                ui.button(title, on_click=lambda key=key: self._import_sample(key)).props("outline color=primary")

    async def start(self) -> None:
        """Takes up what is under way, and tells how the last one ended if nobody in this browser was told yet."""
        found = await asyncio.to_thread(datasets.all_imports, self.studio, self.pid)
        job = next((one for one in found if one.status in UNDER_WAY), found[0] if found else None)
        if job is not None and (job.status in UNDER_WAY or self._is_news(job)):
            self._looked_at = job.id if job.status in UNDER_WAY else ""
            self._tell(job)
        self._draw()

    def _is_news(self, job: Import) -> bool:
        recent = job.ended_at is not None and datetime.now(UTC) - job.ended_at < NEWS
        return recent and self._told.get(self.pid) != job.id

    def _tell(self, job: Import) -> None:
        self.progress.show(job)
        if job.status not in UNDER_WAY:
            self._told[self.pid] = job.id

    def set_first(self, first: bool) -> None:
        """Without any images the form is what the page is about."""
        self._first = first
        self._draw()

    def toggle(self) -> None:
        self._wanted = not self._wanted
        self._draw()

    async def again(self, job: Import, format: str | None = None) -> None:
        """The same import once more, perhaps in another format; a zip file has to be sent again."""
        await self._once(lambda: self._again(job, format))

    async def _again(self, job: Import, format: str | None) -> None:
        if job.status in UNDER_WAY:
            await attempt(datasets.cancel_import, self.studio, PAGE, self.pid, job.id)
        self._wanted = True
        if format is not None:
            self._format.set_value(format)
        self._draw()
        if job.source is None:
            self._source.set_value("zip")
            ui.notify("Choose the zip file again; the server has not kept it.", type="info")
            return
        self._source.set_value("folder")
        self._path.set_value(job.source)
        self._storage.set_value(job.storage)
        await self._import_folder()

    async def _once(self, begin: Callable[[], Awaitable[None]]) -> None:
        """A second Enter or click may be on its way already, and would be another import."""
        if self._beginning:
            return
        self._beginning = True
        self._draw()
        try:
            await begin()
        finally:
            self._beginning = False
            self._draw()

    def _draw(self) -> None:
        busy = self.progress.under_way
        self._panel.set_visibility((self._first or self._wanted) and not busy)
        self._close.set_visibility(not self._first)
        self._kept.set_visibility(not self._first)
        self._title.set_text("Import images" if self._first else "Import a new version")
        self._start.set_enabled(not busy and not self._beginning)
        self.page.let_import(not busy)

    async def follow(self) -> bool:
        """Draws what is new; True if an import has just ended well."""
        if not self._looked_at:
            await self.start()
        if not self._looked_at:
            return True  # another page's, which has ended before it was seen
        job = await attempt(datasets.get_import, self.studio, self.pid, self._looked_at)
        if job is None:
            return False
        self._tell(job)
        if job.status not in UNDER_WAY:
            self._looked_at = ""
            self._wanted = job.status in ("failed", "cancelled") and self._wanted
        self._draw()
        return job.status == "done"

    def begun(self, job: Import) -> None:
        self._looked_at = job.id
        self.progress.show(job)
        self._draw()

    async def _browse(self) -> None:
        with self.page.dialogs:
            chosen = await pick_folder(self.studio, self._given())
        if chosen is not None:
            self._path.set_value(chosen)
            self._path.error = None
            await self._detect()

    def _given(self) -> str:
        return (self._path.value or "").strip().strip("'\"")

    async def _detect(self) -> None:
        """Says what the folder looks like, before anything is started."""
        path = self._given()
        self._found.set_text("")
        if not path:
            return
        try:
            found = await asyncio.to_thread(datasets.detect, self.studio, self.pid, path)
        except (AIStudioError, OSError):
            return  # told when the import is asked for
        if path == self._given():
            self._found.set_text(_told(found))

    async def _import(self) -> None:
        if not self.progress.under_way:
            await self._once(self._import_folder)

    async def _import_folder(self) -> None:
        path = self._given()
        if not path:
            self._path.error = "Give the full path of a folder on the server."
            return
        self._path.error = None
        request = ImportRequest(
            path=path,
            format=str(self._format.value),
            on_problems=cast(OnProblems, self._problems.value),
            storage=cast(Storage, self._storage.value),
        )
        try:
            self.begun(await asyncio.to_thread(datasets.start_import, self.studio, PAGE, self.pid, request))
        except AIStudioError as error:
            self._path.error = str(error)
        except OSError as error:
            complain(error)

    async def _import_sample(self, sample: str) -> None:
        if not self.progress.under_way:
            await self._once(lambda: self._draw_sample(sample))

    async def _draw_sample(self, sample: str) -> None:
        job = await attempt(datasets.start_sample, self.studio, PAGE, self.pid, sample)
        if job is not None:
            self.begun(job)

    async def _sent(self, iid: str) -> None:
        job = await attempt(datasets.get_import, self.studio, self.pid, iid)
        if job is not None:
            self.begun(job)

    def _tell_upload(self) -> None:
        options = ImportOptions(format=str(self._format.value), on_problems=cast(OnProblems, self._problems.value))
        self._upload.ask(format=options.format, on_problems=options.on_problems)


def _fitting(project: Project) -> list[Finding]:
    """The formats that bring what the project needs."""
    return [one for one in datasets.all_formats() if task(project.task).annotation in one.kinds]


def _formats(project: Project) -> str:
    """What the project needs, and in what shape it can come."""
    titles = [one.title for one in _fitting(project)]
    kind = task(project.task).annotation
    return f"The project needs {NAMES[kind]}. It can come as {', '.join(titles[:-1])} or {titles[-1]}."


def _told(found: list[Finding]) -> str:
    if not found:
        return "No known format was found here. Choose one to have it read so, and be told what is missing."
    others = ", ".join(one.title for one in found[1:4])
    return f"Looks like {found[0].title}: {found[0].reason}." + (f" It could also be {others}." if others else "")
