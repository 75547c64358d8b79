"""Keeps the log readable while something stays broken."""

import logging
import time


class NotAgain(logging.Filter):
    """Lets the same message through once in so many seconds: the loop meets it five times a second."""

    def __init__(self, seconds: float = 60.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        self._said = {text: at for text, at in self._said.items() if now - at < self._seconds}
        text = f"{record.getMessage()} {record.exc_info[1]!r}" if record.exc_info else record.getMessage()
        return self._said.setdefault(text, now) == now
