"""One at a time, in the order in which they came; of those of one page that wait, only the newest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aistudio.errors import Superseded


class _Ticket:
    def __init__(self, page: str | None) -> None:
        self.page = page


class Turns:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[_Ticket] = []
        self._busy = False

    @contextmanager
    def take(self, page: str | None = None) -> Iterator[None]:
        """Waits for its turn. Raises Superseded when the same page (None is nobody's) comes again meanwhile."""
        self._wait(_Ticket(page))
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def waiting(self) -> int:
        """How many have not begun."""
        with self._changed:
            return len(self._waiting)

    def _wait(self, ticket: _Ticket) -> None:
        with self._changed:
            if ticket.page is not None:
                self._waiting = [other for other in self._waiting if other.page != ticket.page]
                self._changed.notify_all()
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: ticket not in self._waiting or self._is_next(ticket))
            if ticket not in self._waiting:
                raise Superseded("A newer request of the same page took the place of this one.")
            self._waiting.remove(ticket)
            self._busy = True

    def _is_next(self, ticket: _Ticket) -> bool:
        return not self._busy and self._waiting[0] is ticket
