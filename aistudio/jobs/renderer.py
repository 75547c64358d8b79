"""Draws images and masks anew for browsers, in a process of its own: one at a time, started when it is first needed."""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Literal

from aistudio.errors import CorruptImage, StartFailed
from aistudio.jobs.launchers.local import environment
from aistudio.jobs.readers import Pace
from aistudio.store.renditions import Renditions

SECONDS = 20.0
TIDY_SECONDS = 60.0
IDLE = 120.0


class Renderer:
    """A file that makes the process crash, hang or eat memory costs that process, and the next file gets a new one."""

    def __init__(self, renditions: Renditions, seconds: float = SECONDS, idle: float = IDLE) -> None:
        self._renditions = renditions
        self._seconds = seconds
        self._idle = idle
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._pace = Pace(TIDY_SECONDS)

    def draw(self, way: Literal["image", "mask"], source: Path, target: Path) -> Path:
        """`target`, which is there afterwards. Raises CorruptImage, or StartFailed."""
        if not target.exists():
            with self._lock:
                if not target.exists():  # nor did anybody else draw it meanwhile
                    if self._pace.due():
                        self._renditions.prune()
                    target.parent.mkdir(parents=True, exist_ok=True)
                    self._ask(way, source, target)
        return target

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(AttributeError, ProcessLookupError):
            self._child.kill()  # type: ignore[union-attr]
        with self._lock:
            self._end()

    def _ask(self, way: str, source: Path, target: Path) -> None:
        request = json.dumps({"way": way, "source": str(source), "target": str(target)}).encode() + b"\n"
        for _ in range(2):  # an idle one may end just when it is asked
            child = self._ready()
            with contextlib.suppress(BrokenPipeError):
                assert child.stdin is not None
                child.stdin.write(request)
            said = self._answer(child)
            if said:
                error = json.loads(said)["error"]
                break
            error = "makes the process that draws it crash"
            self._end()
        if error is not None:
            raise CorruptImage(f"The file {source.name} {error}.", "Look at the check report of the Data page.")

    def _answer(self, child: subprocess.Popen[bytes]) -> bytes:
        """A line, or nothing from one that is gone or takes too long."""
        assert child.stdout is not None
        until, line = time.monotonic() + self._seconds, b""
        while not line.endswith(b"\n"):
            if not select.select([child.stdout], [], [], max(until - time.monotonic(), 0))[0]:
                self._end()
                raise CorruptImage(f"An image took longer than {self._seconds:g} s to draw.", "Make it smaller.")
            piece = os.read(child.stdout.fileno(), 65_536)
            if not piece:
                return b""
            line += piece
        return line

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise StartFailed("The server is closing.")
        if self._child is None or self._child.poll() is not None:
            self._end()
            try:
                self._child = subprocess.Popen(
                    [sys.executable, "-m", "aistudio.engine.rendering", f"{self._idle:g}", f"{2 * self._seconds:g}"],
                    env=environment({"CUDA_VISIBLE_DEVICES": ""}),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # libraries complain there of odd files, which their answer tells
                    start_new_session=True,
                    bufsize=0,
                )
            except OSError as error:
                raise StartFailed(f"The process that draws images could not be started: {error}.") from error
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
