"""What the machine of the server does at this moment."""

import threading

import psutil

from aistudio.jobs.devices import DeviceSource
from aistudio.jobs.readers import Pace
from aistudio.schema.device import Device
from aistudio.schema.system import GpuLoad, MachineLoad

PACE_SECONDS = 5.0
LOOK_SECONDS = 0.2


class LoadMeter:
    """Looks at most every 5 s, and for all who ask: the NVIDIA driver is asked in a new process, which costs 50 ms."""

    def __init__(self, devices: DeviceSource) -> None:
        self._devices = devices
        self._last: MachineLoad | None = None
        self._pace = Pace(PACE_SECONDS)
        self._lock = threading.Lock()

    def now(self) -> MachineLoad:
        """Takes a moment: not for the event loop. While one looks, the others get what was seen last."""
        if not self._lock.acquire(blocking=self._last is None):
            assert self._last is not None
            return self._last
        try:
            if self._pace.due() or self._last is None:
                self._last = self._look()
            return self._last
        finally:
            self._lock.release()

    def _look(self) -> MachineLoad:
        memory = psutil.virtual_memory()
        return MachineLoad(
            cpu_percent=psutil.cpu_percent(LOOK_SECONDS),
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            gpus=[_gpu(device) for device in self._devices.devices() if device.id != "cpu"],
        )


def _gpu(device: Device) -> GpuLoad:
    return GpuLoad(
        id=device.id,
        name=device.name,
        utilization=device.utilization,
        memory_used=device.memory_total - device.memory_free,
        memory_total=device.memory_total,
    )
