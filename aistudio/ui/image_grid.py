"""A page of images with what marks them, as tiles or as a list; the arrow keys go from one to the next."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from nicegui import ui

from aistudio.ui import overlays

OVERLAYS = {"aistudio-overlays": str(Path(overlays.__file__).parent)}
SIDES = {"small": 96, "medium": 148, "large": 240}


class ImageGrid(ui.element, component="image_grid.js", esm=OVERLAYS):
    """Drawn in the browser from one message. `on_open` gets the place of an image on the page."""

    def __init__(self, label: str, on_open: Callable[[int], Awaitable[None]]) -> None:
        super().__init__()
        self._props["label"] = label
        self._props["pictures"] = []
        self._props["side"] = SIDES["medium"]
        self._props["list"] = False
        self._props["marks"] = True
        self.on("open", lambda event: on_open(int(event.args)))

    def show(self, pictures: Sequence[dict[str, Any]]) -> None:
        """What `overlays.small` made of each image."""
        self._props["pictures"] = list(pictures)
        self.update()

    def look(self, view: str, marks: bool) -> None:
        """`view`: small, medium or large tiles, or a list."""
        self._props["list"] = view == "list"
        self._props["side"] = SIDES.get(view, SIDES["medium"])
        self._props["marks"] = marks
        self.update()

    def focus(self, place: int) -> None:
        """Puts the keyboard on an image, if it is there."""
        self.run_method("focus", place)
