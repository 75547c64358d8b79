"""A run on several devices: its first process starts the others, hears why one failed, and lets none outlive it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from aistudio.schema.experiment import Failure
from aistudio.schema.training import Hardware

CPU_PROCESSES = "AISTUDIO_CPU_PROCESSES"
GRACE_SECONDS = 5.0
STOP_SECONDS = 20.0
_TELL = "AISTUDIO_TELL"
_PARENT = "AISTUDIO_PARENT"
_LONGEST_TRACEBACK = 20_000  # what is told must fit into a pipe that nobody reads yet
_PR_SET_PDEATHSIG = 1  # prctl(2)


def processes(hardware: Hardware) -> int:
    """One process for each GPU. On the CPU one, or as many as AISTUDIO_CPU_PROCESSES says (tests, clusters)."""
    return len(hardware.gpus) or int(os.environ.get(CPU_PROCESSES, "1"))


class Ranks:
    """The processes 1 to `count` - 1, started with the command that started this one. Lightning finds them there."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.lost = threading.Event()
        self.failure: Failure | None = None
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        os.environ.update(
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=str(_free_port()),
            WORLD_SIZE=str(count),
            NODE_RANK="0",
            LOCAL_RANK="0",
        )
        for rank in range(1, count):
            self._start(folder, rank)

    def wait(self, stop_requested: Callable[[], bool]) -> None:
        """Returns when a process was lost and the first one had time to notice by itself, or was to stop and does not.

        A collective operation that waits for a dead process may wait for ever.
        """
        while not self.lost.wait(0.2):
            if stop_requested() and any(process.poll() == 0 for process in self._processes.values()):
                self.lost.wait(STOP_SECONDS)
                return
        time.sleep(GRACE_SECONDS)

    def _start(self, folder: Path, rank: int) -> None:
        reads, writes = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-m", "aistudio.engine", str(folder)],
            env={**os.environ, "LOCAL_RANK": str(rank), _TELL: str(writes), _PARENT: str(os.getpid())},
            pass_fds=(writes,),
        )
        os.close(writes)
        self._processes[rank] = process
        threading.Thread(target=self._await, args=(rank, process, reads), name=f"rank {rank}", daemon=True).start()

    def _await(self, rank: int, process: subprocess.Popen[bytes], reads: int) -> None:
        code = process.wait()
        told = _heard(reads)
        if code != 0 and self.failure is None:
            self.failure = told or _wordless(rank, self.count, code)
            self.lost.set()


def tell(failure: Failure) -> None:
    """Says to the first process why this one fails."""
    short = failure.model_copy(update={"traceback": failure.traceback[-_LONGEST_TRACEBACK:]})
    os.write(int(os.environ[_TELL]), short.model_dump_json().encode())


def die_with_first() -> None:
    """In every process but the first: it ends when the first one does."""
    die_with_parent(int(os.environ[_PARENT]))


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when `parent`, which started it, ends; at once if it has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # of what was before, the kernel does not tell
        os.kill(os.getpid(), signal.SIGKILL)


def _heard(reads: int) -> Failure | None:
    """What a process said before it ended. Not until the end of the pipe: its own children may hold it open."""
    os.set_blocking(reads, False)
    try:
        return Failure.model_validate_json(os.read(reads, 2**16))
    except (BlockingIOError, ValidationError):
        return None
    finally:
        os.close(reads)


def _wordless(rank: int, count: int, code: int) -> Failure:
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return Failure(
        type="WorkerLost",
        message=f"Process {rank + 1} of {count} {how} without a word.",
        advice="Press Resume to go on from the last checkpoint; if it happens again, look for memory shortage.",
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
