"""What a running job may do: speak, and be told to stop."""

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType

import orjson

from aistudio.schema.events import Event
from aistudio.store.atomic import without_nonfinite
from aistudio.store.job_folder import JobFolder


class Stopped(BaseException):
    """The user asked for the end; not an error, so no `except Exception` on the way may swallow it."""


class Job:
    """In the further processes of a distributed run (`is_main` false) `emit` says nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = JobFolder(folder)
        self.started = time.monotonic()
        self.is_main = int(os.environ.get("LOCAL_RANK", "0")) == 0
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def watch(self) -> None:
        """Sees the stop file within 0.2 s and SIGTERM at once, and leaves a sign of life every second."""
        signal.signal(signal.SIGTERM, self._terminate)
        threading.Thread(target=self._look, name="watch", daemon=True).start()

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

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _look(self) -> None:
        beat = 0.0
        while not self._stop.wait(0.2):
            if self.folder.stop_requested():
                self._stop.set()
            if self.is_main and time.monotonic() - beat > 1:
                beat = time.monotonic()
                self.folder.heartbeat.touch()
