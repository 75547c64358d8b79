"""One reader for each experiment that somebody looks at, shared by all who do."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from aistudio.store.experiments import ExperimentFolder

Reader = TypeVar("Reader")


class Readers(Generic[Reader]):
    """Those that were not asked for the longest are given up: whatever a reader knows is in the files."""

    def __init__(self, make: Callable[[ExperimentFolder], Reader], kept: int) -> None:
        self._make = make
        self._kept = kept
        self._known: OrderedDict[str, Reader] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: ExperimentFolder) -> Reader:
        key = str(folder.path)
        with self._lock:
            if key not in self._known:
                self._known[key] = self._make(folder)
            self._known.move_to_end(key)
            while len(self._known) > self._kept:
                self._known.popitem(last=False)
            return self._known[key]


class Pace:
    """Says yes at most every so many seconds: what was read a moment ago is not read again for the next viewer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at = -seconds

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._at < self._seconds:
            return False
        self._at = now
        return True
