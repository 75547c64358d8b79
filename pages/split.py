"""Split: which images are for training, validation and test."""

import asyncio

from nicegui import ui
from pydantic import ValidationError

from aistudio.errors import AIStudioError
from aistudio.schema.project import Subset
from aistudio.schema.split import Ratios, Split, SplitPlan, SplitRequest
from aistudio.service import datasets, splits
from aistudio.studio import Studio
from aistudio.ui.dialogs import attempt, confirm
from aistudio.ui.words import counted
from pages.actor import PAGE
from pages.frame import frame

SUBSETS: tuple[tuple[Subset, str], ...] = (("train", "Training"), ("val", "Validation"), ("test", "Test"))


def create(studio: Studio) -> None:
    @ui.page("/projects/{pid}/split", response_timeout=30)
    async def page(pid: str) -> None:
        if frame(studio, "Split", pid) is not None:
            await SplitPage(studio, pid).show()


class SplitPage:
    def __init__(self, studio: Studio, pid: str) -> None:
        self.studio, self.pid = studio, pid
        self.body = ui.column().classes("page")

    async def show(self) -> None:
        summary = await asyncio.to_thread(datasets.summary, self.studio, self.pid)
        found = await asyncio.to_thread(splits.all_splits, self.studio, self.pid)
        self.version = summary.version
        self.body.clear()
        with self.body:
            with ui.row().classes("w-full items-center"):
                ui.label("Split").classes("page-title").props("role=heading aria-level=1")
                ui.space()
                if found:
                    forward = ui.button("Train on a split", icon="arrow_forward").props("outline color=primary")
                    forward.on_click(lambda: ui.navigate.to(f"/projects/{self.pid}/training"))
            if not summary.images:
                self._no_images()
                return
            with ui.row().classes("w-full items-start gap-4"):
                with ui.column().classes("panel panel-pad").style("flex: 1 1 420px; min-width: 0"):
                    await self._new(found)
                with ui.column().classes("gap-3").style("flex: 1 1 420px; min-width: 0"):
                    self._existing(found)

    def _no_images(self) -> None:
        with ui.column().classes("empty panel"):
            ui.icon("call_split", size="36px")
            ui.label("No images to split yet").classes("text-base font-semibold")
            ui.link("Import images first", f"/projects/{self.pid}/dataset")

    async def _new(self, found: list[Split]) -> None:
        ui.label("New split").classes("panel-title").props("role=heading aria-level=2")
        ui.label("Every class is shared out alike. A split never changes once it is made.").classes("muted")
        taken = {split.name for split in found}
        number = next(number for number in range(1, len(found) + 2) if f"Split {number}" not in taken)
        with ui.element("div").classes("fields"):
            self.name = ui.input("Name", value=f"Split {number}").props("maxlength=100")
            self.seed = ui.input("Seed", value="0", on_change=self._preview).props("inputmode=numeric debounce=150")
        self.train = self._slider("Training", 80, "train")
        self.val = self._slider("Validation", 20, "val")
        with ui.row().classes("w-full items-center no-wrap gap-3"):
            ui.label("Test").classes("w-20")
            self.rest = ui.label().classes("muted numbers")
        self.preview = ui.column().classes("w-full gap-2")
        self.create = ui.button("Create Split", icon="check", on_click=self._create)
        await self._preview()

    def _slider(self, title: str, value: int, subset: Subset) -> ui.slider:
        with ui.row().classes("w-full items-center no-wrap gap-3"):
            ui.label(title).classes("w-20")
            slider = ui.slider(min=1, max=99, step=1, value=value).props("dense").classes("flex-1")
            slider.props["aria-label"] = f"{title} share in per cent"
            ui.label().classes("numbers w-10 text-right").bind_text_from(slider, "value", lambda v: f"{v:.0f} %")
        slider.on_value_change(lambda: self._linked(subset))
        return slider

    async def _linked(self, moved: Subset) -> None:
        """The shares never exceed 100 %: the one that was not moved gives way."""
        train, val = int(self.train.value), int(self.val.value)
        if train + val > 100:
            other = self.val if moved == "train" else self.train
            other.set_value(100 - int((self.train if moved == "train" else self.val).value))
            return
        await self._preview()

    def _plan(self) -> SplitPlan | None:
        train, val = int(self.train.value), int(self.val.value)
        self.rest.set_text(f"{100 - train - val} %")
        try:
            ratios = Ratios(train=train / 100, val=val / 100, test=round(1 - (train + val) / 100, 4))
            plan = SplitPlan.model_validate({"ratios": ratios, "seed": (self.seed.value or "").strip()})
        except ValidationError:
            self.seed.error = "A whole number from 0 to 4294967295."
            return None
        self.seed.error = None
        return plan

    async def _preview(self) -> None:
        plan = self._plan()
        if plan is None:
            return
        try:
            split = await asyncio.to_thread(splits.preview, self.studio, self.pid, plan)
        except AIStudioError as error:
            self.create.disable()
            self.preview.clear()
            with self.preview:
                ui.label(str(error)).classes("bad")
            return
        self.create.enable()
        self.preview.clear()
        with self.preview:
            if missing := [name for name, count in split.counts.items() if not count["val"]]:
                ui.label(f"{counted(len(missing), 'class')} without a validation image.").classes("wait")
            _table(split)

    async def _create(self) -> None:
        plan = self._plan()
        name = (self.name.value or "").strip()
        if not name:
            self.name.error = "Give it a name."
            return
        self.name.error = None
        if plan is None:
            return
        request = SplitRequest(name=name, ratios=plan.ratios, seed=plan.seed)
        if await attempt(splits.create, self.studio, PAGE, self.pid, request):
            await self.show()

    def _existing(self, found: list[Split]) -> None:
        if not found:
            with ui.column().classes("empty panel"):
                ui.label("No split yet").classes("text-base font-semibold")
                ui.label("Make one on the left; an experiment trains on one part of it and is judged on another.")
        for split in reversed(found):
            with ui.column().classes("panel panel-pad w-full").props("role=listitem") as card:
                card.props["aria-label"] = split.name
                self._card(split)

    def _card(self, split: Split) -> None:
        with ui.row().classes("w-full items-center no-wrap gap-2"):
            ui.label(split.name).classes("font-semibold text-sm cut")
            ui.label(f"seed {split.seed}").classes("badge")
            if split.dataset_version != self.version:
                ui.label("of an earlier data set").classes("badge wait")
            ui.space()
            delete = ui.button(icon="delete_outline", on_click=lambda: self._delete(split))
            delete.props("flat round dense size=sm color=grey-6").props["aria-label"] = f"Delete {split.name}"
        parts = [f"{split.size(key):,} {title.lower()}" for key, title in SUBSETS if split.size(key)]
        ui.label(" · ".join(parts)).classes("muted numbers")
        with ui.expansion("Images of each class").props("dense").classes("w-full"):
            _table(split)

    async def _delete(self, split: Split) -> None:
        users = await asyncio.to_thread(splits.users, self.studio, self.pid, split.id)
        what = (
            f"{counted(len(users), 'experiment')} used it: {', '.join(one.name for one in users[:5])}. Their results stay." if users else ""
        )
        with self.body:
            if await confirm(f"Delete the split {split.name}?", what, "Delete"):
                await attempt(splits.delete, self.studio, PAGE, self.pid, split.id)
                await self.show()


def _table(split: Split) -> None:
    with (
        ui.element("div").style("max-height: 320px; overflow: auto; width: 100%"),
        ui.element("table").classes("plain-table"),
    ):
        with ui.element("thead"), ui.element("tr"):
            for title in ("Class", *(title for _, title in SUBSETS)):
                _cell("th", title)
        with ui.element("tbody"):
            for name, count in split.counts.items():
                _row(name, [count[key] for key, _ in SUBSETS])
            _row("All", [split.size(key) for key, _ in SUBSETS])


def _row(name: str, counts: list[int]) -> None:
    with ui.element("tr"):
        _cell("td", name)
        for count in counts:
            _cell("td", f"{count:,}")


def _cell(tag: str, text: str) -> None:
    with ui.element(tag):
        ui.label(text)
