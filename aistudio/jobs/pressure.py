"""How patient the studio is with a worker: a stop in three steps, and what is said of one that is silent."""

import contextlib
import math
import os
import signal
import time
from dataclasses import dataclass, field
from datetime import datetime

from aistudio.schema.events import WorkerIdentity
from aistudio.store.job_folder import JobFolder
from aistudio.store.process import is_running, session_members


@dataclass(frozen=True)
class Patience:
    """Seconds: until a launched worker that lives must show itself (one that has ended has failed at once), from Stop
    to SIGTERM, from there to SIGKILL, and without a sign of life until that is said."""

    start: float = 60.0  # Python alone can take long to start where files come over a network or the machine is busy
    term: float = 30.0
    kill: float = 15.0
    silence: float = 10.0


@dataclass
class Pressure:
    """Turns a stop that is not obeyed into signals. Whoever calls it has made sure that the worker is that process."""

    patience: Patience
    since: float | None = None
    terminated: float | None = None
    killed: bool = False

    def apply(self, worker: WorkerIdentity, asked: bool = True) -> str:
        """Does what is due, and says how far it is. `asked`: the worker can know that it is to stop."""
        now = time.monotonic()
        if self.since is None:
            self.since = now
        term = self.since + (self.patience.term if asked else 0) - now
        if term > 0:
            return f"Asked to stop. If it does not end by itself, it is told to end in {math.ceil(term)} s."
        if self.terminated is None:
            self.terminated = now
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGTERM)
        kill = self.terminated + self.patience.kill - now  # from there, however late it was
        if kill > 0:
            return f"Told to end. If it does not, it is ended by force in {math.ceil(kill)} s."
        self.killed = True
        end(session_members(worker.pid))
        return "Ended by force."


@dataclass
class Pulse:
    """Watches the heartbeat by the clock that nobody sets; it only says, nobody is declared dead for silence."""

    patience: Patience
    _beat: float | None = None
    _seen: float = field(default_factory=time.monotonic)

    def words(self, job: JobFolder) -> str | None:
        """None while the worker shows signs of life."""
        beat = job.beat()
        if beat != self._beat:
            self._beat, self._seen = beat, time.monotonic()
        if beat is None or time.monotonic() - self._seen < self.patience.silence:
            return None
        return f"Not responding since {datetime.fromtimestamp(beat):%H:%M:%S}."


def end_group(worker: WorkerIdentity) -> None:
    """Kills a worker with all that it has started, if that very process still runs."""
    if is_running(worker):
        end(session_members(worker.pid))


def end(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
