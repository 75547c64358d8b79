"""Work that follows what a user types: one piece at a time, and of what is asked meanwhile only the newest."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from nicegui import background_tasks

Asked = TypeVar("Asked")


class Latest(Generic[Asked]):
    """Waits `pause` seconds for the typing to stop before it works; `alive` says whether anybody still looks."""

    def __init__(self, work: Callable[[Asked], Awaitable[None]], alive: Callable[[], bool], pause: float) -> None:
        self._work = work
        self._alive = alive
        self._pause = pause
        self._asked: list[Asked] = []
        self._busy = False

    def ask(self, what: Asked) -> None:
        self._asked = [what]
        if not self._busy:
            self._busy = True
            background_tasks.create(self._follow(), name="latest")

    async def _follow(self) -> None:
        try:
            while self._asked and self._alive():
                await asyncio.sleep(self._pause)
                what = self._asked.pop()
                if self._alive():
                    await self._work(what)
        finally:  # a fault in one piece must not keep the next from being done
            self._busy = False
