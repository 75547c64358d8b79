"""The curves of the machine as a table, and how busy it is now."""

import shutil
import threading

import pytest

from aistudio.errors import BadInput, NotFound
from aistudio.jobs import load, system
from aistudio.jobs.devices import Declared
from aistudio.jobs.load import LoadMeter
from aistudio.schema.device import Device
from aistudio.schema.system import CARD, MACHINE, GpuSample, SystemSample
from aistudio.service.system import load as load_now
from aistudio.service.system import system as curves
from aistudio.store.job_folder import JobFolder
from aistudio.store.system import append
from aistudio.studio import Studio
from tests.fixtures import GIB, contents, gpu, new_experiment
from tests.jobs.stage import folder_of


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "PACE_SECONDS", 0.0)


@pytest.fixture
def eid(studio: Studio, pid: str) -> str:
    return new_experiment(studio, pid)


def attempt(studio: Studio, pid: str, eid: str, number: int = 1) -> JobFolder:
    job = folder_of(studio, pid, eid).attempt(number)
    job.path.mkdir(exist_ok=True)
    return job


def card(index: int, use: float | None = 50.0) -> GpuSample:
    names = {"id": f"gpu:{index}", "uuid": f"GPU-{index}", "name": "Card"}
    return GpuSample(**names, utilization=use, memory_used=GIB, memory_total=24 * GIB, temperature=60, power=None)


def sample(elapsed: float, cpu: float = 10.0, *gpus: GpuSample) -> SystemSample:
    return SystemSample(
        time=1000 + elapsed,
        elapsed=elapsed,
        cpu_percent=cpu,
        memory_used=3 * GIB,
        memory_total=8 * GIB,
        worker_cpu_percent=150.0,
        worker_memory=GIB,
        gpus=list(gpus),
    )


def test_nothing_was_sampled(studio: Studio, pid: str, eid: str) -> None:
    found = curves(studio, pid, eid)
    assert (found.columns, found.rows, found.gpus, found.memory_total, found.cursor) == (list(MACHINE), [], [], None, 0)
    with pytest.raises(NotFound):
        curves(studio, pid, "e-none")


def test_samples_become_a_table(studio: Studio, pid: str, eid: str) -> None:
    job = attempt(studio, pid, eid)
    append(job.system, sample(1.0, 20.0, card(1), card(0, None)))
    append(job.system, sample(6.0, 30.0, card(0)))
    before = contents(studio.settings.workspace)
    found = curves(studio, pid, eid)
    assert found.columns == [*MACHINE, *(f"{gpu} {name}" for gpu in ("gpu:0", "gpu:1") for name in CARD)]
    machine = [3 * GIB, 150.0, GIB]
    assert found.rows == [
        [1.0, 1001.0, 1, 20.0, *machine, None, GIB, 60, None, 50.0, GIB, 60, None],
        [6.0, 1006.0, 1, 30.0, *machine, 50.0, GIB, 60, None, None, None, None, None],
    ]
    assert ([one.id for one in found.gpus], found.memory_total) == (["gpu:0", "gpu:1"], 8 * GIB)
    assert contents(studio.settings.workspace) == before


def test_only_what_is_new_is_told(studio: Studio, pid: str, eid: str) -> None:
    job = attempt(studio, pid, eid)
    append(job.system, sample(1.0))
    cursor = curves(studio, pid, eid).cursor
    assert curves(studio, pid, eid, since=cursor).rows == []
    append(job.system, sample(2.0))
    found = curves(studio, pid, eid, since=cursor)
    assert ([row[0] for row in found.rows], found.since, found.cursor) == ([2.0], 1, 2)
    shutil.rmtree(job.path)
    append(attempt(studio, pid, eid, 2).system, sample(0.5))
    found = curves(studio, pid, eid, since=found.cursor)
    assert ([row[0] for row in found.rows], found.since, found.cursor) == ([0.5], 0, 1)


