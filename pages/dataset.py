"""Data: import a folder of images, and look at what is there."""

import asyncio

from nicegui import ui
from pydantic import ValidationError

from aistudio.errors import AIStudioError
from aistudio.schema.project import Dataset, ImagePage, ImageRecord, Import, ImportRequest
from aistudio.service import datasets
from aistudio.studio import Studio
from aistudio.ui.dialogs import attempt, confirm
from aistudio.ui.scope import Scope
from aistudio.ui.words import counted
from pages.actor import PAGE
from pages.frame import frame

PAGE_SIZE = 60


def create(studio: Studio) -> None:
    @ui.page("/projects/{pid}/dataset", response_timeout=30)
    async def page(pid: str) -> None:
        if frame(studio, "Data", pid) is not None:
            await DataPage(studio, pid).refresh()


class DataPage:
    def __init__(self, studio: Studio, pid: str) -> None:
        self.studio, self.pid = studio, pid
        self.job: Import | None = None
        self._turn = 0
        self.page, self.label, self.search = 1, None, ""
        with ui.column().classes("page"):
            with ui.row().classes("w-full items-center"):
                ui.label("Data").classes("page-title").props("role=heading aria-level=1")
                self.total = ui.label().classes("muted numbers")
                ui.space()
                self.next = ui.button("Split the images", icon="arrow_forward").props("outline color=primary")
                self.next.on_click(lambda: ui.navigate.to(f"/projects/{pid}/split"))
            self._import_panel()
            self.browser = ui.column().classes("w-full gap-3")
        Scope().follow(studio.manager.subscribe, self._changed)

    def _import_panel(self) -> None:
        with ui.column().classes("panel panel-pad w-full"):
            ui.label("Import from a folder on the server").classes("panel-title").props("role=heading aria-level=2")
            ui.label("One sub-folder for each class, its images inside. JPEG, PNG, WebP, BMP and TIFF.").classes(
                "muted"
            )
            with ui.row().classes("w-full items-start gap-2"):
                self.path = ui.input("Folder", placeholder=str(self.studio.settings.data_root[0] / "images"))
                self.path.classes("flex-1").style("min-width: 260px")
                self.path.on("keydown.enter", self._import, [])
                problems = ImportRequest.model_fields["on_problems"]
                words = {"skip": "Skip and report them", "refuse": "Refuse the import"}
                self.problems = ui.select(words, label="Unreadable images", value=problems.default).classes("w-48")
                self.start = ui.button("Import", icon="download", on_click=self._import).style("height: 40px")
            roots = ", ".join(str(root) for root in self.studio.settings.data_root)
            ui.label(f"Folders below {roots} can be imported.").classes("faint")
            self.progress = ui.column().classes("w-full gap-1")

    async def _import(self) -> None:
        try:
            request = ImportRequest(path=(self.path.value or "").strip().strip("'\""), on_problems=self.problems.value)
        except ValidationError:
            self.path.error = "Give the absolute path of a folder on the server."
            return
        self.path.error = None
        self.progress.clear()
        if not await self._may_replace():
            return
        try:
            self.job = await asyncio.to_thread(datasets.start_import, self.studio, PAGE, self.pid, request)
        except AIStudioError as error:
            self.path.error = str(error)
            return
        self._show_job()

    async def _may_replace(self) -> bool:
        """Asks before another data set takes the place of the one that is shown."""
        present = await asyncio.to_thread(datasets.summary, self.studio, self.pid)
        if not present.images:
            return True
        with self.progress:
            question = f"Replace {counted(present.images, 'image')} by a new version?"
            detail = "Splits and experiments keep the version that they were made with; new splits use the new one."
            return await confirm(question, detail, "Import", danger=False)

    def _changed(self, change: object) -> None:
        if getattr(change, "project", None) == self.pid and getattr(change, "experiment", "") is None:
            ui.timer(0, self._follow, once=True)

    async def _follow(self) -> None:
        if self.job is None:
            await self.refresh()
            return
        self.job = await asyncio.to_thread(datasets.get_import, self.studio, self.pid, self.job.id)
        self._show_job()
        if self.job.status == "done":
            self.page, self.label = 1, None
            await self.refresh()

    def _show_job(self) -> None:
        job = self.job
        self.progress.clear()
        if job is None:
            return
        running = job.status in ("checking", "importing")
        self.start.set_enabled(not running)
        with self.progress:
            if running:
                _running(job, self._cancel)
            elif job.status == "failed":
                with ui.column().classes("failure"):
                    ui.label(job.error or "The import failed.").classes("bad")
            elif job.status == "cancelled":
                ui.label("The import was cancelled; nothing was changed.").classes("muted")
            else:
                _report(job)

    async def _cancel(self) -> None:
        if self.job is not None:
            await attempt(datasets.cancel_import, self.studio, PAGE, self.pid, self.job.id)

    async def refresh(self) -> None:
        summary = await asyncio.to_thread(datasets.summary, self.studio, self.pid)
        self.next.set_enabled(summary.images > 0)
        self.next.set_visibility(summary.images > 0)
        self.total.set_text(
            f"{counted(summary.images, 'image')} in {counted(len(summary.classes), 'class')}" if summary.images else ""
        )
        self.browser.clear()
        if not summary.images:
            with self.browser, ui.column().classes("empty panel"):
                ui.icon("photo_library", size="36px")
                ui.label("No images yet").classes("text-base font-semibold")
                ui.label("Import a folder above; the images are copied into the workspace.")
            return
        with self.browser:
            self._filters(summary)
            self.grid = ui.column().classes("w-full gap-3")
        await self._show_page(summary.version)

    def _filters(self, summary: Dataset) -> None:
        async def change() -> None:
            self.page, self.label, self.search = 1, kind.value or None, search.value or ""
            await self._show_page(summary.version)

        with ui.row().classes("w-full items-center gap-2"):
            options = {"": f"All classes ({summary.images:,})"}
            options |= {name: f"{name} ({count:,})" for name, count in summary.counts.items()}
            kind = ui.select(options, label="Class", value=self.label or "", on_change=change).classes("w-56")
            search = ui.input("Search by name", on_change=change).props("clearable debounce=250").classes("w-56")

    async def _show_page(self, version: int | None) -> None:
        self._turn += 1
        turn = self._turn
        found = await attempt(datasets.images, self.studio, self.pid, self.page, PAGE_SIZE, self.label, self.search)
        if found is None or turn != self._turn:
            return
        self.grid.clear()
        with self.grid:
            if not found.images:
                ui.label("No image fits the filter.").classes("muted")
            with ui.element("div").classes("gallery").props("role=list"):
                for number, image in enumerate(found.images):
                    _picture(self.pid, image, version)
                    if number % 15 == 14:
                        await asyncio.sleep(0)  # in portions, so that others are served meanwhile
                        if turn != self._turn:  # another page was asked for
                            return
            self._pager(found, version)

    def _pager(self, found: ImagePage, version: int | None) -> None:
        pages = -(-found.total // found.page_size)

        async def go(number: int) -> None:
            self.page = number
            await self._show_page(version)

        if pages > 1:
            pager = ui.pagination(
                1, pages, value=found.page, direction_links=True, on_change=lambda e: go(int(e.value))
            )
            pager.props("max-pages=9 boundary-links")


def _picture(pid: str, image: ImageRecord, version: int | None) -> None:
    with ui.element("figure").classes("picture").props("role=listitem") as figure:
        figure.props["title"] = f"{image.name} · {image.width} × {image.height}"
        picture = ui.element("img").props("loading=lazy decoding=async")
        picture.props["src"] = f"/api/projects/{pid}/dataset/images/{image.id}/thumbnail?version={version}"
        picture.props["alt"] = f"{image.label}: {image.name}"
        picture.classes("tiny" if max(image.width, image.height) <= 64 else "")
        with ui.element("figcaption"):
            ui.label(image.label or "").classes("font-semibold cut")
            ui.label(image.name.rsplit("/", 1)[-1]).classes("faint cut")


def _running(job: Import, cancel: object) -> None:
    share = job.done / job.total if job.total else 0
    text = f"{job.done:,} of {job.total:,} images" if job.total else "Looking through the folder"
    ui.linear_progress(share, show_value=False).props("rounded" if job.total else "rounded indeterminate")
    with ui.row().classes("w-full items-center"):
        ui.label(text).classes("muted numbers")
        ui.space()
        ui.button("Cancel", on_click=cancel).props("flat dense color=primary")  # type: ignore[arg-type]


def _report(job: Import) -> None:
    report = job.report
    if report is None:
        return
    ui.label(f"Imported {counted(report.images, 'image')} in {counted(len(report.classes), 'class')}.").classes("good")
    if report.skipped:
        with ui.expansion(f"{counted(report.skipped, 'file')} left out").props("dense").classes("w-full"):
            for problem in report.problems[:200]:
                ui.label(f"{problem.file} {problem.message}").classes("faint")
            if report.skipped > 200:
                ui.label(f"and {report.skipped - 200:,} more").classes("faint")
