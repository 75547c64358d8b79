"""The system tab: what a run takes of the machine, over its time."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import Experiment
from aistudio.schema.system import GpuSample, SystemCurves
from aistudio.service.system import system
from aistudio.ui.live_chart import COLOURS, Axis, Line, LiveChart
from aistudio.ui.words import size
from pages.training.charts import legend

if TYPE_CHECKING:
    from pages.training.page import TrainingPage

AXES = (Axis("Time", unit="seconds"),)
GB = 1e9  # as everywhere else on the pages
CARDS = (
    ("utilization", "GPU use", "%", 1.0),
    ("memory_used", "GPU memory", "GB", GB),
    ("temperature", "GPU temperature", "°C", 1.0),
    ("power", "GPU power", "W", 1.0),
)


class MachineTab:
    """Charts are made once it is known which GPUs the run holds."""

    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._eid: str | None = None
        self._turn = 0  # how often it was begun: what is read for an earlier one is not drawn
        self._cursor = 0
        self._columns: list[str] = []
        self._curves: list[_Curve] = []
        self._empty = ui.label("No samples yet.").classes("faint")
        self._box = ui.column().classes("w-full gap-3")

    def begin(self, experiment: Experiment) -> None:
        self._eid = experiment.id
        self._turn += 1
        self._forget()

    def _forget(self) -> None:
        self._cursor, self._columns, self._curves = 0, [], []
        self._box.clear()
        self._empty.set_visibility(True)

    async def update(self) -> None:
        eid, turn = self._eid, self._turn
        if eid is None:
            return
        found = await self._ask(eid, self._cursor)
        if turn == self._turn and self._cursor and (found.since != self._cursor or found.columns != self._columns):
            self._forget()  # the run began anew, or a GPU joined
            found = await self._ask(eid, 0)
        if turn != self._turn or not found.rows or self._box.is_deleted:
            return
        if not self._columns:
            self._draw(found)
        self._cursor = found.cursor
        for curve in self._curves:
            curve.extend(found)

    async def _ask(self, eid: str, since: int) -> SystemCurves:
        studio, pid = self._page.studio, self._page.project.id
        return await asyncio.to_thread(system, studio, pid, eid, 2000, since)

    def _draw(self, found: SystemCurves) -> None:
        self._columns = found.columns
        self._empty.set_visibility(False)
        with self._box:
            for name, title, unit, scale in CARDS:
                columns = [f"{gpu.id} {name}" for gpu in found.gpus]
                if columns:
                    self._curves.append(_Curve(f"{title} ({unit})", columns, _names(found.gpus), scale))
            self._curves.append(_Curve("CPU use (%)", ["cpu_percent"], ["all cores"], 1.0))
            memory = f"Memory (of {size(found.memory_total or 0)})"
            self._curves.append(_Curve(memory, ["memory_used", "worker_memory"], ["machine", "this run"], GB))
            if not found.gpus:
                ui.label("The run holds no GPU.").classes("faint")


def _names(gpus: list[GpuSample]) -> list[str]:
    return [f"GPU {gpu.id.split(':')[1]}, {gpu.name}" for gpu in gpus]


class _Curve:
    """One chart: a line for each of its columns."""

    def __init__(self, title: str, columns: list[str], names: list[str], scale: float) -> None:
        self._columns = columns
        self._scale = scale
        lines = [Line(name, COLOURS[number % len(COLOURS)]) for number, name in enumerate(names)]
        with ui.column().classes("w-full gap-1 system-chart"):
            with ui.row().classes("chart-head"):
                ui.label(title).classes("section-title").props("role=heading aria-level=3")
                with ui.row().classes("gap-3"):
                    for line in lines:
                        legend(line)
            self._chart = LiveChart(f"{title} chart", lines, AXES, ticks="amount")

    def extend(self, found: SystemCurves) -> None:
        value = _reader(found.columns)
        times = [(value(row, "time"),) for row in found.rows]
        for line, column in enumerate(self._columns):
            values = [value(row, column) for row in found.rows]
            self._chart.extend(line, times, [None if one is None else one / self._scale for one in values])


def _reader(columns: list[str]) -> Callable[[list[float | None], str], float | None]:
    places = {name: place for place, name in enumerate(columns)}
    return lambda row, name: row[places[name]]
