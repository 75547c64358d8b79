"""The data set as a whole: classes, sizes, shapes, objects, numbers, and how it is split."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.schema.statistics import Bar, ClassCount, Spread, Statistics
from aistudio.service import datasets
from aistudio.store.statistics import MOST_OBJECTS
from aistudio.ui.chart import Chart, bars
from aistudio.ui.dialogs import attempt
from aistudio.ui.live_chart import COLOURS
from aistudio.ui.words import counted, size
from pages.dataset import classes
from pages.dataset.words import SUBSETS

if TYPE_CHECKING:
    from pages.dataset.page import DataPage

HEIGHT = 220


class StatisticsTab:
    """Counted when somebody looks, once for each version."""

    def __init__(self, page: "DataPage") -> None:
        self._page = page
        self._version: int | None = None
        self._box = ui.element("div").classes("statistics")

    def forget(self) -> None:
        self._version = None

    async def show(self) -> None:
        version = self._page.summary.version
        if self._version == version:
            return
        self._version = version
        self._box.clear()
        with self._box:
            ui.spinner(size="28px").props("aria-label=Counting")
        found = await attempt(datasets.statistics, self._page.studio, self._page.project.id, version)
        if version != self._version:
            return  # another version is looked at by now
        self._box.clear()
        if found is None:
            self._version = None  # whoever looks again asks again
            return
        with self._box:
            self._tiles(found)
            if found.classes:
                self._classes(found.classes)
            for target in found.targets:
                _panel(target.name, _spread_words(target), partial(_histogram, target.name, target.bars))
            self._shapes(found)

    def _tiles(self, found: Statistics) -> None:
        summary = self._page.summary
        tiles = [("Images", f"{found.images:,}"), ("On disk", size(found.bytes))]
        if summary.classes:
            tiles.append(("Classes", f"{len(summary.classes):,}"))
        if found.objects:
            tiles.append(("Objects", f"{sum(summary.objects.values()):,}"))
        if found.distinct_sizes == 1:
            tiles.append(("All in pixels", f"{found.sizes[0].width:,} × {found.sizes[0].height:,}"))
        else:
            tiles.append(("Different sizes", f"{found.distinct_sizes:,}"))
        tiles.append(("Look like another", f"{found.twins:,}"))
        tiles += [
            (f"Source: {title}", f"{found.subsets[key]:,}") for key, title in SUBSETS.items() if key in found.subsets
        ]
        with ui.element("div").classes("tiles statistics-all"):
            for name, value in tiles:
                with ui.column().classes("tile panel"):
                    ui.label(name).classes("tile-name")
                    ui.label(value).classes("tile-value")

    def _classes(self, found: Sequence[ClassCount]) -> None:
        about = classes.balance(found)
        if len(found) > classes.MOST:
            about += f" The {classes.MOST} most frequent of {len(found):,} are shown."
        draw = partial(classes.draw, found, self._page.pick_class)
        _panel("Class distribution", f"{about} Click a bar to see its images.", draw)

    def _shapes(self, found: Statistics) -> None:
        if found.distinct_sizes > 1:
            most = found.sizes[0]
            often = f"most often {most.width:,} × {most.height:,} ({counted(most.count, 'image')})"
            _panel("Sizes in pixels", f"{counted(found.distinct_sizes, 'size')}; {often}.", lambda: _sizes(found))
            _panel("Width divided by height", _aspect_words(found.aspects), lambda: _named("Aspect", found.aspects))
        if found.objects:
            numbers, counts = list(found.objects), list(found.objects.values())
            about = f"From {numbers[0]} to {numbers[-1]}{' or more' if numbers[-1] == MOST_OBJECTS else ''}."
            trace = {**bars([], counts), "x": numbers}
            _panel("Objects in an image", about, lambda: Chart("Objects in an image", [trace], HEIGHT))
        if found.areas:
            about = "The side of a square as large as the box, in pixels."
            _panel("Size of the objects", about, lambda: _named("Object size", found.areas))
        if len(found.formats) > 1:
            names, images = list(found.formats), list(found.formats.values())
            _panel("File formats", "", lambda: Chart("File formats", [bars(names, images)], HEIGHT))


def _panel(title: str, about: str, draw: Callable[[], Any]) -> None:
    with ui.column().classes("panel panel-pad w-full"):
        ui.label(title).classes("panel-title").props("role=heading aria-level=2")
        if about:
            ui.label(about).classes("muted")
        draw()


def _sizes(found: Statistics) -> None:
    """A disc for each size, the larger the more images have it."""
    most = max(one.count for one in found.sizes)
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [one.width for one in found.sizes],
        "y": [one.height for one in found.sizes],
        "text": [f"{one.width:,} × {one.height:,}: {one.count:,}" for one in found.sizes],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "color": COLOURS[0],
            "opacity": 0.6,
            "size": [8 + 26 * (one.count / most) ** 0.5 for one in found.sizes],
        },
    }
    widest, highest = max(one.width for one in found.sizes), max(one.height for one in found.sizes)
    Chart(
        "Sizes in pixels",
        [trace],
        HEIGHT,
        xaxis={"title": {"text": "width", "standoff": 6}, "range": [0, widest * 1.15]},
        yaxis={"title": {"text": "height", "standoff": 6}, "range": [0, highest * 1.15]},
        margin={"l": 56, "b": 40},
    )


def _histogram(label: str, found: Sequence[Bar]) -> None:
    middles = [(bar.low + bar.high) / 2 for bar in found]
    trace = {
        **bars([], [bar.count for bar in found]),
        "x": middles,
        "width": [(bar.high - bar.low) * 0.92 for bar in found],
        "text": [f"{bar.low:.4g} to {bar.high:.4g}: {bar.count:,}" for bar in found],
        "hovertemplate": "%{text}<extra></extra>",
        "textposition": "none",
    }
    Chart(label, [trace], HEIGHT)


def _named(label: str, found: Sequence[Bar]) -> None:
    """Bars of unequal width, each with its range as a name."""
    kept = _trimmed(found)
    Chart(label, [bars([_range(bar) for bar in kept], [bar.count for bar in kept])], HEIGHT, xaxis={"type": "category"})


def _trimmed(found: Sequence[Bar]) -> Sequence[Bar]:
    """Without the empty ones at either end."""
    places = [place for place, bar in enumerate(found) if bar.count]
    return found[places[0] : places[-1] + 1] if places else found


def _range(bar: Bar) -> str:
    if bar.high >= 1e9:
        return f"over {bar.low:g}"
    return f"below {bar.high:g}" if bar.low == 0 else f"{bar.low:g}–{bar.high:g}"


def _aspect_words(found: Sequence[Bar]) -> str:
    total = sum(bar.count for bar in found)
    square = sum(bar.count for bar in found if 0.94 < bar.low < 1.04)
    lying = sum(bar.count for bar in found if bar.low >= 1.04)
    standing = total - square - lying
    parts = [(square, "square"), (lying, "wider than high"), (standing, "higher than wide")]
    return "; ".join(f"{count:,} {name}" for count, name in parts if count) + "."


def _spread_words(one: Spread) -> str:
    return f"From {one.least:.4g} to {one.most:.4g}; mean {one.mean:.4g}, median {one.median:.4g}."
