"""A lease: an exclusive flock that a process holds for its whole life, the only fact about who is alive."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

PROBE_SECONDS = 30.0


class Lease:
    """Held from `acquire` until `release` or any death of the process and of the children it forked."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, path: Path, patience: float = 3.0) -> "Lease | None":
        """The lease, or None if somebody else keeps it for `patience` seconds.

        A probe takes microseconds, unless its process is made to stand still just then: that is given more time.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        began = time.monotonic()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return cls(descriptor)
            except BlockingIOError:
                waited = time.monotonic() - began
                if waited >= PROBE_SECONDS or (waited >= patience and not _can_share(descriptor)):
                    os.close(descriptor)
                    return None
                time.sleep(0.01)

    def release(self) -> None:
        os.close(self._descriptor)

    def write(self, data: bytes) -> None:
        """Notes the holder in the file itself."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, data, 0)

    def __enter__(self) -> "Lease":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Whether some process holds the lease. Writes nothing, and takes no other probe for a holder."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _can_share(descriptor)
    finally:
        os.close(descriptor)


def _can_share(descriptor: int) -> bool:
    """Whether nobody holds the lease: probes share it with each other."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True
