"""A line chart that grows: points are appended in the browser, and a zoom by hand stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nicegui.elements.plotly
from nicegui import ui

PLOTLY = Path(nicegui.elements.plotly.__file__).parent / "dist"
COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#a855f7", "#ef4444", "#14b8a6")


@dataclass(frozen=True)
class Line:
    """`faint` is for what is noisy and only the background of another line."""

    name: str
    colour: str
    faint: bool = False
    markers: bool = False


class LiveChart(ui.element, component="live_chart.js", esm={"nicegui-plotly": str(PLOTLY)}):
    """Each line counts its points; the browser asks again from where it has a gap, and ignores what it has."""

    def __init__(
        self, label: str, lines: Sequence[Line], x_title: str, percent: bool = False, logarithmic: bool = False
    ) -> None:
        super().__init__()
        self.classes("live-chart")
        self.props["role"] = "img"
        self.props["aria-label"] = label
        self._xs: list[list[float]] = [[] for _ in lines]
        self._ys: list[list[float | None]] = [[] for _ in lines]
        self._props["lines"] = [_trace(line) for line in lines]
        self._props["options"] = {"x_title": x_title, "percent": percent, "logarithmic": logarithmic}
        self.on("need", lambda event: self._send(int(event.args[0]), int(event.args[1])))

    @property
    def empty(self) -> bool:
        return not any(self._xs)

    def extend(self, line: int, xs: Sequence[float], ys: Sequence[float | None]) -> None:
        start = len(self._xs[line])
        self._xs[line] += xs
        self._ys[line] += ys
        if xs:
            self._send(line, start)

    def mark_best(self, x: float | None, text: str) -> None:
        """A vertical line at the best epoch; None takes it away."""
        self.run_method("mark", x, text)
        self._props["marked"] = [x, text] if x is not None else None

    def _send(self, line: int, start: int) -> None:
        self.run_method("append", line, start, self._xs[line][start:], self._ys[line][start:])


def _trace(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "mode": "lines+markers" if line.markers else "lines",
        "line": {"color": line.colour, "width": 1 if line.faint else 2},
        "marker": {"size": 5},
        "opacity": 0.45 if line.faint else 1,
    }
