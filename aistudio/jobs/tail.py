"""Reads what a worker appended since last time: complete lines only, from a byte cursor."""

from pathlib import Path

import orjson
from pydantic import ValidationError

from aistudio.schema.events import EVENT, AnyEvent


class Tail:
    """A torn last line is left until its end arrives; a damaged line in the middle is passed over and counted."""

    def __init__(self, path: Path, cursor: int = 0) -> None:
        self.path = path
        self.cursor = cursor
        self.damaged = 0

    def read(self, limit: int = 64 * 2**20) -> list[AnyEvent]:
        try:
            with self.path.open("rb") as file:
                file.seek(self.cursor)
                data = file.read(limit)
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self.cursor += end
        return [event for line in data[:end].splitlines() if (event := self._event(line))]

    def _event(self, line: bytes) -> AnyEvent | None:
        try:
            return EVENT.validate_python(orjson.loads(line))
        except (orjson.JSONDecodeError, ValidationError):
            self.damaged += 1
            return None
