"""The console tab: what the worker prints, while it prints it."""

import asyncio
from typing import TYPE_CHECKING

from aistudio.schema.console import Line
from aistudio.schema.experiment import Experiment
from aistudio.service.console import console
from aistudio.ui.line_log import LineLog

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


class ConsoleTab:
    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._eid: str | None = None
        self._cursor: str | None = None
        self._turn = 0  # how often it was begun: what is read for an earlier one is not added
        self._log = LineLog("Console")

    def begin(self, experiment: Experiment) -> None:
        """Another experiment, from its first line."""
        self._eid, self._cursor = experiment.id, None
        self._turn += 1
        self._log.add([], None, reset=True)
        base = f"/api/projects/{self._page.project.id}/experiments/{experiment.id}"
        self._log.set_download(f"{base}/log?download=1")

    async def update(self) -> None:
        eid, turn = self._eid, self._turn
        if eid is None:
            return
        said = await asyncio.to_thread(console, self._page.studio, self._page.project.id, eid, self._cursor)
        if turn != self._turn or said.cursor == self._cursor or self._log.is_deleted:
            return
        self._cursor = said.cursor
        unfinished = _pair(said.unfinished) if said.unfinished else None
        self._log.add([_pair(line) for line in said.lines], unfinished, said.reset)


def _pair(line: Line) -> tuple[str, str]:
    return line.level, line.text
