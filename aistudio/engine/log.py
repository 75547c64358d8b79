"""Keeps `log.txt` of a long run small: what is over the limit moves to `log.txt.1`."""

import contextlib
import os
import shutil
from pathlib import Path

LARGEST = 10 * 2**20


def rotate(log: Path, largest: int = LARGEST, output: int = 1) -> bool:
    """Copies and then empties the log if this process prints into it; whether that was due.

    Emptied rather than renamed: processes started from here print into the same open file, and appending goes on at
    its new end. What is printed in the microseconds between the two is lost.
    """
    status = os.fstat(output)
    if status.st_size <= largest or not _is(log, status):
        return False
    with contextlib.suppress(OSError):  # on a full disk the old part is given up: the thread that calls this must live
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)
    return True


def _is(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), status)
    except FileNotFoundError:
        return False
