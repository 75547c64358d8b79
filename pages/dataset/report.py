"""The tab of the check report: everything that the import of this version found, with file and line."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.project import Problem
from aistudio.service import datasets
from pages.dataset import words
from pages.dataset.problems import PORTION, Problems

if TYPE_CHECKING:
    from pages.dataset.page import DataPage


class ReportTab:
    def __init__(self, page: "DataPage") -> None:
        self._page = page
        self._version: int | None = None
        self._box = ui.column().classes("panel panel-pad w-full")

    def forget(self) -> None:
        self._version = None

    async def show(self) -> None:
        version = self._page.summary.version
        if self._version == version:
            return
        self._version = version
        studio, pid = self._page.studio, self._page.project.id
        found = await asyncio.to_thread(datasets.problem_kinds, studio, pid, version)
        if version != self._version:
            return  # another version is looked at by now
        self._box.clear()
        with self._box:
            if not found.kinds:
                ui.label("The import found nothing that is worth telling.").classes("good")
                return
            with ui.row().classes("w-full items-center"):
                title = ui.label(words.remarks(sum(one.count for one in found.kinds))).classes("panel-title")
                title.props("role=heading aria-level=2")
                ui.space()
                address = f"/api/projects/{pid}/dataset/problems.csv?version={version}"
                ui.link("Download as CSV", address).classes("chart-csv").props("download")
            ui.label(
                "What was left out is not in the data set; what was changed or noted is. "
                "The files themselves were not touched."
            ).classes("muted")
            Problems(found.kinds, partial(self._load, version), self._page.pick_problem)

    async def _load(self, version: int | None, kind: str, page: int) -> list[Problem]:
        studio, pid = self._page.studio, self._page.project.id
        return (await asyncio.to_thread(datasets.problems, studio, pid, page, PORTION, kind, version)).problems
