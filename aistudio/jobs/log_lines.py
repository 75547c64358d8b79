"""The log of one attempt, cut into lines that know where they end."""

import re
from typing import NamedTuple

from aistudio.errors import BadInput
from aistudio.jobs.log_text import Levels, alone, readable
from aistudio.schema.console import Level, Line
from aistudio.store.job_folder import JobFolder
from aistudio.store.log_file import LogFile, Piece

LONGEST_LINE = 2**16
_CURSOR = re.compile(r"([0-9]{1,9})\.([0-9]{1,20})\.([0-9]{1,15})")


class Cursor(NamedTuple):
    """The end of a line: attempt, how often its log was rotated (`Place`), byte. They come in the order of printing."""

    attempt: int
    generation: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises BadInput."""
        if found := _CURSOR.fullmatch(text):
            return cls(int(found[1]), int(found[2]), int(found[3]))
        raise BadInput(f"{text[:50]!r} is not a cursor of a console.", "Leave it out to read from the beginning.")

    def __str__(self) -> str:
        return f"{self.attempt}.{self.generation}.{self.offset}"


class LogLines:
    """`generations` were read so far; before `gap`, if there is one, lines were left out."""

    def __init__(self, attempt: int, job: JobFolder) -> None:
        self.generations: set[int] = set()
        self.gap: Cursor | None = None
        self._attempt = attempt
        self._file = LogFile(job)
        self._levels = Levels()
        self._number = 0
        self._pending = b""
        self._end = Cursor(attempt, 0, 0)

    def read(self, is_over: bool) -> list[tuple[Cursor, Line]]:
        """The lines that are new; if nothing more is to come then also one without an end."""
        found = [line for piece in self._file.read() for line in self._cut(piece)]
        if is_over and self._pending:
            found.append(self._finish(b""))
        return found

    @property
    def unfinished(self) -> Line | None:
        text = readable(self._pending)
        return self._line(self._number + 1, alone(text), text) if text else None

    def _cut(self, piece: Piece) -> list[tuple[Cursor, Line]]:
        place = piece.place
        self.generations.add(place.generation)
        self._end = Cursor(self._attempt, place.generation, place.offset)
        if piece.skipped:
            self.gap = self._end
            self._pending, self._number = b"", self._number + piece.skipped
        *whole, rest = piece.data.split(b"\n")
        found = []
        for data in whole:
            self._end = self._end._replace(offset=self._end.offset + len(data) + 1)
            found.append(self._finish(data))
        self._pending = _shortened(self._pending + rest)
        return found

    def _finish(self, data: bytes) -> tuple[Cursor, Line]:
        text = readable(self._pending + data)
        self._pending = b""
        self._number += 1
        return self._end, self._line(self._number, self._levels.of(text), text)

    def _line(self, number: int, level: Level, text: str) -> Line:
        return Line(attempt=self._attempt, number=number, level=level, text=text)


def _shortened(line: bytes) -> bytes:
    """Of a line that does not end, such as a progress bar's, only the end is shown once it ends."""
    return line if len(line) <= LONGEST_LINE else line[-LONGEST_LINE // 2 :]
