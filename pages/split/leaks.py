"""What leaks between the parts of a split: in words, pair by pair, and group by group."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.project import Subset
from aistudio.schema.split import Leak, LeakReport, Split
from pages.split import addresses, words
from pages.split.crossing import Crossings
from pages.split.finding import Finding
from pages.split.values import SUBSETS

if TYPE_CHECKING:
    from pages.split.page import SplitPage

FEW = 12
TITLES = dict(SUBSETS)


class Leaks:
    """A sentence, and below it the pairs, drawn when somebody opens them."""

    def __init__(self, page: "SplitPage") -> None:
        self._page = page
        self._report: LeakReport | None = None
        self._split: Split | None = None
        self._most = FEW
        with ui.column().classes("w-full gap-1") as self._box:
            self._finding = Finding()
            self._pairs = ui.expansion("Show the pairs", on_value_change=self._fill).props("dense").classes("w-full")
            with self._pairs:
                self._list = ui.column().classes("w-full gap-1").props("role=list")
                self._all = ui.button("", on_click=self._show_all).props("flat dense size=sm color=primary")
                self._first = ui.label().classes("faint")
            self._crossings = Crossings(page)
        self._box.set_visibility(False)

    def show(self, report: LeakReport | None, split: Split | None, columns: Sequence[str] = ()) -> None:
        """None where nothing is known. `columns`: of the table of the data."""
        self._box.set_visibility(report is not None)
        if report is None or (report, split and split.id) == (self._report, self._split and self._split.id):
            return
        self._report, self._split, self._most = report, split, FEW
        some = report.same + report.alike > 0
        designed = not (split and split.name)
        told = words.leaks(report, designed)
        if designed and split and split.origin == "fold":
            told = f"In the first fold, {told[0].lower()}{told[1:]}"
        self._finding.tell(told, "wait" if some else "good")
        self._pairs.set_visibility(some)
        if not some:
            self._pairs.set_value(False)
        self._fill()
        self._crossings.show(report.groups, split, columns)

    def _fill(self) -> None:
        self._list.clear()
        if not self._pairs.value or self._report is None or self._split is None:
            return
        found, total = self._report.examples, self._report.same + self._report.alike
        with self._list:
            for leak in found[: self._most]:
                self._pair(leak, self._split)
        self._all.set_text(f"Show all {len(found)}")
        self._all.set_visibility(len(found) > self._most)
        self._first.set_text(f"These are the first {len(found)} of {total:,}.")
        self._first.set_visibility(total > len(found))

    def _show_all(self) -> None:
        self._most = len(self._report.examples) if self._report else FEW
        self._fill()

    def _pair(self, leak: Leak, split: Split) -> None:
        with ui.element("div").classes("leak").props("role=listitem"):
            self._image(leak.first, leak.first_name, leak.first_subset, split)
            ui.label("is the same as" if leak.same else "looks like").classes("faint")
            self._image(leak.second, leak.second_name, leak.second_subset, split)

    def _image(self, number: int, name: str, subset: Subset, split: Split) -> None:
        with ui.link(target=addresses.browse(self._page.project.id, split, subset, number)).classes(
            "leak-image"
        ) as link:
            link.props["title"] = name
            picture = ui.element("img").props("loading=lazy decoding=async width=40 height=40")
            picture.props["alt"] = ""
            picture.props["src"] = addresses.thumbnail(self._page.project.id, number, split.dataset_version)
            with ui.column().classes("gap-0").style("min-width: 0"):
                ui.label(name.rpartition("/")[2]).classes("cut w-full")
                with ui.element("div").classes("share-name faint"):
                    ui.element("i").classes(f"share-dot share-{subset}").props("aria-hidden=true")
                    ui.label(TITLES[subset])
