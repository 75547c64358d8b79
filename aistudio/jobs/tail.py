"""Reads what a worker appended since last time: complete lines only, from a byte cursor."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from aistudio.jobs import steps
from aistudio.jobs.steps import AnyLine
from aistudio.schema.events import EVENT
from aistudio.store.lines import complete


class Tail:
    """A torn last line is left until its end arrives; a damaged line in the middle is passed over and counted."""

    def __init__(self, path: Path, cursor: int = 0) -> None:
        self.path = path
        self.cursor = cursor
        self.damaged = 0

    def read(self, chunk: int = 2**20) -> Iterator[AnyLine]:
        """One event after the other, so that a million of them need no more memory than one."""
        while data := complete(self.path, self.cursor, chunk):
            self.cursor += len(data)
            for line in data.splitlines():
                if (event := steps.read(line) or self._event(line)) is not None:
                    yield event

    def _event(self, line: bytes) -> AnyLine | None:
        try:
            return EVENT.validate_json(line)
        except ValidationError:
            self.damaged += 1
            return None
