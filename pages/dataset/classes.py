"""How frequent each class is: as bars, and as a table that the keyboard can go through. Both lead to the images."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from html import escape
from typing import Any

from nicegui import ui

from aistudio.schema.statistics import ClassCount
from aistudio.ui.chart import Chart
from aistudio.ui.live_chart import COLOURS
from aistudio.ui.words import percent

MOST = 200
LONGEST = 24  # characters of a name beside its bar

Pick = Callable[[str], Awaitable[None]]


def balance(classes: Sequence[ClassCount]) -> str:
    counts = [_weight(one) for one in classes if _weight(one) > 0]
    if len(counts) < 2:
        return ""
    ratio = max(counts) / min(counts)
    if ratio < 1.5:
        return "The classes are about equally frequent."
    most = max(classes, key=_weight).name
    return f"{most} is {ratio:,.{0 if ratio >= 10 else 1}f} times as frequent as the rarest class."


def draw(classes: Sequence[ClassCount], pick: Pick) -> None:
    """The most frequent ones, on top the most frequent of all."""
    shown = sorted(classes, key=lambda one: -_weight(one))[:MOST]
    with ui.element("div").classes("statistics-scroll"):
        _chart(shown, pick)
    with ui.expansion("As a table").props("dense").classes("w-full") as fold:
        place = ui.element("div").classes("statistics-scroll")

    def opened() -> None:
        if fold.value and not place.default_slot.children:
            with place:
                _table(shown, pick)

    fold.on_value_change(opened)


def _chart(shown: Sequence[ClassCount], pick: Pick) -> None:
    names = [escape(_short(one.name), quote=False) for one in shown]  # Plotly takes tags in texts for what they are
    if _has_shares(shown):
        traces = [_bars("Share of the pixels", [one.share or 0 for one in shown], COLOURS[0], shown)]
    else:
        traces = [_bars("Images", [one.images for one in shown], COLOURS[0], shown)]
        if _has_several(shown):
            traces.append(_bars("Objects", [one.objects for one in shown], COLOURS[1], shown))
    several = len(traces) > 1
    places = list(range(len(names)))
    layout: dict[str, Any] = {
        "yaxis": {"range": [len(names) - 0.5, -0.5], "tickvals": places, "ticktext": names},
        "xaxis": {"tickformat": ".2~%" if _has_shares(shown) else ",d"},
        "margin": {"l": min(180, max(40, 14 + 6 * max(map(len, names)))), "t": 24 if several else 8, "b": 30, "r": 16},
        "showlegend": several,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
    }
    height = max(120, len(names) * (30 if several else 22) + 60)
    chart = Chart("Class distribution", traces, height, **layout)
    chart.on_pick(lambda place: pick(shown[place].name))


def _bars(title: str, counts: Sequence[float], colour: str, shown: Sequence[ClassCount]) -> dict[str, Any]:
    shares = title.startswith("Share")
    return {
        "type": "bar",
        "orientation": "h",
        "name": title,
        "x": list(counts),
        "y": list(range(len(counts))),
        "text": [escape(one.name, quote=False) for one in shown],
        "textposition": "none",
        "customdata": [percent(count) if shares else f"{count:,}" for count in counts],
        "hovertemplate": "%{text}: %{customdata}<extra></extra>",
        "marker": {"color": colour},
    }


def _table(shown: Sequence[ClassCount], pick: Pick) -> None:
    shares, several = _has_shares(shown), _has_several(shown)
    heads = ["Class", "Images", *(["Objects"] if several else []), *(["Pixels"] if shares else [])]
    with ui.element("table").classes("plain-table").props("aria-label=Classes"):
        with ui.element("thead"), ui.element("tr"):
            for head in heads:
                with ui.element("th"):
                    ui.label(head)
        with ui.element("tbody"):
            for one in shown:
                cells = [f"{one.images:,}", *([f"{one.objects:,}"] if several else [])]
                with ui.element("tr"):
                    with ui.element("td"):
                        button = ui.element("button").props("type=button").classes("link-button")
                        button.on("click", partial(pick, one.name), [])
                        with button:
                            ui.label(one.name)
                    for cell in [*cells, *([percent(one.share)] if shares else [])]:
                        with ui.element("td"):
                            ui.label(cell)


def _weight(one: ClassCount) -> float:
    return one.share if one.share is not None else one.objects


def _has_shares(shown: Sequence[ClassCount]) -> bool:
    return any(one.share is not None for one in shown)


def _has_several(shown: Sequence[ClassCount]) -> bool:
    return not _has_shares(shown) and any(one.objects != one.images for one in shown)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
