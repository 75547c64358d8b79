"""A warm worker as a process of this machine: it imports what jobs need, then does one folder after the other."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from aistudio.jobs.launchers.local import environment
from aistudio.store.process import session_members


class StandbyWorker:
    """Lives as long as the pipe to it is open, at most: it ends with the server, however that ends."""

    def __init__(self, folder: Path, idle: float) -> None:
        """What it prints goes to `folder`; it ends by itself when nothing came for `idle` seconds. Uses no GPU."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log.txt").open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "aistudio.engine", "--standby", f"{idle:g}"],
                cwd=folder,
                env=environment({"CUDA_VISIBLE_DEVICES": ""}),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                bufsize=0,
            )
        threading.Thread(target=self._child.wait, name=f"reaper of {self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def alive(self) -> bool:
        return self._child.poll() is None

    def send(self, folder: Path) -> None:
        """One that is gone, or that another thread has just ended, hears nothing: `alive` says so."""
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._child.stdin.write(os.fsencode(folder) + b"\n")

    def end(self, patience: float = 0.0) -> None:
        """Closes the pipe, and kills it with all that it started if it is not gone soon."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(patience)
        for pid in session_members(self.pid) if self.alive() else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._child.wait()

    def fate(self) -> str:
        """How it ended, in words."""
        code = self._child.poll()
        if code is None:
            return "is running"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
