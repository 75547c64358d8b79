"""What there is to compute on."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ValidationError

from aistudio.jobs.asking import Asking
from aistudio.schema.device import Device

PROBE = Path(__file__).with_name("nvml_probe.py")


class DeviceSource(Protocol):
    def devices(self) -> list[Device]:
        """The CPU first, then the GPUs by index."""
        ...


class Declared:
    """Devices that somebody says are there: for tests, and for trying the form without a GPU."""

    def __init__(self, gpus: Sequence[Device] = ()) -> None:
        self._gpus = list(gpus)

    def devices(self) -> list[Device]:
        return [cpu(), *self._gpus]


class _Answer(BaseModel):
    """What the probe prints."""

    problem: str | None
    gpus: list[Device]


class Nvml:
    """Asks the NVIDIA driver in a process of its own, so that a hanging driver hangs nobody else.

    An answer is kept for a moment; `problem` says why there is none.
    """

    def __init__(self, seconds: float = 5.0, keep: float = 2.0, command: Sequence[str] | None = None) -> None:
        self.problem: str | None = None
        self._seconds = seconds
        self._keep = keep
        self._command = list(command or [sys.executable, "-I", str(PROBE)])
        self._asked = -keep
        self._gpus: list[Device] = []

    def devices(self) -> list[Device]:
        if time.monotonic() - self._asked >= self._keep:
            self._gpus = self._ask()
            self._asked = time.monotonic()
        return [cpu(), *self._gpus]

    def _ask(self) -> list[Device]:
        try:
            done = subprocess.run(self._command, capture_output=True, timeout=self._seconds, check=True)
            answer = _Answer.model_validate_json(done.stdout)
        except subprocess.TimeoutExpired:
            self.problem = f"The NVIDIA driver did not answer within {self._seconds:g} s."
            return []
        except ValidationError:
            self.problem = "The NVIDIA driver could not be asked: its answer makes no sense."
            return []
        except (subprocess.CalledProcessError, OSError) as error:
            self.problem = f"The NVIDIA driver could not be asked: {error}"
            return []
        self.problem = answer.problem
        return answer.gpus


class Glance:
    """What a source said last, for those who cannot wait for it: it is asked in a thread whenever somebody looks."""

    def __init__(self, source: DeviceSource, soon: float = 0.05, keep: float = 10.0) -> None:
        """An answer within `soon` seconds is waited for; one that was asked for longer ago than `keep` is none."""
        self._source = source
        self._soon = soon
        self._keep = keep
        self._asking: Asking[tuple[float, list[Device]]] | None = None
        self._last: tuple[float, list[Device]] | None = None

    def devices(self) -> list[Device] | None:
        """None while nothing is known."""
        if self._asking is None:
            self._asking = Asking(lambda: (time.monotonic(), self._source.devices()), "devices")
        if self._asking.is_done(self._soon):
            asked, self._asking = self._asking, None
            self._last = asked.answer()
        if self._last is None or time.monotonic() - self._last[0] > self._keep:
            return None
        return self._last[1]


def cpu() -> Device:
    total, free = _memory()
    return Device(id="cpu", name=f"CPU, {cores()} cores", memory_total=total, memory_free=free)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _memory() -> tuple[int, int]:
    """Total and available bytes of /proc/meminfo."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    kib = {name: int(rest.split()[0]) for name, rest in (line.split(":", 1) for line in lines)}
    return kib["MemTotal"] * 1024, kib["MemAvailable"] * 1024
