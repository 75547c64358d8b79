"""A line chart that grows: points are appended in the browser, and a zoom by hand stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nicegui.elements.plotly
from nicegui import ui

PLOTLY = Path(nicegui.elements.plotly.__file__).parent / "dist"
MODULES = {"nicegui-plotly": str(PLOTLY), "aistudio-chart-keys": str(Path(__file__).parent / "chart_keys")}
COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#a855f7", "#ef4444", "#14b8a6")

Place = tuple[float | None, ...]  # where a point stands on each of the axes to choose from


@dataclass(frozen=True)
class Line:
    """`faint` is for what is noisy and only the background of another line."""

    name: str
    colour: str
    faint: bool = False
    markers: bool = False


@dataclass(frozen=True)
class Axis:
    """One of the x axes to choose from; `unit` is "seconds" where ticks are durations."""

    title: str
    unit: str = ""


class LiveChart(ui.element, component="live_chart.js", esm=MODULES):
    """Each line counts its points; the browser asks again from where it has a gap, and ignores what it has.

    A point has a place on each of the `axes`, so that the browser can change from one to another by itself. `ticks`
    is how y values read: "percent", "number", "amount" (from zero) or "rate" (from zero, 1e-7).
    """

    def __init__(self, label: str, lines: Sequence[Line], axes: Sequence[Axis], ticks: str = "number") -> None:
        super().__init__()
        self.classes("live-chart")
        self.props["role"] = "img"
        self.props["aria-label"] = label
        self.props["aria-description"] = "The arrow keys read its values, plus and minus zoom, 0 shows all."
        self.props["tabindex"] = 0
        self._places: list[list[Place]] = [[] for _ in lines]
        self._ys: list[list[float | None]] = [[] for _ in lines]
        self._marks: dict[str, Any] = {}
        self._view: dict[str, Any] = {"axis": 0, "smoothing": 0.0, "logarithmic": False}
        self._props["lines"] = [_trace(line) for line in lines]
        self._props["axes"] = [{"title": axis.title, "unit": axis.unit} for axis in axes]
        self._props["options"] = {"label": label, "ticks": ticks}
        self._props["view"] = dict(self._view)
        self.on("ready", lambda _: self.run_method("mark", self._marks) if self._marks else None)
        self.on("need", lambda event: self._send(int(event.args[0]), int(event.args[1])))

    @property
    def empty(self) -> bool:
        return not any(self._ys)

    def extend(self, line: int, places: Sequence[Place], ys: Sequence[float | None]) -> None:
        start = len(self._ys[line])
        self._places[line] += places
        self._ys[line] += ys
        if ys:
            self._send(line, start)

    def restart(self) -> None:
        """Starts anew, without any points."""
        for line in range(len(self._ys)):
            self.replace(line, [], [])
        self.annotate([])

    def show_all(self) -> None:
        """Gives up a zoom, which was into something else."""
        self.run_method("all")

    def replace(self, line: int, places: Sequence[Place], ys: Sequence[float | None]) -> None:
        """Other points altogether."""
        self._places[line], self._ys[line] = list(places), list(ys)
        self.run_method("restart", line)
        self._send(line, 0)

    def show(self, axis: int | None = None, smoothing: float | None = None, logarithmic: bool | None = None) -> None:
        """Changes how it is looked at: which x axis, how smooth (0 to below 1), y on a logarithmic scale."""
        given = {"axis": axis, "smoothing": smoothing, "logarithmic": logarithmic}
        self._view |= {name: value for name, value in given.items() if value is not None}
        self._props["view"] = dict(self._view)
        self.run_method("show", self._view)

    @property
    def logarithmic(self) -> bool:
        return bool(self._view["logarithmic"])

    def annotate(self, notes: Sequence[tuple[Place, str]], band: tuple[Place, Place] | None = None) -> None:
        """Dotted vertical lines with a word each, and a shaded part of the x axis; given anew each time."""
        marks = {"notes": [[list(place), text] for place, text in notes], "band": band}
        if marks != self._marks:
            self._marks = marks
            self.run_method("mark", marks)

    def download(self, name: str) -> None:
        """Saves the chart as it is looked at as `name`.png."""
        self.run_method("download", name)

    def _send(self, line: int, start: int) -> None:
        columns = [list(column) for column in zip(*self._places[line][start:], strict=True)]
        self.run_method("append", line, start, columns, self._ys[line][start:])


def _trace(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "mode": "lines+markers" if line.markers else "lines",
        "line": {"color": line.colour, "width": 1 if line.faint else 2},
        "marker": {"size": 5},
        "faint": line.faint,
    }
