"""What changed, for the event loop: read once for all who follow, and told to them one after the other."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from aistudio.jobs.manager import Change, Manager

PAUSE_SECONDS = 0.1

Read = Callable[[Change], Any]  # blocks; None is told to nobody
Tell = Callable[[Any], None]

log = logging.getLogger("aistudio.jobs")


class Feed:
    """Fifty pages of one run must cost hardly more than one, and must not keep others waiting.

    So readers that are equal read each change once, off the event loop; others are served between one follower and the
    next; and changes that come meanwhile are told together afterwards, after a pause as long as the telling took.
    """

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._followers: dict[object, tuple[Read, Tell]] = {}
        self._changes: dict[Change, None] = {}
        self._task: asyncio.Task[None] | None = None

    def follow(self, read: Read, tell: Tell) -> Callable[[], None]:
        """`tell` is called on the running event loop with what `read` found. Returns what ends it."""
        key, loop = object(), asyncio.get_running_loop()
        if not self._followers:
            self._end = self._manager.subscribe(lambda change: _call(loop, self._note, change))
        self._followers[key] = (read, tell)
        return lambda: self._leave(key)

    def _leave(self, key: object) -> None:
        if self._followers.pop(key, None) and not self._followers:
            self._end()

    def _note(self, change: Change) -> None:
        self._changes[change] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._tell(), name="feed")

    async def _tell(self) -> None:
        try:
            while self._changes:
                began = time.monotonic()
                changes, self._changes = list(self._changes), {}
                for change in changes:
                    await self._tell_of(change)
                await asyncio.sleep(max(PAUSE_SECONDS, time.monotonic() - began))
        finally:
            self._task = None

    async def _tell_of(self, change: Change) -> None:
        """A fault of one reader or follower must not keep the others from being told."""
        followers = list(self._followers.items())
        for read in dict.fromkeys(read for _, (read, _) in followers):
            try:
                found = await asyncio.to_thread(read, change)
            except Exception:
                log.exception("What changed could not be read: %s", change)
                continue
            for key, (its, tell) in followers:
                if its == read and found is not None and key in self._followers:
                    try:
                        tell(found)
                    except Exception:
                        log.exception("What changed could not be told: %s", change)
                    await asyncio.sleep(0)


def _call(loop: asyncio.AbstractEventLoop, note: Callable[[Change], None], change: Change) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(note, change)
