"""What can be done with splits: make, copy and delete them, and train on one."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.errors import InvalidConfig
from aistudio.schema.experiment import ExperimentRequest
from aistudio.schema.split import FoldsRequest, Split
from aistudio.service import experiments, splits
from aistudio.ui.dialogs import attempt
from pages.actor import PAGE
from pages.split.deleting import which_folds
from pages.split.values import Values, copied

if TYPE_CHECKING:
    from pages.split.page import SplitPage


class Actions:
    """`creating`: while a split is made, news of it are not for the page to follow."""

    def __init__(self, page: "SplitPage") -> None:
        self._page = page
        self.creating = False
        self._dialogs = ui.element("div")

    async def create(self) -> None:
        """Once, however often it is asked for."""
        if self.creating or self._page.selected is not None:
            return
        values = self._page.form.values
        self.creating = True
        self._page.form.working(True)
        try:
            try:
                request = await asyncio.to_thread(values.request, self._page.form.name)
            except InvalidConfig:
                return  # it stands at the fields
            make: Callable[..., Any] = splits.create_folds if isinstance(request, FoldsRequest) else splits.create
            made = await attempt(make, self._page.studio, PAGE, self._page.project.id, request)
            if made is not None:
                await self._made(made[0] if isinstance(made, list) else made, values)
        finally:
            self.creating = False
            self._page.form.working(False)

    async def keep(self) -> None:
        made = await attempt(splits.keep_source, self._page.studio, PAGE, self._page.project.id)
        if made is not None:
            await self._made(made, None)

    async def _made(self, split: Split, values: Values | None) -> None:
        """It is selected at once, and the form it was made with begins anew, unless more was typed meanwhile."""
        await self._page.renew()
        if values == self._page.form.values:
            self._page.form.fill(Values())
        await self._page.select(split.id)

    async def copy_selected(self) -> None:
        if self._page.selected is not None:
            await self.copy(self._page.selected)

    async def copy(self, sid: str) -> None:
        split = self._page.get(sid)
        if split is not None:
            await self._page.select(None)
            self._page.form.fill(copied(split))

    async def delete_selected(self) -> None:
        if self._page.selected is not None:
            await self.delete(self._page.selected)

    async def delete(self, sid: str) -> None:
        studio, pid = self._page.studio, self._page.project.id
        split, folds = self._page.get(sid), await attempt(splits.fold_set, studio, pid, sid)
        if split is None or folds is None:
            return
        users = await attempt(splits.users, studio, pid, sid)
        everybody = await attempt(splits.users, studio, pid, *(one.id for one in folds))
        if users is None or everybody is None:
            return
        with self._dialogs:
            chosen = await which_folds(split, len(folds), [one.name for one in users], [one.name for one in everybody])
        if chosen is None:
            return
        await attempt(splits.delete_folds if chosen == "all" else splits.delete, studio, PAGE, pid, sid)
        await self._page.renew()

    async def train_selected(self) -> None:
        """A new experiment on it, ready to be trained."""
        if self._page.selected is None:
            return
        request = ExperimentRequest(config={"split": self._page.selected})
        made = await attempt(experiments.create, self._page.studio, PAGE, self._page.project.id, request)
        if made is not None:
            ui.navigate.to(f"/projects/{self._page.project.id}/training?experiment={made.id}")
