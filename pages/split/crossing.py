"""Which groups of images come apart in a split, and a field to look at others than those it was made by."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.errors import AIStudioError, InvalidConfig
from aistudio.schema.split import ByColumn, ByPattern, CrossingGroup, GroupBy, GroupCrossings, Split
from aistudio.service import splits
from aistudio.ui.fields import NOTHING, Look, Menu, MenuField, Option
from aistudio.ui.latest import Latest
from aistudio.ui.quiet import Quiet
from aistudio.ui.words import sentence
from pages.split import words
from pages.split.finding import Finding, Tone
from pages.split.line import TextLine, look_of
from pages.split.values import SUBSETS, Values

if TYPE_CHECKING:
    from pages.split.page import SplitPage

PAUSE = 0.3  # for the typing to stop
COLUMN = "column:"
HINT = "Other groups than those it was made by, such as the patients in a split that came with the data."


class Crossings:
    """A sentence, below it the groups, and for a split that is made already the field."""

    def __init__(self, page: "SplitPage") -> None:
        self._page = page
        self._split: Split | None = None
        self._found: GroupCrossings | None = None
        self._values = Values()
        self._quiet = Quiet()
        self._finding = Finding()
        self._groups = ui.expansion("Show the groups", on_value_change=self._fill).props("dense").classes("w-full")
        with self._groups:
            self._list = ui.column().classes("w-full gap-0").props('role=list aria-label="Groups in several parts"')
            self._first = ui.label().classes("faint")
        with ui.element("div").classes("split-check") as self._check:
            self._by = MenuField(Menu({}), None, self._choose, Look("Check Groups By", HINT))
            self._pattern = TextLine(look_of(ByPattern, "pattern"), self._type)
            self._pattern.element.props("placeholder=patient(\\\\d+)").classes("code-field")
        self._latest = Latest(self._look, lambda: not self._check.is_deleted, PAUSE)

    def show(self, found: GroupCrossings | None, split: Split | None, columns: Sequence[str]) -> None:
        """`columns`: of the table of its data."""
        made = split is not None and bool(split.name)
        self._split = split
        self._check.set_visibility(made)
        self._tell(found, asked=False)
        with self._quiet:
            self._by.offer(_menu(columns))
            self._put(found.by if found else None)
        self._complain(None)

    def _put(self, by: GroupBy | None) -> None:
        pattern = by.pattern if isinstance(by, ByPattern) else ""
        self._values = Values(group=by.kind if by else "nothing", pattern=pattern)
        self._by.put(_key(by), NOTHING, False)
        self._pattern.element.set_value(pattern)
        self._pattern.element.set_visibility(isinstance(by, ByPattern))

    def _choose(self, key: Any) -> None:
        if key is None or self._quiet.on:
            return
        group, _, column = str(key).partition(":")
        self._pattern.element.set_visibility(group == "pattern")
        self._ask(replace(self._values, group=group, column=column or None))

    def _type(self, pattern: str) -> None:
        if not self._quiet.on:
            self._ask(replace(self._values, pattern=pattern))

    def _ask(self, values: Values) -> None:
        self._values = values
        if values.group != "pattern" or values.pattern:
            self._latest.ask(values)
        else:
            self._complain(None)
            self._tell(None, asked=True)

    async def _look(self, values: Values) -> None:
        split = self._split
        if split is None or values != self._values:
            return
        found, error = None, None
        try:
            by = values.plan().group_by
            if by is not None:
                studio, pid = self._page.studio, self._page.project.id
                found = await asyncio.to_thread(splits.group_crossings, studio, pid, split.id, by)
        except InvalidConfig as wrong:
            error = sentence(wrong.fields[0].message)
        except AIStudioError as wrong:
            error = str(wrong)
        if not self._check.is_deleted and (split, values) == (self._split, self._values):
            self._complain(error)
            self._tell(found, asked=True)

    def _complain(self, error: str | None) -> None:
        typed = self._values.group == "pattern"
        self._pattern.complain(error if typed else None)
        self._by.complain(None if typed else error)

    def _tell(self, found: GroupCrossings | None, asked: bool) -> None:
        self._found = found
        designed = not (self._split and self._split.name)
        supposed = not asked and not (self._split and self._split.group_by)
        if found is None:
            self._finding.tell("", "muted")
        else:
            tone: Tone = "good" if not found.crossing else "muted" if supposed else "wait"
            self._finding.tell(words.crossing(found, supposed, designed), tone)
        some = found is not None and found.crossing > 0
        self._groups.set_visibility(some)
        if not some:
            self._groups.set_value(False)
        self._fill()

    def _fill(self) -> None:
        self._list.clear()
        if not self._groups.value or self._found is None:
            return
        with self._list:
            for group in self._found.examples:
                _row(group)
        shown = len(self._found.examples)
        self._first.set_text(f"These are the largest {shown} of {self._found.crossing:,}.")
        self._first.set_visibility(self._found.crossing > shown)


def _row(group: CrossingGroup) -> None:
    with ui.element("div").classes("split-crossing").props("role=listitem"):
        ui.label(group.key or "(at the top)").classes("cut")
        for key, title in SUBSETS:
            with ui.element("div").classes("share-name faint numbers"):
                if count := group.sizes.get(key):
                    ui.element("i").classes(f"share-dot share-{key}").props("aria-hidden=true")
                    ui.label(f"{count:,} {title.lower()}")


def _key(by: GroupBy | None) -> str | None:
    if by is None:
        return None
    return COLUMN + by.column if isinstance(by, ByColumn) else by.kind


def _menu(columns: Sequence[str]) -> Menu:
    return Menu(
        {
            "folder": Option("Folder", "Images of one folder"),
            "pattern": Option("Pattern in the name", "What a regular expression finds, such as a patient's number"),
            **{COLUMN + name: Option(name, "Column of the table") for name in columns},
        }
    )
