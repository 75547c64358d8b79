"""Empties the trash of what has been there for a week: at the start and once a day, in a thread of its own."""

import logging
import threading

from aistudio.store.experiments import now
from aistudio.store.trash import Trash

DAY_SECONDS = 24 * 3600.0

log = logging.getLogger("aistudio.jobs")


class Janitor:
    def __init__(self, trash: Trash, interval: float = DAY_SECONDS) -> None:
        self._trash = trash
        self._interval = interval
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="janitor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closed.set()

    def _loop(self) -> None:
        while not self._closed.is_set():
            try:
                self._trash.expire(now())
            except OSError as error:  # a read-only disk must not end it for all time
                log.warning("The trash could not be emptied: %s", error)
            self._closed.wait(self._interval)
