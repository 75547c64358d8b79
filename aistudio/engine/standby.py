"""A warm worker: everything is imported, and the folders of jobs come line by line from whoever started it."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

from aistudio.engine.ending import leave


def serve(work: Callable[[Path], object], idle: float) -> None:
    """Does one job after the other, until none came for `idle` seconds. Ends at once with whoever started it."""
    folders: SimpleQueue[Path] = SimpleQueue()
    threading.Thread(target=_read, args=(folders,), name="stdin", daemon=True).start()
    while True:
        try:
            folder = folders.get(timeout=idle)
        except Empty:
            return
        work(folder)


def _read(folders: "SimpleQueue[Path]") -> None:
    for line in sys.stdin.buffer:
        folders.put(Path(os.fsdecode(line.rstrip(b"\n"))))
    leave(0)  # the kernel closes the pipe of a killed server, too: what is under way is for nobody
