"""What cannot work is told before it starts: labels that mean nothing, a GPU that is gone, one that is full."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson
import pytest

from aistudio.errors import InvalidConfig, PreflightFailed
from aistudio.jobs.devices import Nvml
from aistudio.schema.device import Device
from aistudio.service import experiments
from aistudio.studio import Studio
from tests.fixtures import ME, end_workers, gpu, new_experiment, ready_project, settings_in, until, until_status
from tests.jobs.fakes import Pretending
from tests.jobs.stage import folder_of, pretending, trained, worker_of

pytestmark = pytest.mark.fault
ON_GPU = {"devices": ["gpu:0"]}


@pytest.mark.parametrize("label", [99, -1])
def test_f52_a_label_that_is_no_class(label: int, tmp_path: Path) -> None:
    """Train and Resume are refused and tell how many images have one, instead of failing on the device."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = trained(studio, pid, epochs=1000)
        until(lambda: experiments.run_of(studio, pid, eid).checkpoint_epoch, "an epoch is saved")
        experiments.stop(studio, ME, pid, eid)
        until_status(studio, pid, eid, "stopped")
        dataset = studio.workspace.project(pid).dataset()
        assert dataset is not None
        with closing(sqlite3.connect(dataset.path / "index.sqlite")) as db, db:
            db.execute("UPDATE annotations SET class = ? WHERE image IN (3, 7)", (label,))
        fresh = new_experiment(studio, pid)
        for act, one, before in ((experiments.train, fresh, "created"), (experiments.resume, eid, "stopped")):
            with pytest.raises(PreflightFailed, match="2 images have a label that is not one of the classes"):
                act(studio, ME, pid, one)
            assert experiments.get(studio, pid, one).status == before
        assert not folder_of(studio, pid, fresh).attempts()


@contextmanager
def driven(folder: Path, *behaviours: str) -> Iterator[tuple[Studio, Path]]:
    """A studio whose driver is a process that prints a file."""
    answer = folder / "driver"
    says(answer, gpu(0))
    command = [sys.executable, "-I", "-c", f"print(open({str(answer)!r}).read())"]
    devices = Nvml(seconds=60, keep=0.0, command=command)
    studio = Studio(settings_in(folder), Pretending(*behaviours), devices, device_leases=folder / "devices")
    studio.open("a test")
    try:
        yield studio, answer
    finally:
        studio.close()
        end_workers(studio.settings.workspace)


def says(answer: Path, *cards: Device, problem: str | None = None) -> None:
    fresh = answer.with_suffix(".new")
    fresh.write_bytes(orjson.dumps({"problem": problem, "gpus": [card.model_dump() for card in cards]}))
    fresh.replace(answer)


def test_f55_a_gpu_is_lost(tmp_path: Path) -> None:
    """Train offers another device; a run that waits for it says so, holds up nobody, and starts when it is back."""
    with driven(tmp_path, "loop", "finish") as (studio, answer):
        pid = ready_project(studio)
        first = trained(studio, pid, "First", hardware=ON_GPU)
        worker = worker_of(studio, pid, first)
        waiting = trained(studio, pid, "Waiting", hardware=ON_GPU)
        says(answer, problem="No NVIDIA GPU: GPU is lost.")
        os.kill(worker, 9)
        until_status(studio, pid, first, "failed")
        words = "GPU 0, which the driver does not see now"
        until(lambda: experiments.get(studio, pid, waiting).waiting_for == words, "it says what it waits for")
        on_cpu = trained(studio, pid, "On the CPU")
        assert until_status(studio, pid, on_cpu, "completed", "failed").status == "completed"
        assert experiments.get(studio, pid, waiting).status == "queued"
        assert [device.id for device in studio.devices.devices()] == ["cpu"]
        with pytest.raises(InvalidConfig) as refused:
            experiments.train(studio, ME, pid, new_experiment(studio, pid, hardware=ON_GPU))
        (field,) = refused.value.fields
        assert field.message == "gpu:0 is not on this machine, choose from cpu."
        assert field.fix is not None and field.fix.patch == {"hardware.devices": ["cpu"]}
        says(answer, gpu(0))
        assert until_status(studio, pid, waiting, "completed", "failed").status == "completed"


def test_f56_a_gpu_is_used_by_somebody_else(tmp_path: Path) -> None:
    """Train says how much memory is free and offers another GPU; a card that a run of ours fills is waited for."""
    with driven(tmp_path, "loop") as (studio, answer):
        pid = ready_project(studio)
        says(answer, gpu(0).model_copy(update={"memory_free": 2**20}), gpu(1))
        refused = new_experiment(studio, pid, hardware=ON_GPU)
        with pytest.raises(PreflightFailed, match=r"Card has 0\.0 GB free; the network alone needs") as told:
            experiments.train(studio, ME, pid, refused)
        assert told.value.fix is not None
        assert told.value.fix.patch == {"hardware.devices": ["gpu:1"]}
        assert experiments.get(studio, pid, refused).status == "created"
        says(answer, gpu(0), gpu(1))
        worker_of(studio, pid, trained(studio, pid, "Ours", hardware=ON_GPU))
        says(answer, gpu(0).model_copy(update={"memory_free": 2**20}), gpu(1))
        behind = experiments.train(studio, ME, pid, refused)
        assert behind.status == "queued" and (behind.waiting_for or "").startswith("GPU 0, used by Ours")
