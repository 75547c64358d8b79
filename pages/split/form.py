"""Middle column while a split is designed: its values, and the button that makes it."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.errors import FieldError
from aistudio.schema.project import Dataset
from aistudio.schema.split import Dealing, FoldsPlan
from aistudio.ui.fields import NOTHING, Check, Look, Menu, MenuField, Option
from aistudio.ui.quiet import Quiet
from aistudio.ui.shares import Share, Shares
from pages.split import words
from pages.split.grouping import Grouping
from pages.split.line import Line, look_of
from pages.split.look import Seen
from pages.split.values import SUBSETS, Values

if TYPE_CHECKING:
    from pages.split.page import SplitPage

WAYS = {"shares": "Shares", "folds": "Folds"}
PARTS = [Share(key, title, empty=key == "test") for key, title in SUBSETS]
DICE = 1_000_000


class DesignForm:
    """Drawn once. `values` are what stands in it; every change is told to the page."""

    def __init__(self, page: "SplitPage") -> None:
        self._page = page
        self.values = Values()
        self._quiet = Quiet()
        self._naming = False
        self._errors: list[FieldError] = []
        with ui.column().classes("panel column split-design").props('role=region aria-label="New split"') as self._all:
            with ui.element("div").classes("column-head"):
                ui.label("New split").classes("panel-title").props("role=heading aria-level=2")
                self._way = ui.toggle(WAYS, value="shares", on_change=self._turn).props("dense no-caps unelevated")
                self._way.classes("split-ways").props["aria-label"] = "Way of splitting"
            with ui.element("div").classes("column-body"):
                self._draw()
            with ui.element("div").classes("column-foot"):
                self._reason = ui.label().classes("reason flex-1").props("role=status")
                self._create = ui.button("Create Split", icon="check", on_click=self.create)
        for keys in ("keydown.ctrl.enter", "keydown.meta.enter"):
            self._all.on(keys, self.create, [])

    def _draw(self) -> None:
        self._source = ui.column().classes("split-source gap-1")
        self._name = Line(self, "name", Look("Name"))
        self._name.element.props("maxlength=100")
        self._name.element.on("focus", lambda: self._enter_name(True), []).on(
            "blur", lambda: self._enter_name(False), []
        )
        self._shares = Shares("Shares", PARTS, self.values.shares, lambda shares: self.change(**shares))
        with ui.column().classes("w-full gap-1") as self._few:
            self._folds = Line(self, "folds", look_of(FoldsPlan, "folds"))
            ui.label("Each image is for validation in one of them, and for training in the others.").classes("faint")
        with ui.row().classes("w-full items-start no-wrap gap-1"):
            self._seed = Line(self, "seed", look_of(Dealing, "seed"))
            self._seed.element.props("inputmode=numeric").classes("flex-1")
            dice = ui.button(icon="casino", on_click=self._roll).props("flat round color=primary")
            dice.props["aria-label"] = dice.props["title"] = "Roll another seed"
        with ui.column().classes("w-full gap-1"):
            self._strategy = ui.label().classes("faint")
            self._target = MenuField(Menu({}), None, self._choose_target, look_of(Dealing, "target"))
            self._target.element.classes("w-full")
        self.grouping = Grouping(self)
        with ui.column().classes("w-full gap-0"):
            self._twins = Check(True, lambda on: self.change(twins=on), look_of(Dealing, "keep_twins"))
            self._alike = ui.label().classes("faint")

    def set_data(self, data: Dataset, alike: tuple[int, int], source: str) -> None:
        """The images that are there to be split, and what the source says of them, if that is no split yet."""
        self._data = data
        self._alike.set_text(words.twins(*alike))
        with self._quiet:
            self._target.offer(Menu({name: Option(name) for name in data.targets}))
        self._target.element.set_visibility(len(data.targets) > 1)
        self.grouping.set_columns(data.columns)
        self._source.set_visibility(bool(source))
        self._source.clear()
        with self._source:
            ui.label(f"The data came with a split of its own: {source}.")
            keep = ui.button(
                "Keep the split that came with the data", icon="inventory_2", on_click=self._page.actions.keep
            )
            keep.props("outline color=primary")
        self._tell()

    def fill(self, values: Values) -> None:
        """Other values in the same fields."""
        self.values = values
        with self._quiet:
            self._way.set_value(values.way)
            self._name.element.set_value(values.name if values.name is not None else self._page.free_name())
            self._shares.put(values.shares)
            self._folds.element.set_value(values.folds)
            self._seed.element.set_value(values.seed)
            self._target.put(values.target or _first(self._data.targets), NOTHING, False)
            self._twins.put(values.twins, NOTHING, False)
            self.grouping.fill(values)
        self._arrange()
        self._page.designed()

    @property
    def name(self) -> str:
        """The one that is seen, typed or not."""
        return self._name.element.value or ""

    def suggest_name(self) -> None:
        """Others may have taken the free name that stands there; where somebody is about to type, it stays."""
        if self.values.name is None and not self._naming:
            with self._quiet:
                self._name.element.set_value(self._page.free_name())

    def _enter_name(self, entered: bool) -> None:
        self._naming = entered

    def change(self, **changes: Any) -> None:
        """A field reports what the user did with it."""
        if not self._quiet.on:
            self.values = replace(self.values, **changes)
            self._arrange()
            self._page.designed()

    def show(self, seen: Seen) -> None:
        """What came of the values, or what is wrong with them."""
        self._errors = seen.errors
        self._error = seen.error
        for path, field in (("seed", self._seed), ("folds", self._folds)):
            field.complain(_message(seen.errors, path))
        self.grouping.show(seen.groups, _message(seen.errors, "group_by"))
        self._tell()

    def show_name(self, error: str | None) -> None:
        self._name_error = error
        self._name.complain(error)
        self._tell()

    def working(self, on: bool) -> None:
        """While it is made, it cannot be made again."""
        self._create.props(add="loading" if on else "", remove="" if on else "loading")

    async def create(self) -> None:
        await self._page.actions.create()

    _error = ""
    _name_error: str | None = None
    _data = Dataset(status="empty")

    def _tell(self) -> None:
        """Why it cannot be made, or what is good to know before."""
        wrong = [words.wrong(error) for error in self._errors]
        if self._name_error:
            wrong.insert(0, f"Name: {self._name_error}")
        reason = wrong[0] if wrong else self._error and "There is no such split: see beside."
        self._create.set_enabled(not reason)
        self._reason.classes(add="bad" if reason else "", remove="" if reason else "bad")
        self._reason.set_text(reason or "A split never changes once it is made. Ctrl+Enter creates it.")

    def _arrange(self) -> None:
        """Which fields there are."""
        folds = self.values.way == "folds"
        self._shares.set_visibility(not folds)
        self._few.set_visibility(folds)
        number = self.values.folds.strip()
        many = f"Create {number} Splits" if number.isdecimal() and 2 <= int(number) <= 20 else "Create Splits"
        self._create.set_text(many if folds else "Create Split")
        self._strategy.set_text(words.strategy(self._data.annotation, self.values.target or _first(self._data.targets)))
        self.grouping.arrange(self.values)

    def _turn(self) -> None:
        self.change(way=self._way.value)

    def _choose_target(self, target: Any) -> None:
        self.change(target=target)

    def _roll(self) -> None:
        self._seed.element.set_value(str(secrets.randbelow(DICE)))


def _first(names: Sequence[str]) -> str | None:
    return names[0] if names else None


def _message(errors: Sequence[FieldError], path: str) -> str | None:
    found = next((error.message for error in errors if error.path.startswith(path)), None)
    return found and found[:1].upper() + found[1:]
