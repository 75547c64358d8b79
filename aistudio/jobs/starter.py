"""Starts what waits as soon as its devices are free, here and on the whole machine."""

import hashlib
import os
import threading
from collections.abc import Mapping, Sequence

from aistudio.errors import AIStudioError, DiskFull
from aistudio.jobs import queue, slots
from aistudio.jobs.devices import DeviceSource, Glance
from aistudio.jobs.launchers.base import Launcher
from aistudio.jobs.pressure import end_group
from aistudio.jobs.watch import Launched, Watch
from aistudio.schema.experiment import Experiment
from aistudio.store.process import identity
from aistudio.store.workspace import Workspace


class Starter:
    """`cpu_runs`: how many runs may train on the CPU at a time. Once `closed`, it launches nothing more."""

    def __init__(
        self,
        workspace: Workspace,
        launcher: Launcher,
        devices: DeviceSource,
        machine: slots.Slots,
        cpu_runs: int,
        closed: threading.Event,
    ) -> None:
        self._workspace = workspace
        self._launcher = launcher
        self._devices = Glance(devices)
        self._slots = machine
        self._cpu_runs = cpu_runs
        self._closed = closed
        cpu = f"cpu-{hashlib.sha256(str(workspace.root.resolve()).encode()).hexdigest()[:16]}"
        self._cpu_places = [cpu, *(f"{cpu}-{number}" for number in range(2, cpu_runs + 1))]

    def start(self, watches: Mapping[str, Watch]) -> None:
        found = entries(watches)
        wanted = {device for entry in found if not entry.running for device in entry.devices if device != "cpu"}
        devices = self._devices.devices() if wanted else []  # the driver is asked only while somebody waits for a GPU
        unseen = wanted - {device.id for device in devices or ()}
        for entry in found:
            lost = tuple(device for device in entry.devices if device in unseen)
            watches[entry.key].lost = () if entry.running or devices is None else lost
        for entry in queue.ready(found, self._cpu_runs, unseen):
            self._start(watches[entry.key], entry.experiment, queue.cards(entry.devices, devices or ()))

    def _start(self, watch: Watch, seen: Experiment, chosen: Sequence[str]) -> None:
        note = f"{seen.name} of {self._workspace.root}"
        try:
            leases = self._slots.take(chosen, note) if chosen else self._slots.take_one(self._cpu_places, note)
        except OSError as error:
            watch.blocked = f"which cannot be reserved: {error.strerror} ({error.filename})"
            return
        if isinstance(leases, str):
            watch.blocked = f"used by {leases}"
            return
        watch.blocked = None
        launched = None
        try:
            with watch.folder.lock:
                experiment = watch.folder.read()
                job = watch.folder.attempt(experiment.attempt)
                if experiment.status != "queued" or experiment.attempt != seen.attempt or job.worker() is not None:
                    return
                if self._closed.is_set():
                    return
                handle = self._launcher.launch(job.path, self._environment(chosen), leases)
                launched = Launched(identity(experiment.attempt, handle.pid), handle)
                job.write_launched(launched.worker)
                watch.launched = launched  # nobody is told of it before a later server would know of it too
        except (OSError, DiskFull) as error:
            if launched is not None:
                watch.launched = launched
                end_group(launched.worker)
            watch.refuse(error)
        finally:
            slots.release(leases)  # the worker has them now

    def _environment(self, cards: Sequence[str]) -> dict[str, str]:
        """On the CPU each run gets its share of the cores: more threads than cores make all of them slower."""
        env = {"CUDA_VISIBLE_DEVICES": ",".join(cards)}
        if not cards and self._cpu_runs > 1:
            env["OMP_NUM_THREADS"] = str(max(len(os.sched_getaffinity(0)) // self._cpu_runs, 1))
        return env


def entries(watches: Mapping[str, Watch]) -> list[queue.Entry]:
    """Who has devices or waits for some. What cannot be read does not hold up the others."""
    found = []
    for key, watch in watches.items():
        try:
            experiment = watch.folder.read()
            if experiment.active:
                found.append(_entry(key, watch, experiment))
        except AIStudioError:
            continue
    return found


def _entry(key: str, watch: Watch, experiment: Experiment) -> queue.Entry:
    launched = watch.launched is not None and watch.launched.attempt == experiment.attempt
    running = experiment.status == "training" or launched
    seconds = watch.run.progress.eta_seconds if experiment.status == "training" else watch.estimate
    return queue.Entry(key, experiment, watch.devices(experiment), running, seconds, watch.blocked, watch.lost)
