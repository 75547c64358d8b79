"""One slow question, asked in a thread of its own, so that the one loop waits for no driver and no disk."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Asking(Generic[Found]):
    """Under way from the start. The thread keeps nobody from ending: an answer that never comes is lost with it."""

    def __init__(self, question: Callable[[], Found], name: str) -> None:
        self._question = question
        self._found: list[Found] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._ask, name=name, daemon=True)
        self._thread.start()

    def is_done(self, seconds: float = 0.0) -> bool:
        """Waits so long at most."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def answer(self) -> Found:
        """Only once it is done. Raises what the question raised."""
        if self._error is not None:
            raise self._error
        return self._found[0]

    def _ask(self) -> None:
        try:
            self._found.append(self._question())
        except Exception as error:  # noqa: BLE001 (raised again where it is asked for)
            self._error = error
