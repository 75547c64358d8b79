"""A run of the real engine on two devices, followed by a server: two processes on the CPU stand for two GPUs."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from aistudio.jobs.launchers.local import Local
from aistudio.schema.experiment import Experiment
from aistudio.service import experiments
from aistudio.studio import Studio
from tests.fault.invariants import check_invariants
from tests.fixtures import ME, ready_project, running, until, until_status, workers
from tests.jobs.stage import reason, trained, worker_of

pytestmark = [pytest.mark.fault, pytest.mark.slow]
SECONDS = 120.0


class Twice(Local):
    """Its workers train in two processes."""

    def launch(self, folder: Path, env: Mapping[str, str], leases: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        return super().launch(folder, {**env, "AISTUDIO_CPU_PROCESSES": "2"}, leases)


def trains(studio: Studio, pid: str, eid: str) -> tuple[int, int]:
    """The first and the second process, once an epoch more is saved."""
    before = experiments.get(studio, pid, eid).resume_epoch or 0
    until(lambda: (experiments.run_of(studio, pid, eid).checkpoint_epoch or 0) > before, "an epoch is saved", SECONDS)
    main = worker_of(studio, pid, eid)
    (other,) = [process for process in workers(studio.settings.workspace) if process != main]
    return main, other


def ended(studio: Studio, pid: str, eid: str) -> Experiment:
    """Nothing of it may be left then."""
    done = until_status(studio, pid, eid, "failed", "stopped", "completed")
    until(lambda: not workers(studio.settings.workspace), "all its processes are gone")
    check_invariants(studio.settings.workspace)
    return done


def test_f14_a_run_on_two_devices_is_judged_stopped_and_resumed(tmp_path: Path) -> None:
    """Whichever of its processes is killed it has failed once, goes on with Resume, and Stop ends both."""
    with running(tmp_path, launcher=Twice()) as studio:
        pid = ready_project(studio)
        eid = trained(studio, pid, epochs=1000)
        os.kill(trains(studio, pid, eid)[1], signal.SIGKILL)
        failed = ended(studio, pid, eid)
        assert (reason(failed), failed.resumable, failed.attempt) == ("WorkerLost", True, 1)
        assert failed.error is not None
        assert "Process 2 of 2 was killed by SIGKILL" in failed.error.message

        experiments.resume(studio, ME, pid, eid)
        os.kill(trains(studio, pid, eid)[0], signal.SIGKILL)
        lost = ended(studio, pid, eid)
        assert (reason(lost), lost.resumable, lost.attempt) == ("WorkerLost", True, 2)

        experiments.resume(studio, ME, pid, eid)
        trains(studio, pid, eid)
        experiments.stop(studio, ME, pid, eid)
        stopped = ended(studio, pid, eid)
        assert (stopped.status, stopped.error, stopped.resumable) == ("stopped", None, True)
        rows = experiments.run_of(studio, pid, eid).epoch_rows
        assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
