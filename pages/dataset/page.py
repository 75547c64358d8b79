"""The Data page as a whole: what is there, imports under way, and three ways to look at it."""

import asyncio
from dataclasses import replace

from nicegui import background_tasks, ui

from aistudio.errors import Damaged, NotFound
from aistudio.jobs.manager import Change
from aistudio.schema.project import Dataset, Project
from aistudio.service import datasets
from aistudio.studio import Studio
from aistudio.ui.scope import Scope
from pages.dataset import words
from pages.dataset.browse import Browse
from pages.dataset.importing import ImportPanel
from pages.dataset.report import ReportTab
from pages.dataset.statistics import StatisticsTab
from pages.dataset.versions import Versions
from pages.dataset.view import View

TITLES = {"images": "Images", "statistics": "Statistics", "report": "Check report"}


class DataPage:
    """What is looked at stands in the address; everything else is read from the studio."""

    def __init__(self, studio: Studio, project: Project, view: View) -> None:
        self.studio = studio
        self.project = project
        self.view = view
        self.summary = Dataset(status="empty")
        self._client = ui.context.client
        self._following = self._stale = False
        self._turn = 0
        self.dialogs = ui.element("div")
        with ui.column().classes("page page-wide"):
            with ui.row().classes("w-full items-center gap-3"):
                ui.label("Data").classes("page-title").props("role=heading aria-level=1")
                self._facts = ui.label().classes("muted numbers").style("flex: 1 1 200px; min-width: 0")
                self.versions = Versions(self)
                self._open = ui.button("Import images", icon="download", on_click=self._toggle).props(
                    "outline color=primary"
                )
                self._next = ui.button("Split the images", icon="arrow_forward").props("color=primary")
                self._next.on_click(lambda: ui.navigate.to(f"/projects/{project.id}/split"))
            self.versions.draw_note()
            self.panel = ImportPanel(self)
            with ui.column().classes("w-full gap-3") as self._body:
                with ui.tabs(on_change=lambda event: self._turn_to(str(event.value))) as self._tabs:
                    self._tabs.props("dense no-caps narrow-indicator align=left").classes("result-tabs")
                    self._tab = {key: ui.tab(key, label=title) for key, title in TITLES.items()}
                self._tabs.set_value(view.tab)
                with ui.tab_panels(self._tabs, value=view.tab, animated=False, keep_alive=True).classes(
                    "result-panels"
                ):
                    with ui.tab_panel("images").classes("p-0 gap-3"):
                        self.browse = Browse(self)
                    with ui.tab_panel("statistics").classes("p-0"):
                        self._statistics = StatisticsTab(self)
                    with ui.tab_panel("report").classes("p-0"):
                        self._report = ReportTab(self)
        self._scope = Scope()
        self._scope.follow(studio.manager.subscribe, self._changed)

    async def start(self) -> None:
        await self.panel.start()
        await self.refresh()

    async def refresh(self) -> None:
        """Another version may have come."""
        self._turn += 1
        turn, damage = self._turn, ""
        await self.versions.read()
        if turn != self._turn:
            return  # whoever asked later reads all of it
        self.versions.draw()
        earlier = self.view.version
        try:
            summary = await asyncio.to_thread(datasets.summary, self.studio, self.project.id, earlier)
        except (Damaged, NotFound) as error:  # another import is the way out
            summary, damage = Dataset(status="empty"), str(error)
        if turn != self._turn:
            return
        before, self.summary = self.summary.version, summary
        there = summary.status == "ready"
        self._facts.set_text(words.facts(summary) if there else damage)
        self._facts.classes(add="bad" if damage else "", remove="" if damage else "bad")
        self._body.set_visibility(there)
        self._open.set_visibility(there and earlier is None)
        self._next.set_visibility(there and earlier is None)
        self.panel.set_first(not there and earlier is None)
        self.panel.progress.look_at(earlier is None)
        told = sum(summary.problems.values())
        self._tab["report"].props["label"] = f"Check report ({told:,})" if told else "Check report"
        if there and summary.version != before:
            self._statistics.forget()
            self._report.forget()
            await self.browse.start()
        await self._draw_tab()

    async def look(self, view: View, push: bool = True) -> None:
        """Filters, order, page or image have changed."""
        self.view = view
        (ui.navigate.history.push if push else ui.navigate.history.replace)(self.address(view))
        await self.browse.show()

    async def turn_to_version(self, view: View) -> None:
        """Another version of the images, without the filters, which were of the last one."""
        self.view = view
        ui.navigate.history.push(self.address(view))
        await self.refresh()

    async def pick_class(self, label: str) -> None:
        """A bar of the statistics was clicked: the images behind it."""
        self._tabs.set_value("images")
        await self.look(self.view.anew(label=label))

    def let_import(self, free: bool) -> None:
        """One at a time; the one under way is in sight."""
        self._open.set_enabled(free)

    def open_report(self) -> None:
        self._tabs.set_value("report")

    async def pick_problem(self, kind: str) -> None:
        self._tabs.set_value("images")
        await self.look(self.view.anew(problem=kind))

    def address(self, view: View) -> str:
        return f"/projects/{self.project.id}/dataset{view.query()}"

    async def _turn_to(self, tab: str) -> None:
        if tab != self.view.tab:
            self.view = replace(self.view, tab=tab)
            ui.navigate.history.replace(self.address(self.view))
        await self._draw_tab()

    async def _draw_tab(self) -> None:
        if self.summary.status != "ready":
            return
        if self.view.tab == "statistics":
            await self._statistics.show()
        if self.view.tab == "report":
            await self._report.show()

    def _toggle(self) -> None:
        self.panel.toggle()

    def _changed(self, change: Change) -> None:
        """Imports report several times a second; one task at a time reads what is new."""
        if change.project != self.project.id or change.experiment is not None:
            return
        self._stale = True
        if not self._following:
            self._following = True
            background_tasks.create(self._follow(), name="follow imports")

    async def _follow(self) -> None:
        try:
            while self._stale and not self._scope.is_deleted:
                self._stale = False
                with self._client:
                    if await self.panel.follow():
                        await self.refresh()
        finally:
            self._following = False
