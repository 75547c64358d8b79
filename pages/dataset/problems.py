"""What is wrong with a data set, by kind; each kind opens to its files and lines."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nicegui import ui

from aistudio.schema.project import Problem
from pages.dataset import words

PORTION = 100
FEW = 25  # so many are shown at once

Load = Callable[[str, int], Awaitable[list[Problem]]]  # kind and page, from 1


class Problems:
    """`show_images` is for kinds whose images can be looked at."""

    def __init__(
        self, totals: Mapping[str, int], load: Load, show_images: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self._load = load
        few = sum(totals.values()) <= FEW
        with ui.element("div").classes("problem-kinds"):
            for kind, count in sorted(totals.items(), key=lambda item: -item[1]):
                fold = self._kind(kind, count, show_images)
                if few:
                    fold.open()

    def _kind(self, kind: str, count: int, show_images: Callable[[str], Awaitable[None]] | None) -> ui.expansion:
        with ui.expansion(f"{words.kind(kind)} ({count:,})").props("dense").classes("w-full") as fold:
            lines = ui.element("div").classes("problem-lines")
            with ui.row().classes("gap-2"):
                more = ui.button("Show more").props("flat dense color=primary size=12px")
                images = ui.button("Show the images").props("flat dense color=primary size=12px")
        shown = {"page": 0, "count": 0, "kept": 0}

        async def go_on() -> None:
            shown["page"] += 1
            found = await self._load(kind, shown["page"])
            shown["count"] += len(found)
            shown["kept"] += sum(problem.effect != "left out" for problem in found)
            with lines:
                for problem in found:
                    _line(problem)
            more.set_visibility(len(found) == PORTION and shown["count"] < count)
            images.set_visibility(show_images is not None and shown["kept"] > 0)

        async def opened() -> None:
            if fold.value and not shown["page"]:
                await go_on()

        more.on_click(go_on)
        if show_images is not None:
            images.on_click(partial(show_images, kind))
        more.set_visibility(False)
        images.set_visibility(False)
        fold.on_value_change(opened)
        return fold


def _line(problem: Problem) -> None:
    with ui.element("div").classes("problem-line"):
        ui.label(problem.effect).classes(f"problem-effect {words.EFFECTS[problem.effect]}")
        where = problem.file if problem.line is None else f"{problem.file}, line {problem.line:,}"
        ui.label(where).classes("problem-file")
        ui.label(problem.message).classes("muted")