def test_a_torn_last_line_and_damage_are_passed_over(studio: Studio, pid: str, eid: str) -> None:
    job = attempt(studio, pid, eid)
    append(job.system, sample(1.0))
    with job.system.open("ab") as file:
        file.write(b"\xff{}\n\n" + b"\0" * 20 + b"\n" + sample(2.0).model_dump_json().encode()[:-9])
    assert [row[0] for row in curves(studio, pid, eid).rows] == [1.0]
    with job.system.open("ab") as file:
        file.write(sample(2.0).model_dump_json().encode()[-9:] + b"\n")
    assert [row[0] for row in curves(studio, pid, eid).rows] == [1.0, 2.0]


def test_attempts_follow_one_another_and_time_never_goes_back(studio: Studio, pid: str, eid: str) -> None:
    """The second goes on from 100 s, the last logged step, after which the first still ran for 20 s."""
    elapsed = {1: (1, 60, 120), 2: (100.5, 130), 3: (400, 405)}
    for number, ends in elapsed.items():
        for end in ends:
            append(attempt(studio, pid, eid, number).system, sample(end))
    rows = curves(studio, pid, eid).rows
    assert [(row[2], row[0]) for row in rows] == [(1, 1), (1, 60), (1, 120), (2, 120), (2, 149.5), (3, 400), (3, 405)]


def test_thinning_keeps_peaks_and_order(studio: Studio, pid: str, eid: str) -> None:
    job = attempt(studio, pid, eid)
    with job.system.open("ab") as file:
        for second in range(5000):
            cpu = 99.0 if second == 1234 else 0.0 if second == 4321 else 50.0
            file.write(sample(second, cpu).model_dump_json().encode() + b"\n")
    rows = curves(studio, pid, eid, max_points=100).rows
    assert len(rows) <= 100
    values, times = [row[3] or 0.0 for row in rows], [row[0] or 0.0 for row in rows]
    assert (max(values), min(values)) == (99.0, 0.0)
    assert times == sorted(times)
    assert (times[0], times[-1]) == (0, 4999)
    assert len(curves(studio, pid, eid).rows) <= 2000
    assert len(curves(studio, pid, eid, max_points=None).rows) == 5000
    with pytest.raises(BadInput):
        curves(studio, pid, eid, max_points=1)


def test_viewers_share_one_reading(studio: Studio, pid: str, eid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once read the samples may be gone: for the next viewers nothing is read."""
    monkeypatch.setattr(system, "PACE_SECONDS", 1000.0)
    job = attempt(studio, pid, eid)
    append(job.system, sample(1.0))
    assert len(curves(studio, pid, eid).rows) == 1
    shutil.rmtree(job.path)
    for _ in range(10):
        assert len(curves(studio, pid, eid).rows) == 1


class Counting(Declared):
    """Says how often it was asked, and answers when `ready` is set."""

    def __init__(self, *gpus: Device) -> None:
        super().__init__(gpus)
        self.asked = 0
        self.ready = threading.Event()
        self.ready.set()

    def devices(self) -> list[Device]:
        self.asked += 1
        self.ready.wait(60)
        return super().devices()


def test_the_load_of_now_is_looked_at_once_for_all() -> None:
    devices = Counting(gpu(0).model_copy(update={"utilization": 73.0}), gpu(1))
    meter = LoadMeter(devices)
    found = [meter.now() for _ in range(10)]
    assert devices.asked == 1
    assert 0 <= found[0].cpu_percent <= 100
    assert 0 < found[0].memory_used < found[0].memory_total
    assert [(one.id, one.utilization, one.memory_used, one.memory_total) for one in found[0].gpus] == [
        ("gpu:0", 73.0, 4 * GIB, 24 * GIB),
        ("gpu:1", None, 4 * GIB, 24 * GIB),
    ]


def test_while_the_driver_hangs_the_last_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PACE_SECONDS", 0.0)
    devices = Counting(gpu(0))
    meter = LoadMeter(devices)
    first = meter.now()
    devices.ready.clear()
    waiting = threading.Thread(target=meter.now)
    waiting.start()
    while devices.asked < 2:
        threading.Event().wait(0.01)
    assert meter.now() is first
    devices.ready.set()
    waiting.join()


def test_the_studio_knows_its_load(studio: Studio) -> None:
    assert load_now(studio).gpus == []
