"""Which process is which, for all time: boot id, pid and start ticks (proc(5))."""

import os
from pathlib import Path

from aistudio.schema.events import WorkerIdentity


def identity(attempt: int, pid: int | None = None) -> WorkerIdentity:
    """Of the calling process, or of another one; of one that is gone already it fits nobody."""
    pid = os.getpid() if pid is None else pid
    return WorkerIdentity(attempt=attempt, pid=pid, boot_id=boot_id(), start_ticks=start_ticks(pid) or 0)


def is_running(worker: WorkerIdentity) -> bool:
    """Whether that very process runs; another one with the same pid does not count, nor does a zombie."""
    return worker.boot_id == boot_id() and start_ticks(worker.pid) == worker.start_ticks


def orphans(worker: WorkerIdentity) -> list[int]:
    """What a worker that is gone forked and left running. Nothing if its pid belongs to somebody else by now.

    While they live the kernel gives their session's number to nobody, so another process of that pid means: none left.
    """
    if worker.boot_id != boot_id() or start_ticks(worker.pid) not in (None, worker.start_ticks):
        return []
    return session_members(worker.pid)


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None if there is none, or only its remains."""
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] not in "ZX" else None


def session_members(session: int) -> list[int]:
    """Every live process of a session: a worker and what it forked."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if (fields := _stat(pid)) and int(fields[3]) == session and fields[0] not in "ZX"]


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; the name in front may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
