"""What is wrong with a data set, by kind; each kind opens to its files and lines."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nicegui import ui

from aistudio.schema.project import Problem
from pages.dataset import words

PORTION = 100

Load = Callable[[str, int], Awaitable[list[Problem]]]  # kind and page, from 1


class Problems:
    """`show_images` is for kinds whose images can be looked at."""

    def __init__(
        self, totals: Mapping[str, int], load: Load, show_images: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self._load = load
        with ui.element("div").classes("problem-kinds"):
            for kind, count in sorted(totals.items(), key=lambda item: -item[1]):
                self._kind(kind, count, show_images)

    def _kind(self, kind: str, count: int, show_images: Callable[[str], Awaitable[None]] | None) -> None:
        with ui.expansion(f"{words.kind(kind)} ({count:,})").props("dense").classes("w-full") as fold:
            if show_images is not None:
                button = ui.button("Show the images", icon="photo_library", on_click=partial(show_images, kind))
                button.props("flat dense color=primary")
            lines = ui.element("div").classes("problem-lines")
            more = ui.button("Show more").props("flat dense color=primary")
        shown = {"page": 0, "count": 0}

        async def go_on() -> None:
            shown["page"] += 1
            found = await self._load(kind, shown["page"])
            shown["count"] += len(found)
            with lines:
                for problem in found:
                    _line(problem)
            more.set_visibility(len(found) == PORTION and shown["count"] < count)

        async def opened() -> None:
            if fold.value and not shown["page"]:
                await go_on()

        more.on_click(go_on)
        more.set_visibility(False)
        fold.on_value_change(opened)


def _line(problem: Problem) -> None:
    with ui.element("div").classes("problem-line"):
        ui.label(problem.effect).classes(f"problem-effect {words.EFFECTS[problem.effect]}")
        where = problem.file if problem.line is None else f"{problem.file}, line {problem.line:,}"
        ui.label(where).classes("problem-file")
        ui.label(problem.message).classes("muted")
