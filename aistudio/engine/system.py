"""What the machine does while a run trains: a thread appends a sample to `system.jsonl` every few seconds."""

import itertools
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

from aistudio.engine.cards import Cards, DriverProblem, names
from aistudio.engine.job import Job
from aistudio.schema.events import Warned
from aistudio.schema.system import GpuSample, SystemSample
from aistudio.schema.training import Hardware
from aistudio.store.system import append

FIRST, USUAL = 1.0, 5.0
FIRST_SAMPLES, SAMPLES = 20, 500

log = logging.getLogger("aistudio.engine")


def pauses() -> Iterator[float]:
    """Seconds before each sample: often at first, so that a short run has some; a week makes 4,000 of them."""
    yield 0.2
    yield from itertools.repeat(FIRST, FIRST_SAMPLES)
    for doubled in itertools.count():
        yield from itertools.repeat(USUAL * 2**doubled, SAMPLES)


@contextmanager
def sampled(job: Job, hardware: Hardware) -> Iterator[None]:
    """While the block runs the machine is sampled, by the first process of a run. Nothing in here can end the run."""
    if not job.is_main:
        yield
        return
    over = threading.Event()
    threading.Thread(target=_sample, args=(job, names(hardware), over), name="system", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _sample(job: Job, cards: Sequence[str], over: threading.Event) -> None:
    gpus = _Gpus(job, cards)
    worker = Worker()
    psutil.cpu_percent()  # the first answer means nothing, here and below
    try:
        for pause in pauses():
            if over.wait(pause):
                break
            append(job.folder.system, _now(job, worker, gpus.ask()))
    except (OSError, psutil.Error) as error:
        log.warning("The curves of the system end here: %s", error)
    finally:
        gpus.close()


def _now(job: Job, worker: "Worker", gpus: list[GpuSample]) -> SystemSample:
    memory = psutil.virtual_memory()
    worker_cpu, worker_memory = worker.use()
    return SystemSample(
        time=round(time.time(), 3),
        elapsed=round(job.seconds, 3),
        cpu_percent=psutil.cpu_percent(),
        memory_used=memory.total - memory.available,
        memory_total=memory.total,
        worker_cpu_percent=round(worker_cpu, 1),
        worker_memory=worker_memory,
        gpus=gpus,
    )


class Worker:
    """This process, and all that were started from it: data workers, further ranks and theirs."""

    def __init__(self) -> None:
        self._first = psutil.Process()
        self._first.cpu_percent()
        self._others: dict[psutil.Process, psutil.Process] = {}

    def use(self) -> tuple[float, int]:
        """Percent of one core since the last call, and bytes of memory.

        Of further processes without what they map in common (libraries, images on their way). What only forks still
        share does count in each: telling that apart would mean to walk through all their pages.
        """
        found = self._first.children(recursive=True)
        self._others = {process: self._others.get(process, process) for process in found}
        cpu, memory = self._first.cpu_percent(), self._first.memory_info().rss
        for process in self._others.values():
            with suppress(psutil.NoSuchProcess):
                own = process.memory_info()
                cpu, memory = cpu + process.cpu_percent(), memory + own.rss - own.shared
        return cpu, memory


class _Gpus:
    """Those of the run, until the driver fails: then it says so once and there are none."""

    def __init__(self, job: Job, cards: Sequence[str]) -> None:
        self._job = job
        self._cards = Cards(cards) if cards else None

    def ask(self) -> list[GpuSample]:
        if self._cards is None:
            return []
        try:
            return self._cards.ask()
        except DriverProblem as error:
            self._cards = None
            self._job.emit(Warned(time=time.time(), message=f"The GPUs are watched no more: {error}"))
            return []

    def close(self) -> None:
        if self._cards is not None:
            self._cards.close()
