"""Removes what nobody needs any more, a week later: at the start and once a day, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from aistudio.store.experiments import now

Expire = Callable[[datetime], object]

DAY_SECONDS = 24 * 3600.0

log = logging.getLogger("aistudio.jobs")


class Janitor:
    """`expire` are told the time, and remove what is too old by then."""

    def __init__(self, *expire: Expire, interval: float = DAY_SECONDS) -> None:
        self._expire = expire
        self._interval = interval
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="janitor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()

    def _loop(self) -> None:
        while not self._closed.is_set():
            for expire in self._expire:
                try:
                    expire(now())
                except OSError as error:  # a read-only disk must not end it for all time
                    log.warning("What is old could not be removed: %s", error)
            self._closed.wait(self._interval)
