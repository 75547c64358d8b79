"""What a running job may do: speak, and be told to stop."""

import math
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

import orjson

from aistudio.catalog.failures import ADVICE
from aistudio.engine.ending import leave
from aistudio.engine.log import rotate
from aistudio.engine.ranks import Ranks
from aistudio.errors import DiskFull
from aistudio.schema.events import Event, Verdict
from aistudio.schema.experiment import Failure
from aistudio.store.atomic import sync_folder, without_nonfinite
from aistudio.store.job_folder import JobFolder

BLAME_SECONDS = 10.0
LEAVE_SECONDS = 2.0


class Stopped(BaseException):
    """The user asked for the end; not an error, so no `except Exception` on the way may swallow it."""


class Job:
    """In the further processes of a distributed run (`is_main` false) `emit` says nothing.

    `seconds_before` is how long earlier attempts trained. While `may_leave` there is nothing that a Stop would have to
    save, so it does not wait long for a download, or a network that takes its time to be built.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = JobFolder(folder)
        self.started = time.monotonic()
        self.attempt = 0
        self.seconds_before = 0.0
        self.rank = int(os.environ.get("LOCAL_RANK", "0"))
        self.is_main = self.rank == 0
        self.may_leave = False
        self._concluded = False
        self._ranks: Ranks | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def watch(self) -> None:
        """Sees the stop file within 0.2 s and SIGTERM at once, and leaves a sign of life every second."""
        self.hear()
        threading.Thread(target=self._look, name="watch", daemon=True).start()

    def hear(self) -> None:
        """SIGTERM asks for a stop, whatever a library has made of it meanwhile."""
        signal.signal(signal.SIGTERM, self._terminate)

    @property
    def seconds(self) -> float:
        """Of training, those of earlier attempts included."""
        return self.seconds_before + time.monotonic() - self.started

    @property
    def stop_requested(self) -> bool:
        return self._stop.is_set()

    def check_stop(self) -> None:
        """Raises Stopped if a stop was asked for: call it between stages."""
        if self.stop_requested:
            raise Stopped

    def emit(self, event: Event) -> None:
        """Appends one line to `events.jsonl`; NaN and infinity are written as null."""
        if not self.is_main:
            return
        document, found = without_nonfinite(event.model_dump(mode="python"))
        line = orjson.dumps({**document, "nonfinite": True} if found else document) + b"\n"
        with self._lock, self.folder.events.open("ab") as file:
            file.write(line)

    def sync(self) -> None:
        """What was said so far survives a power cut: to be called before something that is built on it is saved."""
        with self.folder.events.open("rb") as file:
            os.fsync(file.fileno())
        sync_folder(self.folder.path)

    def spread(self, processes: int) -> None:
        """Starts the further processes of a distributed run, and ends the run when one of them is lost."""
        if processes > 1 and self.is_main:
            self._ranks = Ranks(self.folder.path, processes)
            threading.Thread(target=self._guard, args=(self._ranks,), name="guard", daemon=True).start()

    def blame(self, own: Failure) -> Failure:
        """Why the run fails: if this process only says that it lost another one, then what happened to that."""
        if self._ranks is None or own.type in ADVICE:
            return own
        self._ranks.lost.wait(BLAME_SECONDS)
        return self._ranks.failure or own

    def conclude(self, status: str, error: Failure | None = None) -> None:
        """Writes the verdict; of several threads that want to, the first has the last word."""
        verdict = {"attempt": self.attempt, "status": status, "error": error, "finished_at": time.time()}
        with self._lock:
            if self.is_main and not self._concluded:
                with suppress(OSError):  # on a broken disk too a verdict is tried
                    self.sync()
                self.folder.write_verdict(Verdict.model_validate(verdict))
                self._concluded = True

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _guard(self, ranks: Ranks) -> None:
        ranks.wait(lambda: self.stop_requested)
        with suppress(OSError, DiskFull):  # without a verdict too the processes must not wait for ever
            self.conclude("failed" if ranks.failure else "stopped", ranks.failure)
        leave(1)

    def _look(self) -> None:
        beat, asked = 0.0, math.inf
        while True:
            time.sleep(0.2)
            now = time.monotonic()
            with suppress(OSError):  # on a full or broken disk too this thread must live: Stop is heard by it
                if self.folder.stop_requested():
                    self._stop.set()
                if self.is_main and now - beat > 1:
                    beat = now
                    self.folder.heartbeat.touch()
                    rotate(self.folder.log)
            if self._stop.is_set():
                asked = min(asked, now)
            if self.is_main and self.may_leave and now - asked > LEAVE_SECONDS:
                with suppress(OSError, DiskFull):  # without a verdict it is called lost, as it is
                    self.conclude("stopped")
                leave(0)
