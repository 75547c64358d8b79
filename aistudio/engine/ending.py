"""The end of a worker: at once, and with everything that it started."""

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from typing import NoReturn

from aistudio.store.process import session_members

SECONDS = 5.0


def leave(code: int) -> NoReturn:
    """Taking torch apart would take seconds, in which the lease is still held; it is free when this process is gone."""
    for child in multiprocessing.active_children():
        child.kill()
    if os.getsid(0) == os.getpid():
        _end_session()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # the disk of the log may be full
            stream.flush()
    os._exit(code)


def _end_session() -> None:
    """Kills what was started from here, further ranks and their workers included, and waits until it is gone."""
    until = time.monotonic() + SECONDS
    while (others := set(session_members(os.getpid())) - {os.getpid()}) and time.monotonic() < until:
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
