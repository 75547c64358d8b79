"""The one loop that starts jobs, follows them and judges them, and tells subscribers what changed."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from aistudio.errors import AIStudioError, DiskFull
from aistudio.jobs import estimate, queue, slots
from aistudio.jobs.devices import DeviceSource
from aistudio.jobs.hush import NotAgain
from aistudio.jobs.importer import Importer
from aistudio.jobs.imports import ImportWatch
from aistudio.jobs.launchers.base import Launcher
from aistudio.jobs.pressure import Patience, end_group
from aistudio.jobs.run import Run
from aistudio.jobs.starter import Starter, entries
from aistudio.jobs.watch import Launched, Process, Watch
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.experiment import Experiment
from aistudio.store.experiments import ExperimentFolder, readable
from aistudio.store.job_folder import JobFolder
from aistudio.store.process import is_running
from aistudio.store.workspace import Workspace

INTERVAL_SECONDS = 0.2
KEPT_RUNS = 32

log = logging.getLogger("aistudio.jobs")
log.addFilter(NotAgain())


@dataclass(frozen=True)
class Change:
    """Something about this experiment, or about this import (`experiment` is None then), is new."""

    project: str
    experiment: str | None = None


Callback = Callable[[Change], None]


class Manager:
    """Nothing about a run lives only here: a new manager on the same workspace comes to the same conclusions."""

    def __init__(
        self,
        workspace: Workspace,
        launcher: Launcher,
        devices: DeviceSource,
        patience: Patience | None = None,
        device_leases: Path | None = None,
        cpu_runs: int = 1,
    ) -> None:
        self._workspace = workspace
        self._launcher = launcher
        self._patience = patience or Patience()
        self._cpu_runs = cpu_runs
        self._closed = threading.Event()
        machine = slots.Slots(device_leases or slots.machine_folder())
        self._starter = Starter(workspace, launcher, devices, machine, cpu_runs, self._closed)
        self._watches: dict[str, Watch] = {}
        self._importer = Importer(workspace, launcher, self._patience)
        self._unread: list[ExperimentFolder] = []
        self._read: OrderedDict[str, Watch] = OrderedDict()
        self._callbacks: list[Callback] = []
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)

    def start(self) -> None:
        """Takes up what an earlier server left, then goes on in a thread."""
        for project in self._workspace.projects():
            folders = project.experiments()
            others = readable(folders)
            for folder in folders:
                self._take_up(folder, others)
        for job in self._importer.unfinished():
            try:
                self._importer.take_up(job)
            except AIStudioError as error:
                log.warning("%s", error)
        self._thread.start()

    def _take_up(self, folder: ExperimentFolder, others: Sequence[Experiment] | None = None) -> None:
        try:
            if folder.read().active:
                self.notice(folder, others)
        except AIStudioError as error:
            log.warning("%s", error)
            self._unread.append(folder)

    def _take_up_unread(self) -> None:
        """What could not be read may be put right by hand, and its worker may live all the time."""
        unread, self._unread = self._unread, []
        for folder in unread:
            if folder.path.is_dir():
                self._take_up(folder)

    def close(self, stop_workers: bool = False) -> None:
        """Ends the loop; workers go on unless told otherwise."""
        self._closed.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        for watch in self._watched().values() if stop_workers else ():
            try:
                watch.stop_worker()
            except OSError:
                log.exception("The worker of %s could not be stopped", watch.folder.path)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """`callback` is called from other threads and must return at once. Returns what ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def notify(self, change: Change) -> None:
        for callback in list(self._callbacks):
            callback(change)

    def notice(self, folder: ExperimentFolder, others: Sequence[Experiment] | None = None) -> None:
        """An experiment was queued, or is to be stopped: look at it now. `others` of its project, if they are known."""
        experiment = folder.read()
        if others is None:
            others = readable(self._workspace.project(folder.project).experiments())
        length = estimate.seconds(experiment, (one for one in others if one.id != folder.id))
        with self._lock:
            key = str(folder.path)
            self._read.pop(key, None)
            if key not in self._watches:
                self._watches[key] = Watch(folder, Run(experiment.main_metric), self._patience)
            self._watches[key].estimate = length
        self._wake.set()

    def changed(self, folder: ExperimentFolder) -> None:
        """A document was written outside the loop: tell those who look at it."""
        self.notify(Change(folder.project, folder.id))
        self._wake.set()

    def run(self, folder: ExperimentFolder) -> Run:
        """What an experiment has said so far, live or from its files."""
        watch = self._known(folder)
        if watch is None:
            with folder.lock:  # a long run takes a second to read, and only those who want this one wait for it
                watch = self._known(folder) or self._read_whole(folder)
        return watch.run

    def _known(self, folder: ExperimentFolder) -> Watch | None:
        key = str(folder.path)
        with self._lock:
            return self._watches.get(key) or self._read.get(key)

    def _read_whole(self, folder: ExperimentFolder) -> Watch:
        watch = Watch(folder, Run(folder.read().main_metric))
        watch.follow()
        with self._lock:
            self._keep(str(folder.path), watch)
        return watch

    def _keep(self, key: str, watch: Watch) -> None:
        """Some of what was read whole, the newest of it."""
        self._read[key] = watch
        while len(self._read) > KEPT_RUNS:
            self._read.popitem(last=False)

    def detail(self, folder: ExperimentFolder) -> str | None:
        """A sentence about what an active run does just now: how a stop goes on, or that it is silent."""
        watch = self._watches.get(str(folder.path))
        return watch.detail if watch else None

    def press(self, folder: ExperimentFolder) -> None:
        """Stops a run that cannot be asked to, because nothing can be written in its folder: by signals."""
        self.notice(folder)
        self._watches[str(folder.path)].stopping = True

    def is_pressed(self, folder: ExperimentFolder) -> bool:
        watch = self._watches.get(str(folder.path))
        return watch is not None and watch.stopping

    def forget(self, folder: ExperimentFolder) -> None:
        with self._lock:
            self._watches.pop(str(folder.path), None)
            self._read.pop(str(folder.path), None)
        folder.forget()

    def waiting(self) -> list[queue.Waiting]:
        """The queue: who waits, in which order, and for what."""
        return queue.waiting(self._entries(), self._cpu_runs)

    def waiting_folders(self) -> list[ExperimentFolder]:
        """Those that wait, in the order in which they start."""
        found = [self._watches.get(entry.key) for entry in queue.in_order(self._entries())]
        return [watch.folder for watch in found if watch]

    def next_position(self) -> int:
        return queue.next_position(self._entries())

    def running(self) -> int:
        return sum(entry.running for entry in self._entries())

    def busy_devices(self) -> set[str]:
        """Those that runs of this workspace leave no place on."""
        return queue.full(self._entries(), self._cpu_runs)

    def start_import(self, job: JobFolder, request: ImportJobRequest) -> ImportWatch:
        watch = self._importer.start(job, request)
        self._wake.set()
        return watch

    def import_watch(self, job: JobFolder) -> ImportWatch:
        """Raises NotFound."""
        return self._importer.watch(job)

    def is_importing(self, project: str) -> bool:
        return self._importer.is_importing(project)

    def expire_imports(self, at: datetime) -> None:
        """Forgets imports that ended a week before."""
        self._importer.expire(at)

    def _loop(self) -> None:
        """One of the two places that catch everything: a fault of one experiment must not end the loop for all."""
        while not self._closed.is_set():
            self._wake.clear()
            for step in self._steps():
                if self._closed.is_set():
                    return  # whoever closed it waits no longer than he must, and the next server may be there
                try:
                    step()
                except DiskFull as error:  # it is tried again until there is space
                    log.warning("%s", error)
                except Exception:
                    log.exception("A step of the jobs failed")
            self._wake.wait(INTERVAL_SECONDS)

    def _steps(self) -> list[Callable[[], None]]:
        return [
            *(partial(self._look_at_experiment, key, watch) for key, watch in self._watched().items()),
            *self._importer.look(lambda project: self.notify(Change(project))),
            self._take_up_unread,
            lambda: self._starter.start(self._watched()),
        ]

    def _look_at_experiment(self, key: str, watch: Watch) -> None:
        try:
            changed = watch.look(self._process)
            changed = self._retire_if_over(key, watch) or changed or watch.unread
            watch.unread = False
        except DiskFull:
            raise
        except (AIStudioError, FileNotFoundError) as error:
            log.warning("%s: %s", key, error)
            gone = not watch.folder.path.is_dir()
            if gone:
                self._retire(key, watch)  # it went to the trash; what is damaged may be put right
            changed, watch.unread = gone or not watch.unread, True
        if changed:
            self.notify(Change(watch.folder.project, watch.folder.id))

    def _retire_if_over(self, key: str, watch: Watch) -> bool:
        """Asked and done in one go, or what is queued again in between would be forgotten."""
        with watch.folder.lock:
            if watch.folder.read().active:
                return False
            self._retire(key, watch)
            return True

    def _retire(self, key: str, watch: Watch) -> None:
        with self._lock:
            if self._watches.get(key) is watch:
                self._watches.pop(key)
                self._keep(key, watch)

    def _process(self, launched: Launched | None) -> Process:
        if launched is None:
            return Process()
        if launched.handle is None:
            return Process(is_running(launched.worker), end=partial(end_group, launched.worker))
        alive = self._launcher.alive(launched.handle)
        code = None if alive else self._launcher.exit_code(launched.handle)
        return Process(alive, code, partial(self._launcher.end, launched.handle))

    def _entries(self) -> list[queue.Entry]:
        return entries(self._watched())

    def _watched(self) -> dict[str, Watch]:
        with self._lock:
            return dict(self._watches)
