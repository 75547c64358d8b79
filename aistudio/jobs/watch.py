"""One experiment that is queued or training: follows its worker, and decides what became of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from aistudio.errors import Damaged, DiskFull
from aistudio.jobs.asking import Asking
from aistudio.jobs.launchers.base import Handle
from aistudio.jobs.lifecycle import adopt, judge, lost, not_started, refused
from aistudio.jobs.pressure import Patience, Pressure, Pulse, end, end_group
from aistudio.jobs.queue import devices_of
from aistudio.jobs.run import Run
from aistudio.jobs.tail import Tail
from aistudio.schema.events import Verdict, WorkerIdentity
from aistudio.schema.experiment import Experiment
from aistudio.store.atomic import is_full
from aistudio.store.checkpoints import Usable, usable
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.job_folder import NO_ROOM, JobFolder
from aistudio.store.process import is_running, orphans

REAPING_SECONDS = 2.0
SOON_SECONDS = 0.05  # in which small checkpoints are read


@dataclass
class Launched:
    """The process of an attempt, known before it says who it is; without `handle` if an earlier server started it."""

    worker: WorkerIdentity
    handle: Handle | None = None
    at: float = field(default_factory=time.monotonic)

    @property
    def attempt(self) -> int:
        return self.worker.attempt


@dataclass(frozen=True)
class Process:
    """What the launcher knows of a worker: whether it runs, and if not, how it ended. `end` kills it."""

    alive: bool = False
    exit_code: int | None = None
    end: Callable[[], None] = lambda: None


@dataclass
class Watch:
    """`look` is idempotent: called any number of times, by any server, it leads to the same end.

    `detail` is what can be said of the run just now, `estimate` how long a waiting one will take. `unread`:
    its document could not be read last time. `stopping`: it is to stop, and the disk does not let it be told.
    """

    folder: ExperimentFolder
    run: Run
    patience: Patience = field(default_factory=Patience)
    launched: Launched | None = None
    detail: str | None = None
    estimate: float | None = None
    blocked: str | None = None
    lost: tuple[str, ...] = ()
    unread: bool = False
    stopping: bool = False
    tails: dict[str, Tail] = field(default_factory=dict)
    _attempt: int = 0
    _freed: float | None = None
    _job: JobFolder = field(init=False)
    _seen: Experiment | None = None
    _understood: tuple[Experiment, tuple[str, ...]] | None = None
    _checking: Asking[Usable | None] | None = None

    def __post_init__(self) -> None:
        self._begin(0)

    def look(self, process_of: Callable[[Launched | None], Process]) -> bool:
        """Takes in what is new; True if anything changed."""
        with self.folder.lock:
            experiment = self.folder.read()
            if not experiment.active:
                return False
            if experiment.attempt != self._attempt:
                self._begin(experiment.attempt)
            if self._just_waits(experiment):
                return False
            process = process_of(self.launched)
            held = self.folder.lease_held()  # asked before reading, so that a worker's last words are read
            changed = self.follow()
            job = self._job
            if experiment.status == "queued":
                changed = self._look_at_queued(experiment, job, held, process) or changed
                self._seen = experiment
                return changed
            if held:
                return self._press(job) or changed
            verdict = _verdict(job, experiment)
            if verdict is None and self._is_dying(process):
                return changed
            return self._close(experiment, lambda found: verdict or self._lost(experiment, job, process, found))

    def _just_waits(self, experiment: Experiment) -> bool:
        """Whether nothing can be new: a thousand may wait, and each pass looks at all of them."""
        same = experiment is self._seen and experiment.status == "queued"
        return same and self.launched is None and not self._job.has_worker()

    def _begin(self, attempt: int) -> None:
        """Another attempt: nothing that was known of the process of the one before counts."""
        self._job, self._seen = self.folder.attempt(attempt), None
        if self.launched is None or self.launched.attempt != attempt:
            left = self._job.launched()
            self.launched = Launched(left) if left is not None and is_running(left) else None
        self._attempt = attempt
        self._freed = self.detail = self.blocked = None
        self.lost = ()
        self.stopping, self._checking = False, None
        self._pressure, self._pulse = Pressure(self.patience), Pulse(self.patience)

    def devices(self, experiment: Experiment) -> tuple[str, ...]:
        """What this experiment, just read, is to run on. Raises Damaged. The same document is understood only once."""
        if self._understood is None or self._understood[0] is not experiment:
            self._understood = experiment, devices_of(experiment)
        return self._understood[1]

    def follow(self) -> bool:
        """Folds what workers appended since last time."""
        found = False
        for job in self.folder.attempts():
            for event in self.tails.setdefault(job.path.name, Tail(job.events)).read():
                self.run.feed(event)
                found = True
        return found

    def refuse(self, error: OSError | DiskFull) -> None:
        """The worker of a queued run could not even be launched."""
        with self.folder.lock:
            experiment = self.folder.read()
            code = NO_ROOM if isinstance(error, DiskFull) or is_full(error) else None
            verdict = not_started(experiment.attempt, time.time(), str(error), code)
            self._close(adopt(experiment), lambda _: verdict)

    def stop_worker(self) -> None:
        """Only what runs: what waits stays in the queue for the next server. Asks no document, which may be damaged."""
        with self.folder.lock:
            for job in self.folder.attempts()[-1:]:
                if self.folder.lease_held():
                    job.request_stop()
                elif (launched := job.launched()) is not None:
                    end_group(launched)

    def _look_at_queued(self, experiment: Experiment, job: JobFolder, held: bool, process: Process) -> bool:
        if job.worker() is not None:
            self._checking = None  # of a launch that had failed
            self.folder.write(adopt(experiment))
            return True
        if self.launched is not None and process.alive:
            if time.monotonic() - self.launched.at > self.patience.start:
                process.end()  # or it would keep its devices
            return False
        if held:
            return False
        if self.launched is None:
            return self._refuse_if_unusable(experiment)
        verdict = not_started(experiment.attempt, time.time(), job.log_tail(), process.exit_code)
        return self._close(adopt(experiment), lambda _: verdict)

    def _refuse_if_unusable(self, experiment: Experiment) -> bool:
        """One that nobody can give a device to would wait for ever."""
        try:
            self.devices(experiment)
        except Damaged as error:
            verdict = refused(experiment.attempt, time.time(), error.message, error.advice)
            return self._close(adopt(experiment), lambda _: verdict)
        return False

    def _is_dying(self, process: Process) -> bool:
        """The lease is free a moment before the process is gone, and only then it is known what ended it."""
        self._freed = self._freed or time.monotonic()
        return process.alive and time.monotonic() - self._freed < REAPING_SECONDS

    def _press(self, job: JobFolder) -> bool:
        """Ends what outlived its main process, and a worker that does not stop; True if there is more to say."""
        worker = job.worker()
        if worker is None:
            return False
        before, self.detail = self.detail, None
        if not is_running(worker):
            end(orphans(worker))
        elif (asked := job.stop_requested()) or self.stopping:
            self.detail = self._pressure.apply(worker, asked)
        else:
            self.detail = self._pulse.words(job)
        return self.detail != before

    def _lost(self, experiment: Experiment, job: JobFolder, process: Process, found: Usable | None) -> Verdict:
        stop: Literal["asked", "forced"] | None = "asked" if job.stop_requested() or self.stopping else None
        if self._pressure.killed:
            stop = "forced"
        return lost(experiment.attempt, time.time(), job.log_tail(), process.exit_code, stop, found is not None)

    def _close(self, experiment: Experiment, verdict_for: Callable[[Usable | None], Verdict]) -> bool:
        """Not before its checkpoints are read, which takes seconds where they are large; True if anything changed."""
        if self._checking is None:
            self.folder.tidy()
            self._checking = Asking(lambda: usable(self.folder.checkpoints), f"checkpoints of {self.folder.id}")
        run, before = self.run, self.detail
        if not self._checking.is_done(SOON_SECONDS):
            self.detail = "It has ended; its checkpoints are being checked."
            return self.detail != before
        found, self.detail = self._checking.answer(), None
        epoch, verdict = found.epoch if found else None, verdict_for(found)
        self.folder.write(judge(experiment, verdict, run.progress, run.metrics, run.best_epoch, run.seconds, epoch))
        self._checking = None
        return True


def _verdict(job: JobFolder, experiment: Experiment) -> Verdict | None:
    verdict = job.verdict()
    return verdict if verdict is not None and verdict.attempt == experiment.attempt else None
