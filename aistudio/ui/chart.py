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

    def on_pick(self, callback: Callable[[str], Awaitable[None]]) -> None:
        """Called with the name of the bar that was clicked."""
        self._props["picks"] = True
        self.on("pick", lambda event: callback(str(event.args)))


def bars(
    names: Sequence[str], counts: Sequence[float], lying: bool = False, colour: str = COLOURS[0]
) -> dict[str, Any]:
    """Bars with a name each; `lying` ones go from left to right, the first on top."""
    ends = {"x": list(counts), "y": list(names)} if lying else {"x": list(names), "y": list(counts)}
    return {"type": "bar", "orientation": "h" if lying else "v", "marker": {"color": colour}, **ends}
