"""A chart that is drawn once and follows light and dark; a click on a bar can mean something."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui

from aistudio.ui.live_chart import COLOURS, PLOTLY


class Chart(ui.element, component="chart.js", esm={"nicegui-plotly": str(PLOTLY)}):
    """`traces` and `layout` as Plotly has them, less the colours of text and grid."""

    def __init__(self, label: str, traces: Sequence[dict[str, Any]], height: int, **layout: Any) -> None:
        super().__init__()
        self.classes("chart").style(f"height: {height}px")
        self.props["role"] = "img"
        self.props["aria-label"] = label
        self._props["traces"] = list(traces)
        self._props["layout"] = layout

    def on_pick(self, callback: Callable[[int], Awaitable[None]]) -> None:
        """Called with the place of the bar that was clicked, from 0."""
        self._props["picks"] = True
        self.on("pick", lambda event: callback(int(event.args)))


def bars(names: Sequence[str], counts: Sequence[float]) -> dict[str, Any]:
    """Standing bars with a name each."""
    return {"type": "bar", "x": list(names), "y": list(counts), "marker": {"color": COLOURS[0]}}
