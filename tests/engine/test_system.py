"""The curves of the machine: sampled beside a real training, which nothing about them can end."""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aistudio.engine.cards import names
from aistudio.engine.system import pauses
from aistudio.schema.events import Warned
from aistudio.schema.system import SystemSample
from aistudio.schema.training import Hardware
from aistudio.store.system import SystemTail
from tests.engine.conftest import Prepare
from tests.engine.worker import ROOT, Worker

WEEK = 7 * 24 * 3600
# The machine has no GPU to train on: a run on the CPU that watches GPUs.
WATCHING = """
import tests.engine.nvml as nvml
import aistudio.engine.cards as cards
cards.Cards.__init__.__defaults__ = ({seconds},)
import aistudio.engine.system as system
system.names = lambda hardware: ["GPU-b"]
nvml.install({arguments})
"""
ASK = """
import sys, tests.engine.nvml as nvml
from aistudio.engine.cards import Cards
nvml.install()
print("[" + ",".join(card.model_dump_json() for card in Cards(sys.argv[1:]).ask()) + "]")
"""


def samples(worker: Worker) -> list[SystemSample]:
    return list(SystemTail(worker.folder.system).read())


def test_a_week_has_few_thousand_samples_and_a_minute_two_dozen() -> None:
    ends = list(itertools.takewhile(lambda end: end < WEEK, itertools.accumulate(pauses())))
    assert 3000 < len(ends) < 4100
    assert sum(end < 60 for end in ends) > 24
    assert ends[0] < 1


@pytest.mark.fault
def test_a_killed_worker_leaves_its_samples(prepare: Prepare) -> None:
    with Worker(prepare(training={"epochs": 10_000, "num_workers": 2}).request) as worker:
        worker.until(lambda: len(samples(worker)) >= 3 and worker.rows(), "there are samples")
        alone = Path(f"/proc/{worker.process.pid}/statm").read_text().split()[1]
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
    found = samples(worker)
    assert worker.folder.system.read_bytes().count(b"\n") == len(found) >= 3
    times = [sample.elapsed for sample in found]
    assert times == sorted(times)
    last = found[-1]
    assert 0 < last.memory_used < last.memory_total
    assert 0 <= last.cpu_percent <= 100
    assert max(sample.worker_cpu_percent for sample in found) > 1
    assert last.worker_memory > 0.5 * int(alone) * os.sysconf("SC_PAGE_SIZE")
    assert last.gpus == []


@pytest.mark.slow
@pytest.mark.fault
def test_a_resumed_run_counts_on(prepare: Prepare) -> None:
    run = prepare(training={"epochs": 10_000})
    run.request = run.request.model_copy(update={"seconds_before": 500.0})
    with Worker(run.request) as worker:
        worker.until(lambda: samples(worker), "there is a sample")
    assert 500 < samples(worker)[0].elapsed < 500 + 120


@pytest.mark.fault
def test_a_full_disk_ends_the_curves_and_not_the_run(prepare: Prepare) -> None:
    request = prepare(training={"epochs": 10_000}).request
    with Worker(request) as worker:
        worker.folder.system.symlink_to("/dev/full")
        worker.until(lambda: "The curves of the system end here" in worker.folder.log_tail(), "it is said")
        before = len(worker.rows())
        worker.until(lambda: len(worker.rows()) > before + 2, "training goes on")
        worker.folder.request_stop()
        assert worker.end().status == "stopped"
    assert worker.folder.log_tail().count("The curves of the system end here: [Errno 28] No space left") == 1


@pytest.mark.fault
@pytest.mark.parametrize(
    ("arguments", "seconds", "said"),
    [
        ("hang='nvmlDeviceGetUtilizationRates'", 0.5, "The NVIDIA driver did not answer within 0.5 s."),
        pytest.param(
            "hang='nvmlInitWithFlags'", 0.5, "The NVIDIA driver did not answer within 0.5 s.", marks=pytest.mark.slow
        ),
        ("fail='nvmlDeviceGetMemoryInfo'", 60, "The NVIDIA driver says: GPU is lost."),
    ],
)
def test_a_driver_that_hangs_or_fails_ends_its_curves_and_not_the_run(
    arguments: str, seconds: float, said: str, prepare: Prepare
) -> None:
    request = prepare(training={"epochs": 10_000}).request
    with Worker(request, prelude=WATCHING.format(arguments=arguments, seconds=seconds)) as worker:
        worker.until(lambda: [event for event in worker.events() if isinstance(event, Warned)], "it is said")
        seen = len(samples(worker))
        worker.until(lambda: len(samples(worker)) >= seen + 2 and worker.rows(), "the other curves go on")
        worker.folder.request_stop()
        assert worker.end().status == "stopped"
    warnings = [event.message for event in worker.events() if isinstance(event, Warned)]
    assert warnings == [f"The GPUs are watched no more: {said}"]
    assert not any(sample.gpus for sample in samples(worker))


@pytest.mark.fault
def test_gpus_are_in_the_samples_of_a_run(prepare: Prepare) -> None:
    prelude = WATCHING.format(arguments="", seconds=60)
    with Worker(prepare(training={"epochs": 10_000}).request, prelude=prelude) as worker:
        worker.until(lambda: samples(worker), "there is a sample")
    assert [gpu.uuid for gpu in samples(worker)[0].gpus] == ["GPU-b"]


def ask(*cards: str) -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", ASK, *cards], cwd=ROOT, capture_output=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_cards_are_found_by_their_uuid_and_tell_what_they_can() -> None:
    second, first = ask("GPU-b", "GPU-a")
    assert first == {
        "id": "gpu:0",
        "uuid": "GPU-a",
        "name": "NVIDIA H100",
        "utilization": 93,
        "memory_used": 5 << 30,
        "memory_total": 80 << 30,
        "temperature": 61,
        "power": 250.5,
    }
    assert (second["id"], second["uuid"], second["power"]) == ("gpu:1", "GPU-b", None)


@pytest.mark.parametrize(
    ("visible", "devices", "expected"),
    [
        ("GPU-b,GPU-a", ("gpu:0", "gpu:1"), ["GPU-b", "GPU-a"]),
        ("GPU-b", ("gpu:1",), ["GPU-b"]),
        ("5, 6,7", ("gpu:0", "gpu:1"), ["5", "6"]),
        (None, ("gpu:3",), ["3"]),
        ("", ("cpu",), []),
        ("GPU-a", ("cpu",), []),
        (None, ("cpu",), []),
    ],
)
def test_only_the_gpus_that_the_run_holds_are_watched(
    visible: str | None, devices: tuple[str, ...], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert names(Hardware(devices=devices)) == expected
