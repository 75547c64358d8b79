"""Processes that open foreign files: one that crashes, never ends or eats memory costs its file, not the import."""

import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

from aistudio.engine.ranks import die_with_parent
from aistudio.errors import AIStudioError

MOST_READERS = 4
SECONDS = 120.0
MEMORY = 4 * 2**30
_AHEAD = 4
_LOOK_SECONDS = 0.2
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
_KEPT = 32 * 2**20

Result = TypeVar("Result")


@dataclass(frozen=True)
class Lost:
    """Nothing came back; its text says why."""

    reason: str


Outcome = tuple[int, Result | Lost]


@dataclass
class _Reader:
    """One process and the places that it was given, the one at work first."""

    process: Any
    pipe: Connection
    given: deque[int] = field(default_factory=deque)
    since: float = 0.0

    def give(self, place: int) -> None:
        if not self.given:
            self.since = time.monotonic()
        self.given.append(place)
        with suppress(OSError):  # one that is dead is found out, and replaced, when its answer is to be read
            self.pipe.send(place)

    def end(self) -> int:
        """Kills it. What it died of, if it was dead already."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode or 0


def reader_count() -> int:
    return min(len(os.sched_getaffinity(0)), MOST_READERS)


class Readers(Generic[Result]):
    """Calls `work` with each place from 0 on, in forked processes, so `work` may be a closure over anything.

    What it raises is raised here. `check` is called often, and may raise to end it all.
    """

    def __init__(
        self,
        work: Callable[[int], Result],
        check: Callable[[], None],
        count: int | None = None,
        seconds: float = SECONDS,
        memory: int = MEMORY,
    ) -> None:
        self._work = work
        self._check = check
        self._count = count or reader_count()
        self._seconds = seconds
        self._memory = memory
        self._readers: list[_Reader] = []

    def run(self, total: int) -> Generator[Outcome[Result], None, None]:
        """(place, what came of it), in the order in which they are ready."""
        gc.freeze()  # or each process copies what it shares with this one
        places = iter(range(total))
        try:
            self._readers = [self._start() for _ in range(min(self._count, total))]
            for reader in self._readers:
                for place in _first(places, _AHEAD):
                    reader.give(place)
            while any(reader.given for reader in self._readers):
                self._check()
                ready = wait([reader.pipe for reader in self._readers if reader.given], _LOOK_SECONDS)
                for number, reader in enumerate(self._readers):
                    if reader.pipe in ready:
                        outcome = self._receive(number)
                    elif reader.given and time.monotonic() - reader.since > self._seconds:
                        outcome = self._replace(number, f"takes longer than {self._seconds:g} seconds to read")
                    else:
                        continue
                    for place in _first(places, 1):
                        self._readers[number].give(place)
                    yield outcome
        finally:
            for reader in self._readers:
                reader.end()
            gc.unfreeze()

    def _start(self) -> _Reader:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._work, self._memory, os.getpid()), daemon=True)
        process.start()
        theirs.close()
        return _Reader(process, ours)

    def _receive(self, number: int) -> Outcome[Result]:
        reader = self._readers[number]
        try:
            result = reader.pipe.recv()
        except (EOFError, OSError):
            return self._replace(number, None)
        if isinstance(result, BaseException):
            raise result
        reader.since = time.monotonic()
        return reader.given.popleft(), result

    def _replace(self, number: int, reason: str | None) -> Outcome[Result]:
        """Another process goes on with what this one had still to do."""
        old = self._readers[number]
        if reason is None:
            old.process.join(_LOOK_SECONDS)
        died_of = old.end()
        lost = old.given.popleft()
        self._readers[number] = self._start()
        for place in old.given:
            self._readers[number].give(place)
        return lost, Lost(reason or _epitaph(died_of))


def _first(places: Iterator[int], count: int) -> list[int]:
    return [place for _, place in zip(range(count), places, strict=False)]


def _epitaph(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was being read when its reader was killed, perhaps for want of memory"
    died = signal.Signals(-code).name if code < 0 else f"code {code}"
    return f"makes its reader crash ({died})"


def _serve(pipe: Connection, work: Callable[[int], Any], memory: int, parent: int) -> None:
    """In the forked process, until it is killed or nobody asks any more."""
    die_with_parent(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _limit(memory)
    _keep_memory()
    while True:
        try:
            place = pipe.recv()
        except EOFError:
            return
        pipe.send(_outcome(work, place))


def _limit(memory: int) -> None:
    """So much more than is mapped now."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = [one for one in (mapped + memory, soft, hard) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(most), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _keep_memory() -> None:
    """Images come and go, and to take their memory anew from the kernel each time is a fifth of the work."""
    library = ctypes.CDLL(None)
    library.mallopt(_M_MMAP_THRESHOLD, _KEPT)
    library.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def _outcome(work: Callable[[int], Any], place: int) -> Any:
    """A refusal and a full disk are raised again where they can be told; all else is the fault of that one file."""
    try:
        return work(place)
    except MemoryError:
        return Lost("needs too much memory to be read")
    except Exception as error:  # noqa: BLE001 — no file may end the import in a way that nobody thought of
        traceback.print_exc()
        if isinstance(error, AIStudioError | OSError):
            return error
        return Lost(f"cannot be read: {type(error).__name__}; the log of the import has more")
