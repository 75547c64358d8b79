"""Subscriptions that end with the part of the page that made them."""

import asyncio
from collections.abc import Callable
from typing import Any

from nicegui import core, ui


class Scope(ui.element):
    """Invisible. What was given to `on_delete` is called when it, or anything around it, is deleted.

    NiceGUI drops an event's callback only with the whole client, so a rebuilt panel would be called for ever after.
    """

    def __init__(self) -> None:
        super().__init__("span")
        self.set_visibility(False)
        self._endings: list[Callable[[], None]] = []

    def on_delete(self, ending: Callable[[], None]) -> None:
        self._endings.append(ending)

    def follow(self, subscribe: "Subscribe", callback: Callable[[Any], None]) -> None:
        """Calls `callback` on the event loop, inside this scope, for each change that another thread reports.

        Reports that arrive before the loop came round are told once each, in their order.
        """

        def on_loop(change: Any) -> None:
            if not self.is_deleted:
                with self:
                    callback(change)

        def from_thread(change: Any) -> None:
            loop: asyncio.AbstractEventLoop | None = core.loop
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(on_loop, change)

        self.on_delete(subscribe(from_thread))

    def _handle_delete(self) -> None:
        for ending in self._endings:
            ending()
        self._endings.clear()
        super()._handle_delete()


Subscribe = Callable[[Callable[[Any], None]], Callable[[], None]]
