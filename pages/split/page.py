"""The three columns: the splits there are, one of them or a new one, and how its images come out."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import asdict, fields
from typing import Any

from nicegui import ui

from aistudio.errors import AIStudioError, Damaged, NotFound
from aistudio.schema.project import Dataset, Project
from aistudio.schema.split import LeakReport, Split
from aistudio.service import datasets, splits
from aistudio.studio import Studio
from aistudio.ui.latest import Latest
from aistudio.ui.scope import Scope
from pages.split import words
from pages.split.actions import Actions
from pages.split.cards import SplitList
from pages.split.details import Details
from pages.split.form import DesignForm
from pages.split.look import Seen, look
from pages.split.outcome import Outcome
from pages.split.values import Values, free_name, wrong_name

COLUMNS = ("Splits", "Split")
PAUSE = 0.2  # for the typing to stop
CHECK = 3.0
DRAFTS = "split-drafts"


class SplitPage:
    """Which split is selected stands in the address; without one, a new one is designed."""

    def __init__(self, studio: Studio, project: Project, storage: MutableMapping[str, Any]) -> None:
        self.studio = studio
        self.project = project
        self.data = Dataset(status="empty")
        self.selected: str | None = None
        self._storage = storage
        self._client = ui.context.client
        self._found: list[Split] = []
        self._revision = (0, 0)
        self.actions = Actions(self)
        self._scope = Scope()
        self._preview = Latest(self._look, lambda: not self._scope.is_deleted, PAUSE)
        ui.label("Split").classes("only-read").props("role=heading aria-level=1")

    async def start(self, selected: str | None) -> None:
        """The revision is read first, so that what comes while the rest is read is noticed afterwards."""
        damage = ""
        self._revision = await asyncio.to_thread(splits.revision, self.studio, self.project.id)
        try:
            self.data = await asyncio.to_thread(datasets.summary, self.studio, self.project.id)
        except (Damaged, NotFound) as error:
            damage = str(error)
        if self.data.images:
            await self._fill(selected)
        else:
            self._no_images(damage)
        ui.timer(CHECK, self._check)  # last: a timer that waits for the browser has the page sent as it is

    async def _fill(self, selected: str | None) -> None:
        self._draw()
        self._found = await asyncio.to_thread(splits.all_splits, self.studio, self.project.id)
        await self._read_data()
        self.form.fill(self._draft())
        selected = selected if any(split.id == selected for split in self._found) else None
        await self._list.fill(self._found, self.data.version, selected)
        await self.select(selected, push=False)

    def _no_images(self, damage: str) -> None:
        with ui.column().classes("page"), ui.column().classes("empty panel"):
            ui.icon("call_split", size="36px")
            title = "The images cannot be read" if damage else "No images to split yet"
            ui.label(title).classes("text-base font-semibold")
            first = "A split says which images are for training, validation and test. Import some first."
            ui.label(damage or first)
            there = f"/projects/{self.project.id}/dataset"
            ui.button("Import Images", icon="download", on_click=lambda: ui.navigate.to(there))

    def _draw(self) -> None:
        with ui.tabs(on_change=lambda event: self._look_at(str(event.value))).classes("column-tabs") as self._tabs:
            for name in COLUMNS:
                ui.tab(name).props("no-caps")
        with ui.element("div").classes("split-columns") as self._columns:
            self._list = SplitList(self)
            with ui.element("div").classes("split-main"):
                self.form = DesignForm(self)
                self._details = Details(self)
                self._outcome = Outcome(self)
        self._tabs.set_value("Split")

    def _look_at(self, column: str) -> None:
        """Which column is seen where there is no room for all."""
        self._columns.classes(
            add=f"shows-{column.lower()}", remove="shows-split" if column == "Splits" else "shows-splits"
        )

    async def _read_data(self) -> None:
        studio, pid = self.studio, self.project.id
        alike = await asyncio.to_thread(splits.twins, studio, pid)
        source = await asyncio.to_thread(splits.source_sizes, studio, pid)
        self.form.set_data(self.data, alike, words.sizes(source) if source else "")

    # selecting

    async def new(self) -> None:
        await self.select(None)

    async def follow(self, sid: str | None) -> None:
        """The selected one is gone, with its address; the list has chosen another one."""
        await self.select(sid, push=False)

    async def select(self, sid: str | None, push: bool = True) -> None:
        split = self.get(sid) if sid is not None else None
        if sid is not None and split is None:
            return  # gone, too, as the list is about to tell
        self.selected = sid
        if push:
            self._list.mark(sid)
            self._tabs.set_value("Split")
        path = f"/projects/{self.project.id}/split"
        (ui.navigate.history.push if push else ui.navigate.history.replace)(f"{path}?split={sid}" if sid else path)
        self._columns.classes(add="shows-design" if sid is None else "", remove="" if sid is None else "shows-design")
        if split is None:
            self._outcome.title("Preview")
            self.designed()
        else:
            await self._show(split)

    async def _show(self, split: Split) -> None:
        sid = split.id
        self._outcome.busy(True)
        self._outcome.title(f"Images of {split.name}")
        studio, pid = self.studio, self.project.id
        try:
            data = await asyncio.to_thread(datasets.summary, studio, pid, split.dataset_version)
            users = await asyncio.to_thread(splits.users, studio, pid, sid)
            if self.selected == sid:  # else another one was selected meanwhile
                self._details.show(split, data, users)
            split, leaks = await asyncio.to_thread(_read, studio, pid, split)
        except AIStudioError as error:
            if self.selected == sid:
                self._outcome.busy(False)
                self._outcome.fail(str(error))
            return
        if self.selected == sid:
            self._outcome.busy(False)
            self._outcome.show(split, data, leaks, browse=True)

    # designing

    def free_name(self) -> str:
        return free_name(split.name for split in self._found)

    def designed(self) -> None:
        """The form has other values, or is to be seen again."""
        values = self.form.values
        self._storage[DRAFTS] = {**self._storage.get(DRAFTS, {}), self.project.id: asdict(values)}
        self.form.show_name(wrong_name(values, self.form.name, {split.name for split in self._found}))
        if self.selected is None:
            self._outcome.busy(True)
            self._preview.ask(values)

    def _draft(self) -> Values:
        """What this browser designed last in this project."""
        kept = self._storage.get(DRAFTS, {}).get(self.project.id, {})
        known = {one.name for one in fields(Values)}
        values = Values(**{name: value for name, value in kept.items() if name in known})
        gone = values.column is not None and values.column not in self.data.columns
        if gone or (values.target is not None and values.target not in self.data.targets):
            return Values()
        return values

    async def _look(self, values: Values) -> None:
        seen = await asyncio.to_thread(look, self.studio, self.project.id, values)
        if self._scope.is_deleted or self.selected is not None or values != self.form.values:
            return
        self._outcome.busy(False)
        self.form.show(seen)
        self._draw_seen(seen)

    def _draw_seen(self, seen: Seen) -> None:
        if seen.errors:
            self._outcome.wait()
        elif seen.error:
            self._outcome.fail(seen.error)
        elif seen.values.way == "folds":
            self._outcome.show_folds(seen.made, self.data, seen.leaks)
        else:
            self._outcome.show(seen.made[0], self.data, seen.leaks)

    def get(self, sid: str) -> Split | None:
        return next((split for split in self._found if split.id == sid), None)

    # what others do meanwhile

    async def _check(self) -> None:
        """Another tab, REST or an import may have changed what is here."""
        try:
            revision = await asyncio.to_thread(splits.revision, self.studio, self.project.id)
        except NotFound:
            return  # the project is gone
        if revision == self._revision or self.actions.creating:
            return
        if not self.data.images:
            ui.navigate.reload()
            return
        await self.renew()

    async def renew(self) -> None:
        """Reads everything again; what is gone is not selected any more."""
        studio, pid = self.studio, self.project.id
        self._revision = await asyncio.to_thread(splits.revision, studio, pid)
        self.data = await asyncio.to_thread(datasets.summary, studio, pid)
        self._found = await asyncio.to_thread(splits.all_splits, studio, pid)
        with self._client:
            await self._list.renew(self._found, self.data.version)
            await self._read_data()
            self.form.suggest_name()
            self.designed()


def _read(studio: Studio, pid: str, split: Split) -> tuple[Split, LeakReport]:
    """The split with all its counts, and its leaks."""
    return splits.counts(studio, pid, split), splits.leaks(studio, pid, split.id)
