"""What it costs a worker to sample the machine, with data workers and GPUs."""

import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from aistudio.engine.cards import Cards
from aistudio.engine.job import Job
from aistudio.engine.system import USUAL, Worker, _now
from aistudio.store.system import append
from tests.engine import nvml

pytestmark = pytest.mark.slow
ROUNDS, DATA_WORKERS = 60, 8
SHARE = 0.005


def test_a_sample(tmp_path: Path) -> None:
    """Goal: less than 0.5 % of a core at one sample in 5 s. Without the driver itself, which only a GPU machine has."""
    nvml.install()
    sleeping = [subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(DATA_WORKERS)]
    job, worker, cards = Job(tmp_path), Worker(), Cards(["GPU-a", "GPU-b"])
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        append(job.folder.system, _now(job, worker, cards.ask()))
        taken.append(time.process_time() - began)
        threading.Event().wait(0.02)
    for process in sleeping:
        process.communicate(b"\n")
    share = statistics.median(taken) / USUAL
    processes = len(psutil.pids())
    print(f"\na sample: {1000 * statistics.median(taken):.1f} ms of CPU, {100 * share:.3f} % of a core (goal 0.5 %)")
    print(f"with {DATA_WORKERS} data workers and {processes} processes on the machine")
    assert share < SHARE
