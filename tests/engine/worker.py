"""A real worker: `python -m aistudio.engine FOLDER` in a session of its own, as the studio starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import orjson

from aistudio.jobs.launchers.local import FIXED
from aistudio.jobs.steps import AnyLine, Steps
from aistudio.jobs.tail import Tail
from aistudio.schema.events import EpochFinished, StepsLogged, TrainRequest, Verdict
from aistudio.store.atomic import write_json
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import is_held
from aistudio.store.process import session_members

Found = TypeVar("Found")
ROOT = Path(__file__).parents[2]


class Worker:
    """Started when entered; nothing of it is left afterwards. `prelude` is Python that runs before the engine."""

    def __init__(self, request: TrainRequest, env: Mapping[str, str] | None = None, prelude: str = "") -> None:
        self.folder = JobFolder(Path(request.folder))
        self.folder.write_request(request)
        self.lease = self.folder.path.parent / "lease.lock"
        write_json(self.folder.path.parent / "experiment.json", {"attempt": request.attempt, "status": "queued"})
        self._env = {**FIXED, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **(env or {})}
        run = ["-m", "aistudio.engine", str(self.folder.path)]
        if prelude:
            start = f"import runpy, sys\n{prelude}\nrunpy.run_module('aistudio.engine', run_name='__main__')"
            run = ["-c", start, str(self.folder.path)]
        self._command = [sys.executable, *run]

    def __enter__(self) -> "Worker":
        with self.folder.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self.folder.path,
                env={"PATH": os.environ["PATH"], **self._env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for pid in self.members():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def members(self) -> list[int]:
        """The worker and everything that it started."""
        return session_members(self.process.pid)

    def ranks(self) -> list[int]:
        """The further processes of a distributed run, by rank."""
        found: dict[int, int] = {}
        for pid in self.members():
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                rank = next((int(line[11:]) for line in lines if line.startswith(b"LOCAL_RANK=")), 0)
                if rank and b"aistudio.engine" in command:
                    found.setdefault(rank, pid)
        return [found[rank] for rank in sorted(found)]

    def events(self) -> list[AnyLine]:
        return list(Tail(self.folder.events).read())

    def rows(self) -> list[dict[str, float | None]]:
        return [event.row for event in self.events() if isinstance(event, EpochFinished)]

    def losses(self) -> list[float | None]:
        return [loss for event in self.events() if isinstance(event, Steps | StepsLogged) for loss in event.train_loss]

    def until(self, look: Callable[[], Found | None], what: str, seconds: float = 600.0) -> Found:
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert self.process.poll() is None, f"ended before {what}:\n{self.folder.log_tail()}"
            assert time.monotonic() < deadline, f"waited {seconds:g} s in vain until {what}:\n{self.folder.log_tail()}"
            time.sleep(0.05)
        return found

    def end(self, seconds: float = 600.0) -> Verdict:
        """Waits for the end; nothing may be left of it."""
        self.process.wait(seconds)
        verdict = self.folder.verdict()
        assert verdict is not None, self.folder.log_tail()
        assert not is_held(self.lease) and not self.members()
        assert not list(self.folder.path.parent.rglob("*.tmp"))
        for line in self.folder.events.read_bytes().splitlines():
            orjson.loads(line)
        return verdict
