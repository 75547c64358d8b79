"""What is wrong with a data set, by kind, the heaviest first; each kind opens to its files and lines."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nicegui import ui

from aistudio.schema.project import Problem, ProblemKind
from aistudio.ui.words import counted
from pages.dataset import words

PORTION = 100
FEW = 25  # so many are shown at once

Load = Callable[[str, int], Awaitable[list[Problem]]]  # kind and page, from 1


class Problems:
    """`show_images` is for kinds whose images can be looked at."""

    def __init__(
        self, kinds: Sequence[ProblemKind], load: Load, show_images: Callable[[str], Awaitable[None]] | None = None
    ) -> None:
        self._load = load
        few = sum(one.count for one in kinds) <= FEW
        with ui.element("div").classes("problem-kinds"):
            for one in sorted(kinds, key=_weight):
                fold = self._kind(one, show_images)
                if few:
                    fold.open()

    def _kind(self, one: ProblemKind, show_images: Callable[[str], Awaitable[None]] | None) -> ui.expansion:
        with ui.expansion(f"{words.kind(one.kind)} ({one.count:,})").props("dense").classes("w-full") as fold:
            with fold.add_slot("header"):
                _head(one)
            lines = ui.element("div").classes("problem-lines")
            with ui.row().classes("items-center gap-2 problem-more"):
                so_far = ui.label().classes("faint numbers").props("role=status")
                more = ui.button("Show more").props("flat dense color=primary size=12px")
                if show_images is not None and one.images:
                    images = ui.button(f"Show {counted(one.images, 'image')}", on_click=partial(show_images, one.kind))
                    images.props("flat dense color=primary size=12px")
        shown = {"page": 0, "count": 0}

        async def go_on() -> None:
            more.disable()
            shown["page"] += 1
            found = await self._load(one.kind, shown["page"])
            shown["count"] += len(found)
            with lines:
                for problem in found:
                    _line(problem)
            more.enable()
            more.set_visibility(len(found) == PORTION and shown["count"] < one.count)
            so_far.set_text(f"{shown['count']:,} of {one.count:,}" if shown["count"] < one.count else "")

        async def opened() -> None:
            if fold.value and not shown["page"]:
                await go_on()

        more.on_click(go_on)
        more.set_visibility(False)
        fold.on_value_change(opened)
        return fold


def _weight(one: ProblemKind) -> tuple[int, int]:
    """What was left out comes first, then what was changed; then what there is most of."""
    return min(map(words.gravity, one.effects)), -one.count


def _head(one: ProblemKind) -> None:
    """Its name, and beside it what becomes of its images and annotations; with numbers where that differs."""
    with ui.item_section(), ui.element("div").classes("problem-head"):
        ui.label(f"{words.kind(one.kind)} ({one.count:,})")
        with ui.element("div"):
            for effect, look in words.EFFECTS.items():
                if effect in one.effects:
                    number = f"{one.effects[effect]:,} " if len(one.effects) > 1 else ""
                    ui.label(f"{number}{effect}").classes(look)


def _line(problem: Problem) -> None:
    with ui.element("div").classes("problem-line"):
        ui.label(problem.effect).classes(f"problem-effect {words.EFFECTS[problem.effect]}")
        line = "" if problem.line is None else f", line {problem.line:,}"
        where = ui.label(f"{words.shortened(problem.file)}{line}").classes("problem-file")
        where.props["title"] = f"{problem.file}{line}"
        ui.label(problem.message).classes("muted")
