"""Devices that cannot be had just now: their place is broken, the driver hangs, a card is lost."""

import os
import signal
import sys
from pathlib import Path

import pytest

from aistudio.jobs.devices import Nvml
from aistudio.jobs.slots import Slots, release
from aistudio.service import experiments
from aistudio.studio import Studio
from tests.fault.invariants import check_invariants
from tests.fault.test_refusals import driven, says
from tests.fixtures import end_workers, gpu, ready_project, settings_in, until, until_status
from tests.jobs.fakes import Pretending
from tests.jobs.stage import pretending, reason, trained, worker_of

pytestmark = pytest.mark.fault


def test_f55_the_place_of_a_card_is_broken(tmp_path: Path) -> None:
    """Its run says why it waits, those behind it start, and it starts itself when that is put right."""
    with pretending(tmp_path, "finish", gpus=1) as (studio, pid):
        place = tmp_path / "devices" / "GPU-0"
        place.mkdir(parents=True)
        waiting = trained(studio, pid, hardware={"devices": ["gpu:0"]})
        assert until_status(studio, pid, trained(studio, pid), "completed", "failed").status == "completed"
        words = f"GPU 0, which cannot be reserved: Is a directory ({place})"
        until(lambda: experiments.get(studio, pid, waiting).waiting_for == words, "it says what it waits for")
        place.rmdir()
        assert until_status(studio, pid, waiting, "completed", "failed").status == "completed"
        check_invariants(studio.settings.workspace)


def test_f55_one_of_two_gpus_is_lost(tmp_path: Path) -> None:
    """The run that wants both names the lost one, and keeps the other from nobody."""
    with driven(tmp_path, "loop", "finish") as (studio, answer):
        pid = ready_project(studio)
        says(answer, gpu(0), gpu(1))
        first = trained(studio, pid, hardware={"devices": ["gpu:0"]})
        worker = worker_of(studio, pid, first)
        both = trained(studio, pid, hardware={"devices": ["gpu:0", "gpu:1"]})
        says(answer, gpu(0))
        words = "GPU 1, which the driver does not see now"
        until(lambda: experiments.get(studio, pid, both).waiting_for == words, "it says what it waits for")
        behind = trained(studio, pid, hardware={"devices": ["gpu:0"]})
        os.kill(worker, signal.SIGKILL)
        assert until_status(studio, pid, behind, "completed", "failed").status == "completed"
        says(answer, gpu(0), gpu(1))
        assert until_status(studio, pid, both, "completed", "failed").status == "completed"
        check_invariants(studio.settings.workspace)


def test_f54_the_driver_hangs_while_a_run_waits_for_a_gpu(tmp_path: Path) -> None:
    """The other runs are followed all the same: a worker that is killed is seen, and the next one starts."""
    answer, hang = tmp_path / "driver", tmp_path / "hang"
    says(answer, gpu(0))
    code = (
        f"import os, time\nwhile os.path.exists({str(hang)!r}): time.sleep(0.05)\nprint(open({str(answer)!r}).read())"
    )
    devices = Nvml(seconds=600, keep=0.0, command=[sys.executable, "-I", "-c", code])
    studio = Studio(settings_in(tmp_path), Pretending("loop"), devices, device_leases=tmp_path / "devices").open(
        "a test"
    )
    elsewhere = Slots(tmp_path / "devices").take(["GPU-0"], "another server")
    assert not isinstance(elsewhere, str)
    try:
        pid = ready_project(studio)
        waiting = trained(studio, pid, hardware={"devices": ["gpu:0"]})
        first, second = trained(studio, pid), trained(studio, pid)
        worker = worker_of(studio, pid, first)
        hang.touch()
        os.kill(worker, signal.SIGKILL)
        assert reason(until_status(studio, pid, first, "failed")) == "WorkerLost"
        until_status(studio, pid, second, "training")
        assert experiments.get(studio, pid, waiting).status == "queued"
        hang.unlink()
        release(elsewhere)
        until_status(studio, pid, waiting, "training")
    finally:
        hang.unlink(missing_ok=True)
        studio.close()
        end_workers(studio.settings.workspace)
