"""The log of one attempt read from where the last reading ended, across its rotation: see `engine/log.py`."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aistudio.store.job_folder import JobFolder

MOST = 2**20


class Place(NamedTuple):
    """A byte of a log. `generation` rises with each rotation, so places come in the order of what was printed."""

    generation: int
    offset: int


class Piece(NamedTuple):
    """`data` begins at `place`. Before it so many lines were left out because there was too much to show."""

    place: Place
    data: bytes
    skipped: int = 0


class LogFile:
    """`log.txt` moves to `log.txt.1` when it is long: it is copied, which takes a moment, and then emptied."""

    def __init__(self, job: JobFolder) -> None:
        self._job = job
        self._rotated_at = 0
        self._place: Place | None = None

    def read(self) -> list[Piece]:
        """What was appended since last time; at first the end of what there is."""
        rotated_at, is_copied, now_size = _changed_at(self._job.old_log), is_copied_now(self._job), size(self._job.log)
        if rotated_at != _changed_at(self._job.old_log):
            return []
        if self._place is None:
            return self._begin(rotated_at, is_copied)
        found = []
        was_rotated = rotated_at != self._rotated_at and not is_copied
        if was_rotated:
            found.append(_piece(self._job.old_log, self._place))
        if was_rotated or now_size < self._place.offset:
            self._place = Place(max(self._place.generation + 1, rotated_at), 0)
            self._rotated_at = rotated_at
        return [*found, *self._rest(self._place)]

    def _begin(self, rotated_at: int, is_copied: bool) -> list[Piece]:
        """A cursor of an earlier server holds as long as the log was not rotated since."""
        self._rotated_at = rotated_at
        found = [] if is_copied else [_piece(self._job.old_log, Place(rotated_at - 1, 0))]
        return [*found, *self._rest(Place(rotated_at, 0))]

    def _rest(self, place: Place) -> list[Piece]:
        piece = _piece(self._job.log, place)
        self._place = Place(place.generation, piece.place.offset + len(piece.data))
        return [piece]


def whole(job: JobFolder) -> Iterator[bytes]:
    """All that is left of the log, oldest first."""
    for part in [job.log] if is_copied_now(job) else [job.old_log, job.log]:
        if part.exists():
            with part.open("rb") as file:
                yield from iter(lambda file=file: file.read(2**18), b"")  # type: ignore[misc]


def is_copied_now(job: JobFolder) -> bool:
    """Whether what is in `log.txt.1`, if it is there, still is in `log.txt` too: it is about to be emptied.

    The beginning tells: a log is rotated when it has megabytes, and says the time in each line.
    """
    return size(job.old_log) <= size(job.log) and _head(job.log).startswith(_head(job.old_log))


def _head(path: Path) -> bytes:
    with suppress(FileNotFoundError), path.open("rb") as file:
        return file.read(2**12)
    return b""


def _piece(path: Path, place: Place) -> Piece:
    """From there to the end, or only the last of it."""
    try:
        with path.open("rb") as file:
            file.seek(place.offset)
            data = file.read()
    except FileNotFoundError:
        data = b""
    if len(data) <= MOST:
        return Piece(place, data)
    start = data.find(b"\n", len(data) - MOST) + 1 or len(data) - MOST
    return Piece(Place(place.generation, place.offset + start), data[start:], data.count(b"\n", 0, start))


def size(path: Path) -> int:
    """0 of what does not exist."""
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _changed_at(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime_ns
    return 0
