"""One experiment that is queued or training: follows its worker, and decides what became of it."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field

from aistudio.jobs.launchers.base import Handle
from aistudio.jobs.lifecycle import START_GRACE_SECONDS, adopt, judge, lost, not_started
from aistudio.jobs.run import Run
from aistudio.jobs.tail import Tail
from aistudio.schema.events import Verdict
from aistudio.schema.experiment import Experiment
from aistudio.store.checkpoints import can_go_on
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.job_folder import JobFolder
from aistudio.store.process import is_running, orphans, session_members

TERM_AFTER_SECONDS = 30.0
KILL_AFTER_SECONDS = 45.0


@dataclass
class Launched:
    """A worker that this server started and that has not shown itself yet."""

    handle: Handle
    at: float


@dataclass
class Watch:
    """`look` is idempotent: called any number of times, by any server, it leads to the same end."""

    folder: ExperimentFolder
    run: Run
    launched: Launched | None = None
    stopping_since: float | None = None
    tails: dict[str, Tail] = field(default_factory=dict)

    def look(self, alive: bool) -> bool:
        """Takes in what is new. `alive`: whether a launched worker still runs. True if anything changed."""
        with self.folder.lock:
            experiment = self.folder.read()
            if not experiment.active:
                return False
            held = self.folder.lease_held()  # asked before reading, so that a worker's last words are read
            changed = self.follow()
            job = self.folder.attempt(experiment.attempt)
            if experiment.status == "queued":
                return self._look_at_queued(experiment, job, held, alive) or changed
            if held:
                self._press(job)
                return changed
            self._close(
                experiment, job, _verdict(job, experiment) or lost(experiment.attempt, time.time(), job.log_tail())
            )
            return True

    def follow(self) -> bool:
        """Folds what workers appended since last time."""
        events = [
            event
            for job in self.folder.attempts()
            for event in self.tails.setdefault(job.path.name, Tail(job.events)).read()
        ]
        for event in events:
            self.run.feed(event)
        return bool(events)

    def refuse(self, reason: str) -> None:
        """The worker of a queued run could not even be launched."""
        with self.folder.lock:
            experiment = self.folder.read()
            self._close(
                adopt(experiment),
                self.folder.attempt(experiment.attempt),
                not_started(experiment.attempt, time.time(), reason),
            )

    def _look_at_queued(self, experiment: Experiment, job: JobFolder, held: bool, alive: bool) -> bool:
        if job.worker() is not None:
            self.launched = None
            self.folder.write(adopt(experiment))
            return True
        if self.launched is None or held:
            return False
        overdue = time.monotonic() - self.launched.at > START_GRACE_SECONDS
        if not alive or overdue:
            self._close(adopt(experiment), job, not_started(experiment.attempt, time.time(), job.log_tail()))
            return True
        return False

    def _press(self, job: JobFolder) -> None:
        """Ends what outlived its main process, and turns a stop that is not obeyed into signals."""
        worker = job.worker()
        if worker is None:
            return
        if not is_running(worker):
            _kill(orphans(worker))
        elif job.stop_requested():
            self.stopping_since = self.stopping_since or time.monotonic()
            waited = time.monotonic() - self.stopping_since
            if waited > KILL_AFTER_SECONDS:
                _kill(session_members(worker.pid))
            elif waited > TERM_AFTER_SECONDS:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGTERM)

    def _close(self, experiment: Experiment, job: JobFolder, verdict: Verdict) -> None:
        run = self.run
        intact = can_go_on(self.folder.checkpoints)
        self.folder.write(judge(experiment, verdict, run.progress, run.metrics, run.best_epoch, run.seconds, intact))


def _verdict(job: JobFolder, experiment: Experiment) -> Verdict | None:
    verdict = job.verdict()
    return verdict if verdict is not None and verdict.attempt == experiment.attempt else None


def _kill(pids: list[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
