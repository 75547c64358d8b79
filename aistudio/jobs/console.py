"""Follows what all attempts of an experiment print, for everybody who looks at it."""

import threading
from collections import deque
from collections.abc import Mapping

from aistudio.jobs.log_lines import Cursor, LogLines
from aistudio.jobs.readers import Pace
from aistudio.schema.console import Console, Level, Line, Threshold
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.job_folder import JobFolder
from aistudio.store.log_file import MOST, size

PACE_SECONDS = 0.5
KEPT_LINES = 2000
START = Cursor(0, 0, 0)
SHOWN: dict[Threshold, tuple[Level, ...]] = {
    "all": ("info", "warning", "error"),
    "warning": ("warning", "error"),
    "error": ("error",),
}


class Shelf:
    """The last lines of some levels, each with its end. Who looked last before `floor` has missed some."""

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self.levels = levels
        self.floor = START
        self._lines: deque[tuple[Cursor, Line]] = deque()

    def add(self, end: Cursor, line: Line) -> None:
        if line.level in self.levels:
            self._lines.append((end, line))
        if len(self._lines) > KEPT_LINES:
            self.floor, _ = self._lines.popleft()

    def after(self, cursor: Cursor) -> list[Line]:
        return [line for end, line in self._lines if end > cursor]


class ConsoleReader:
    """Reads what is new at most twice a second, however many look."""

    def __init__(self, folder: ExperimentFolder) -> None:
        self._folder = folder
        self._pace = Pace(PACE_SECONDS)
        self._lock = threading.Lock()
        self._forget()

    def read(self, since: Cursor | None, level: Threshold) -> Console:
        """The lines after a cursor; if it is none of these logs, or too much came since, all that are kept."""
        with self._lock:
            if self._pace.due():
                self._follow()
            shelf = self._shelves[level]
            reset = since is None or not (self._is_of_these(since) and shelf.floor <= since <= self._end)
            return Console(
                lines=shelf.after(START if reset or since is None else since),
                unfinished=self._unfinished(shelf),
                cursor=str(self._end),
                reset=reset,
            )

    def _forget(self) -> None:
        self._logs: dict[int, LogLines] = {}
        self._shelves = {threshold: Shelf(levels) for threshold, levels in SHOWN.items()}
        self._end = START

    def _follow(self) -> None:
        jobs = {int(job.path.name[8:]): job for job in self._folder.attempts()}
        if not self._logs.keys() <= jobs.keys():  # the run was taken back to its beginning
            self._forget()
        newest = max(self._logs, default=0)
        for attempt in _recent(jobs):
            if attempt > newest:
                self._logs[attempt] = LogLines(attempt, jobs[attempt])
        for attempt, log in self._logs.items():
            self._take(log, is_over=attempt < max(self._logs))

    def _take(self, log: LogLines, is_over: bool) -> None:
        for end, line in log.read(is_over):
            self._end = max(self._end, end)
            for shelf in self._shelves.values():
                shelf.add(end, line)
        for shelf in self._shelves.values():
            shelf.floor = max(shelf.floor, log.gap or START)

    def _is_of_these(self, cursor: Cursor) -> bool:
        log = self._logs.get(cursor.attempt)
        return log is not None and cursor.generation in log.generations

    def _unfinished(self, shelf: Shelf) -> Line | None:
        line = self._logs[max(self._logs)].unfinished if self._logs else None
        return line if line is not None and line.level in shelf.levels else None


def _recent(jobs: Mapping[int, JobFolder]) -> list[int]:
    """The last attempts: as many as it takes to have enough to show."""
    found, total = [], 0
    for attempt in sorted(jobs, reverse=True):
        if total < MOST:
            found.append(attempt)
            total += size(jobs[attempt].log)
    return sorted(found)
