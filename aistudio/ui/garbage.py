"""When the garbage of pages is looked for, which holds up everybody for as long as it takes."""

import asyncio
import gc

from nicegui import Client, app

RARELY = 100  # Python's own is 10
PAUSE_SECONDS = 3.0
SHARE = 4


class Garbage:
    """A page is some ten thousand objects that hold each other. Python looks through all of them, whenever a quarter is
    new: a third of a second with fifty pages open, again and again while they are opened, to find nothing.

    So it looks rarely of its own accord, and besides when a quarter as many pages were closed as are open.
    """

    def __init__(self) -> None:
        self._closed = 0
        self._due = False

    def watch(self) -> None:
        often, sometimes, _ = gc.get_threshold()
        gc.set_threshold(often, sometimes, RARELY)
        app.on_delete(self._on_delete)

    def _on_delete(self) -> None:
        self._closed += 1
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._look)

    def _look(self) -> None:
        """Once for all pages that are forgotten at the same time."""
        self._due = False
        if self._closed * SHARE >= len(Client.instances):
            self._closed = 0
            gc.collect()
