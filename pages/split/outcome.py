"""Right column: how the images come out, what to know of it, and what leaks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.project import Dataset, Subset
from aistudio.schema.split import LeakReport, Split
from aistudio.ui.count_table import CountTable
from aistudio.ui.words import counted, percent
from pages.split import addresses, words
from pages.split.leaks import Leaks
from pages.split.values import SUBSETS

if TYPE_CHECKING:
    from pages.split.page import SplitPage

WAITING = "The preview is drawn once all values are valid."


class Outcome:
    """Drawn once; another split, or another preview, changes what it says."""

    def __init__(self, page: "SplitPage") -> None:
        self._page = page
        with ui.column().classes("panel column split-outcome").props("role=region aria-label=Images"):
            with ui.element("div").classes("column-head"):
                self._title = ui.label().classes("panel-title").props("role=heading aria-level=2")
                self._busy = ui.label("Working it out…").classes("faint split-busy").props("role=status")
            with ui.element("div").classes("column-body"):
                self._error = ui.label().classes("bad").props("role=alert")
                with ui.element("div").classes("tiles") as self._tiles:
                    self._parts = {key: _Tile(key, title) for key, title in SUBSETS}
                self._folds = ui.label().classes("numbers")
                self._kept = ui.label().classes("faint")
                self._warnings = ui.column().classes("advice w-full gap-1").props("role=status")
                self._told: list[str] = []
                self.leaks = Leaks(page)
                self._table = CountTable("Images of each class and subset")
        self.busy(False)

    def busy(self, working: bool) -> None:
        self._busy.set_visibility(working)

    def title(self, title: str) -> None:
        self._title.set_text(title)

    def fail(self, error: str) -> None:
        """There is nothing to show; the numbers of before would be wrong."""
        self._show(error=error)

    def wait(self) -> None:
        """There is nothing to show while values in the form are wrong."""
        self._show(error=WAITING)

    def show(self, split: Split, data: Dataset, leaks: LeakReport | None, browse: bool = False) -> None:
        self._show(tiles=True, table=True)
        total = sum(split.size(key) for key, _ in SUBSETS)
        asked = dict(split.ratios.items()) if split.origin == "ratios" else {}
        for key, _ in SUBSETS:
            link = addresses.browse(self._page.project.id, split, key) if browse and split.size(key) else None
            self._parts[key].show(split.size(key), total, asked.get(key), link)
        self._keep(split)
        self._warn(words.warnings(split, data))
        self.leaks.show(leaks, split, data.columns)
        rows: list[list[str | int]] = [
            [name, *(count.get(key, 0) for key, _ in SUBSETS)] for name, count in split.counts.items()
        ]
        if any(split.bare.values()) and data.annotation:
            rows.append([words.BARE[data.annotation], *(split.bare.get(key, 0) for key, _ in SUBSETS)])
        self._table.show(
            (split.target, "ranges") if split.target else ("Class", "classes"),
            [title for _, title in SUBSETS],
            rows,
            [split.size(key) for key, _ in SUBSETS],
            [key for key, _ in SUBSETS],
            warn=data.annotation != "anomaly",
        )

    def show_folds(self, made: Sequence[Split], data: Dataset, leaks: LeakReport | None) -> None:
        """The validation images of each fold; all others are for training in it."""
        self._show(folds=True, table=True)
        self._folds.set_text(words.folds(made))
        self._warn([])
        first = made[0]
        self._keep(first)
        self.leaks.show(leaks, first, data.columns)
        rows: list[list[str | int]] = [
            [name, *(one.counts[name]["val"] for one in made)]
            for name in first.counts
            if any(first.counts[name].values())
        ]
        if any(first.bare.values()) and data.annotation:
            rows.append([words.BARE[data.annotation], *(one.bare["val"] for one in made)])
        self._table.show(
            (first.target, "ranges") if first.target else ("Class", "classes"),
            [f"Fold {number}" for number in range(1, len(made) + 1)],
            rows,
            [one.size("val") for one in made],
        )

    def _show(self, error: str = "", tiles: bool = False, folds: bool = False, table: bool = False) -> None:
        self._error.set_text(error)
        self._error.set_visibility(bool(error))
        waits = error == WAITING
        self._error.classes(add="muted" if waits else "bad", remove="bad" if waits else "muted")
        self._tiles.set_visibility(tiles)
        self._folds.set_visibility(folds)
        self._table.set_visibility(table)
        if error:
            self._keep(None)
            self._warn([])
            self.leaks.show(None, None)

    def _keep(self, split: Split | None) -> None:
        """Of those that look alike; what becomes of other groups is told with the leaks."""
        groups = split.groups if split and not split.group_by else 0
        self._kept.set_text(f"{counted(groups, 'group')} of images that look alike kept together.")
        self._kept.set_visibility(groups > 0)

    def _warn(self, told: list[str]) -> None:
        if told != self._told:
            self._told = told
            self._warnings.clear()
            with self._warnings:
                for one in told:
                    ui.label(one)
        self._warnings.set_visibility(bool(told))


class _Tile:
    """One subset: how many images, and what share that is."""

    def __init__(self, key: Subset, title: str) -> None:
        self._title = title
        with ui.column().classes("tile"):
            with ui.element("div").classes("tile-name share-name"):
                ui.element("i").classes(f"share-dot share-{key}").props("aria-hidden=true")
                ui.label(title)
            self._count = ui.label().classes("tile-value")
            self._share = ui.label().classes("tile-last")
            self._browse = ui.link("Browse", "").classes("split-browse")

    def show(self, count: int, total: int, asked: float | None, link: str | None) -> None:
        self._count.set_text(f"{count:,}")
        share = count / total if total else 0
        off = asked is not None and abs(share - asked) >= 0.0005
        self._share.set_text(percent(share) + (f" (asked: {100 * asked:.4g}%)" if asked is not None and off else ""))
        self._browse.set_visibility(link is not None)
        if link is not None:
            self._browse.props["href"] = link
            self._browse.props["aria-label"] = f"Browse {self._title.lower()} images"
