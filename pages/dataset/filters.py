"""The filters above the images: class, split and subset, problems, name; and the order."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.schema.project import ProblemKinds
from aistudio.service import datasets, splits
from aistudio.ui.quiet import Quiet
from pages.dataset import words
from pages.dataset.view import View

if TYPE_CHECKING:
    from pages.dataset.page import DataPage

SORTS = {
    "id": "As imported",
    "name": "Name, A to Z",
    "-name": "Name, Z to A",
    "size": "Smallest first",
    "-size": "Largest first",
    "objects": "Fewest annotations first",
    "-objects": "Most annotations first",
}
ALIKE = "alike"


class Filters:
    def __init__(self, page: "DataPage") -> None:
        self._page = page
        self._quiet = Quiet()
        with ui.element("div").classes("image-filters"):
            self._class = ui.select({"": "All classes"}, label="Class", value="", with_input=True)
            self._part = ui.select({"": "All images"}, label="Split", value="")
            self._problem = ui.select({"": "With or without"}, label="Problems", value="")
            self._search = ui.input("Search by name").props("clearable debounce=250")
            self._sort = ui.select(SORTS, label="Order", value="id")
        for field in (self._class, self._part, self._problem, self._search, self._sort):
            field.on_value_change(self._changed)

    async def start(self) -> None:
        """The choices of this version."""
        summary = self._page.summary
        studio, pid = self._page.studio, self._page.project.id
        found = await asyncio.to_thread(splits.all_splits, studio, pid)
        told = await asyncio.to_thread(datasets.problem_kinds, studio, pid, summary.version)
        if summary.version != self._page.summary.version:
            return  # another version has come meanwhile, with choices of its own
        counts = summary.counts
        classes = {"": "All classes"} | {name: f"{name} ({counts.get(name, 0):,})" for name in summary.classes}
        parts = {"": "All images"}
        kept = any(one.origin == "source" and one.dataset_version == summary.version for one in found)
        for subset, title in words.SUBSETS.items():
            if subset in summary.subsets and not kept:
                parts[f"/{subset}"] = f"Source: {title} ({summary.subsets[subset]:,})"
        for split in reversed(found):
            if self._page.view.version is not None and split.dataset_version != summary.version:
                continue
            for key, title in words.SUBSETS.items():
                if split.size(key):
                    parts[f"{split.id}/{key}"] = f"{split.name}: {title} ({split.size(key):,})"
        problems = _problems(told)
        with self._quiet:
            for field, options in ((self._class, classes), (self._part, parts), (self._problem, problems)):
                field.set_options(options, value=field.value if field.value in options else "")
        self._class.set_visibility(bool(summary.classes))

    def fill(self, view: View) -> None:
        """What the address says."""
        with self._quiet:
            _set(self._class, view.label)
            _set(self._part, f"{view.split}/{view.subset}" if view.subset else "")
            _set(self._problem, ALIKE if view.alike else view.problem)
            self._search.set_value(view.search)
            self._sort.set_value(view.sort)

    def _changed(self) -> Awaitable[None] | None:
        """Asks at once who has changed it: what NiceGUI awaits begins only when the filling is over."""
        return None if self._quiet.on else self._look()

    async def _look(self) -> None:
        split, _, subset = str(self._part.value or "").partition("/")
        problem = str(self._problem.value or "")
        view = self._page.view.filtered(
            label=str(self._class.value or ""),
            split=split,
            subset=subset,
            problem="" if problem == ALIKE else problem,
            alike=problem == ALIKE,
            search=str(self._search.value or ""),
            sort=self._sort.value,
        )
        if view != self._page.view:
            await self._page.look(view)


def _problems(told: ProblemKinds) -> dict[str, str]:
    """Kinds that images of the data set have, with how many: what was left out cannot be looked at here."""
    options = {"": "With or without"}
    if told.images:
        options["any"] = f"Any problem ({told.images:,})"
    kinds = sorted((one for one in told.kinds if one.images), key=lambda one: -one.images)
    options |= {one.kind: f"{words.kind(one.kind)} ({one.images:,})" for one in kinds}
    if told.alike:
        options[ALIKE] = f"Looks like another one ({told.alike:,})"
    return options


def _set(field: ui.select, value: Any) -> None:
    """Something that is no choice any more is still shown as what is asked for."""
    options = dict(field.options)
    if value not in options:
        field.set_options(options | {value: f"{value} (not here)"}, value=value)
    elif field.value != value:
        field.set_value(value)
