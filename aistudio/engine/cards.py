"""The GPUs of a run as NVML sees them: no CUDA is needed, and a driver that hangs holds up nobody."""

import os
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import pynvml

from aistudio.schema.system import GpuSample
from aistudio.schema.training import Hardware

SECONDS = 10.0


class DriverProblem(Exception):
    """Why the GPUs cannot be watched, in one sentence."""


def names(hardware: Hardware) -> list[str]:
    """What the run holds: UUIDs, as the studio passes them, or indices as NVML counts, as somebody at a shell may."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    known = [str(index) for index in hardware.gpus] if visible is None else visible.split(",")
    return [name.strip() for name in known[: len(hardware.gpus)]]


class Cards:
    """Asks in a thread of its own, and waits for an answer only so long."""

    def __init__(self, names: Sequence[str], seconds: float = SECONDS) -> None:
        self._names = list(names)
        self._seconds = seconds
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._answers: SimpleQueue[list[GpuSample] | pynvml.NVMLError] = SimpleQueue()
        threading.Thread(target=self._answer, name="nvml", daemon=True).start()

    def ask(self) -> list[GpuSample]:
        """Raises DriverProblem; after that there is no point in asking again."""
        self._asked.put(True)
        try:
            answer = self._answers.get(timeout=self._seconds)
        except Empty:
            raise DriverProblem(f"The NVIDIA driver did not answer within {self._seconds:g} s.") from None
        if isinstance(answer, pynvml.NVMLError):
            raise DriverProblem(f"The NVIDIA driver says: {answer}.") from answer
        return answer

    def close(self) -> None:
        self._asked.put(False)

    def _answer(self) -> None:
        try:
            pynvml.nvmlInit()
            handles = [_handle(name) for name in self._names]
            while self._asked.get():
                self._answers.put([_sample(handle) for handle in handles])
        except pynvml.NVMLError as error:
            self._answers.put(error)


def _handle(name: str) -> Any:
    if name.isdigit():
        return pynvml.nvmlDeviceGetHandleByIndex(int(name))
    return pynvml.nvmlDeviceGetHandleByUUID(name)


def _sample(handle: Any) -> GpuSample:
    memory = _told(pynvml.nvmlDeviceGetMemoryInfo, handle)
    use = _told(pynvml.nvmlDeviceGetUtilizationRates, handle)
    power = _told(pynvml.nvmlDeviceGetPowerUsage, handle)
    return GpuSample(
        id=f"gpu:{pynvml.nvmlDeviceGetIndex(handle)}",
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        name=pynvml.nvmlDeviceGetName(handle),
        utilization=use and use.gpu,
        memory_used=memory and memory.used,
        memory_total=memory and memory.total,
        temperature=_told(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU),
        power=None if power is None else power / 1000,
    )


def _told(question: Callable[..., Any], *args: Any) -> Any:
    """None for what this kind of card does not tell, such as the use of a part of one (MIG)."""
    try:
        return question(*args)
    except (pynvml.NVMLError_NotSupported, pynvml.NVMLError_NoPermission):
        return None
