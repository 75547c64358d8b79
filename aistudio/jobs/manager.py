"""The one loop that starts jobs, follows them and judges them, and tells subscribers what changed."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aistudio.errors import AIStudioError, NotFound
from aistudio.jobs import queue
from aistudio.jobs.devices import DeviceSource
from aistudio.jobs.imports import ImportWatch
from aistudio.jobs.launchers.base import Launcher
from aistudio.jobs.run import Run
from aistudio.jobs.watch import Launched, Watch
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.experiment import Experiment
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.job_folder import JobFolder
from aistudio.store.workspace import Workspace

INTERVAL_SECONDS = 0.2
KEPT_RUNS = 32

log = logging.getLogger("aistudio.jobs")


@dataclass(frozen=True)
class Change:
    """Something about this experiment, or about this import (`experiment` is None then), is new."""

    project: str
    experiment: str | None = None


Callback = Callable[[Change], None]


class Manager:
    """Nothing about a run lives only here: a new manager on the same workspace comes to the same conclusions."""

    def __init__(self, workspace: Workspace, launcher: Launcher, devices: DeviceSource) -> None:
        self._workspace = workspace
        self._launcher = launcher
        self._devices = devices
        self._watches: dict[str, Watch] = {}
        self._imports: dict[str, ImportWatch] = {}
        self._read: OrderedDict[str, Watch] = OrderedDict()
        self._callbacks: list[Callback] = []
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)

    def start(self) -> None:
        """Takes up what an earlier server left, then goes on in a thread."""
        for project in self._workspace.projects():
            for folder in project.experiments():
                try:
                    if folder.read().active:
                        self.notice(folder)
                except AIStudioError as error:
                    log.warning("%s", error)
        for path in sorted(self._workspace.staging.glob("*")):
            if (path / "request.json").exists() and not (path / "outcome.json").exists():
                try:
                    self._take_up_import(JobFolder(path))
                except AIStudioError as error:
                    log.warning("%s", error)
        self._thread.start()

    def close(self, stop_workers: bool = False) -> None:
        """Ends the loop; workers go on unless told otherwise."""
        self._closed.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        if stop_workers:
            for watch in self._watches.values():
                watch.folder.attempt(watch.folder.read().attempt).request_stop()

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """`callback` is called from other threads and must return at once. Returns what ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def notify(self, change: Change) -> None:
        for callback in list(self._callbacks):
            callback(change)

    def notice(self, folder: ExperimentFolder) -> None:
        """An experiment was queued, or is to be stopped: look at it now."""
        with self._lock:
            key = str(folder.path)
            self._read.pop(key, None)
            if key not in self._watches:
                self._watches[key] = Watch(folder, Run(folder.read().main_metric))
        self._wake.set()

    def changed(self, folder: ExperimentFolder) -> None:
        """A document was written outside the loop: tell those who look at it."""
        self.notify(Change(folder.project, folder.id))
        self._wake.set()

    def run(self, folder: ExperimentFolder) -> Run:
        """What an experiment has said so far, live or from its files."""
        key = str(folder.path)
        with self._lock:
            watch = self._watches.get(key) or self._read.get(key)
            if watch is None:
                watch = Watch(folder, Run(folder.read().main_metric))
                watch.follow()
                self._read[key] = watch
                while len(self._read) > KEPT_RUNS:
                    self._read.popitem(last=False)
        return watch.run

    def forget(self, folder: ExperimentFolder) -> None:
        with self._lock:
            self._watches.pop(str(folder.path), None)
            self._read.pop(str(folder.path), None)

    def waiting(self) -> list[queue.Waiting]:
        """The queue: who waits, in which order, and for what."""
        with self._lock:
            return queue.waiting(self._entries())

    def running(self) -> int:
        with self._lock:
            return sum(entry.running for entry in self._entries())

    def start_import(self, job: JobFolder, request: ImportJobRequest) -> ImportWatch:
        job.write_request(request)
        watch = ImportWatch(
            self._workspace, job, request, self._launcher.launch(job.path, {"CUDA_VISIBLE_DEVICES": ""})
        )
        self._imports[job.path.name] = watch
        self._wake.set()
        return watch

    def import_watch(self, job: JobFolder) -> ImportWatch:
        """Raises NotFound."""
        name = job.path.name
        if name not in self._imports:
            self._take_up_import(job)
        return self._imports[name]

    def is_importing(self, project: str) -> bool:
        mine = [watch for watch in list(self._imports.values()) if watch.request.project == project]
        return any(watch.view().status in ("checking", "importing") for watch in mine)

    def _take_up_import(self, job: JobFolder) -> None:
        try:
            request = job.request()
        except FileNotFoundError:
            raise NotFound(f"There is no import {job.path.name!r}.") from None
        assert isinstance(request, ImportJobRequest)
        watch = ImportWatch(self._workspace, job, request)
        watch.follow()
        self._imports[job.path.name] = watch

    def _loop(self) -> None:
        """One of the two places that catch everything: a fault of one experiment must not end the loop for all."""
        while not self._closed.is_set():
            self._wake.clear()
            for step in self._steps():
                try:
                    step()
                except Exception:
                    log.exception("A step of the jobs failed")
            self._wake.wait(INTERVAL_SECONDS)

    def _steps(self) -> list[Callable[[], None]]:
        return [
            *(partial(self._look_at_experiment, key, watch) for key, watch in list(self._watches.items())),
            *(partial(self._look_at_import, watch) for watch in list(self._imports.values())),
            self._launch,
        ]

    def _look_at_experiment(self, key: str, watch: Watch) -> None:
        try:
            changed = watch.look(self._alive(watch.launched))
            if not watch.folder.read().active:
                self._retire(key, watch)
                changed = True
        except (AIStudioError, FileNotFoundError) as error:  # its folder went to the trash, or is damaged
            log.warning("%s: %s", key, error)
            self._retire(key, watch)
            changed = True
        if changed:
            self.notify(Change(watch.folder.project, watch.folder.id))

    def _retire(self, key: str, watch: Watch) -> None:
        with self._lock:
            self._watches.pop(key, None)
            self._read[key] = watch

    def _look_at_import(self, watch: ImportWatch) -> None:
        if watch.look(watch.handle is None or self._launcher.alive(watch.handle)):
            self.notify(Change(watch.request.project))

    def _alive(self, launched: Launched | None) -> bool:
        return launched is not None and self._launcher.alive(launched.handle)

    def _launch(self) -> None:
        with self._lock:
            entries = self._entries()
        for entry in queue.ready(entries):
            watch = self._watches.get(entry.key)
            if watch is not None:
                self._launch_one(watch, entry.experiment)

    def _launch_one(self, watch: Watch, seen: Experiment) -> None:
        with watch.folder.lock:
            experiment = watch.folder.read()
            job = watch.folder.attempt(experiment.attempt)
            if experiment.status != "queued" or experiment.attempt != seen.attempt or job.worker() is not None:
                return
            environment = queue.visible_gpus(queue.devices_of(experiment), self._devices)
            try:
                watch.launched = Launched(self._launcher.launch(job.path, environment), time.monotonic())
            except OSError as error:
                watch.refuse(f"{error}")

    def _entries(self) -> list[queue.Entry]:
        found = []
        for key, watch in self._watches.items():
            try:
                experiment = watch.folder.read()
            except AIStudioError:
                continue
            if experiment.active:
                running = experiment.status == "training" or watch.launched is not None
                found.append(queue.Entry(key, experiment, running))
        return found
