"""One image as large as the window, with what marks it: zoom, pan, a list of its annotations, next and previous."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from aistudio.ui.image_grid import OVERLAYS


class ImageViewer(ui.element, component="image_viewer.js", esm=OVERLAYS):
    """`on_step` gets 1 or -1, `on_follow` the number of a group of images that look alike, `on_close` nothing."""

    def __init__(
        self,
        on_step: Callable[[int], Awaitable[None]],
        on_follow: Callable[[], Awaitable[None]],
        on_close: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__()
        self._props["picture"] = None
        self._props["facts"] = []
        self._props["place"] = ""
        self._props["before"] = self._props["after"] = False
        self.on("step", lambda event: on_step(int(event.args)))
        self.on("follow", lambda _: on_follow())
        self.on("closed", lambda _: on_close())

    def show(
        self, picture: dict[str, Any] | None, facts: list[tuple[str, str]], place: str, before: bool, after: bool
    ) -> None:
        """`facts`: what else is known, as (name, value). `place`: such as 3 of 119. None closes it."""
        self._props.update(picture=picture, facts=[list(fact) for fact in facts], place=place)
        self._props.update(before=before, after=after)
        self.update()
