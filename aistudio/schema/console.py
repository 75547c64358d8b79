"""What a run printed, line by line."""

from typing import Literal

from aistudio.schema.base import Document

Level = Literal["info", "warning", "error"]
Threshold = Literal["all", "warning", "error"]


class Line(Document):
    """`number` counts from the first line that is still there of the attempt; `text` has nothing that is not text."""

    attempt: int
    number: int
    level: Level
    text: str


class Console(Document):
    """The lines after a cursor. `reset`: they stand for themselves, forget the lines that came before.

    `unfinished` is what was printed after the last end of a line, such as a progress bar: it replaces the one before.
    The next request goes on from `cursor`.
    """

    lines: list[Line]
    unfinished: Line | None
    cursor: str
    reset: bool
