"""The clock of the machine is set while a run trains: libfaketime turns it for the server and its worker alike."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.fakes import ROOT

pytestmark = pytest.mark.fault
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
# libfaketime 0.9.10 refuses how Python sleeps as soon as it leaves the monotonic clock alone.
SLEEP = "import select, time; time.sleep = lambda seconds: select.select((), (), (), seconds) and None"
STORY = """
import json, os, sys, threading, time
from pathlib import Path
from aistudio.jobs.launchers.local import Local
from aistudio.jobs.pressure import Patience
from aistudio.service import experiments, trash
from tests.fixtures import ME, new_experiment, ready_project, running, until, until_status
from tests.jobs.fakes import Pretending

folder, clock, days, who = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
FAKED = {name: os.environ[name] for name in os.environ if name.startswith(("LD_PRELOAD", "FAKETIME", "PYTHONPATH"))}

class Faked:
    def launch(self, folder, env, leases=()):
        return self.real.launch(folder, {**env, **FAKED}, leases)
    def __init__(self, real):
        self.real, self.alive, self.exit_code, self.end = real, real.alive, real.exit_code, real.end

began, told = time.monotonic(), {}
launcher = Faked(Local() if who == "engine" else Pretending("epochs"))
with running(folder, launcher=launcher, patience=Patience(silence=60)) as studio:
    pid = ready_project(studio)
    gone = new_experiment(studio, pid, "Gone")
    experiments.delete(studio, ME, pid, gone)
    eid, following = (new_experiment(studio, pid, name, epochs=10) for name in ("First", "Second"))
    experiments.train(studio, ME, pid, eid)
    until(lambda: experiments.get(studio, pid, eid).progress.epoch >= 3, "three epochs are done")
    before = time.time()
    clock.write_text(f"{days}d")
    told["jump"] = until(lambda: time.time() - before if abs(time.time() - before) > 3600 else None, "the clock is set")
    experiments.train(studio, ME, pid, following)
    etas, details = [], []
    def ended():
        one = experiments.get(studio, pid, eid)
        etas.append(one.progress.eta_seconds)
        details.append(one.detail)
        return not one.active
    until(ended, "the first has ended", 120)
    first = experiments.get(studio, pid, eid)
    second = until_status(studio, pid, following, "completed", "failed", seconds=120)
    told["status"] = [first.status, second.status]
    told["times"] = [row["time"] for row in experiments.run_of(studio, pid, eid).epoch_rows]
    told["longest"] = max([eta for eta in etas if eta is not None], default=0)
    told["details"] = sorted({detail for detail in details if detail})
    told["durations"] = [first.duration_seconds, second.duration_seconds]
    told["trash"] = [entry.title for entry in trash.entries(studio)]
told["real"] = time.monotonic() - began
print(json.dumps(told))
"""


@pytest.mark.parametrize("who", [pytest.param("engine", marks=pytest.mark.slow), "pretending"])
@pytest.mark.parametrize("days", ["+1", "-1"])
def test_f58_the_clock_is_set_by_a_day(days: str, who: str, tmp_path: Path) -> None:
    """Durations and estimates go by a clock that nobody sets; the run is neither lost nor called silent."""
    assert LIBRARY is not None, "install faketime, as .ci/run does"
    clock = tmp_path / "clock"
    clock.write_text("+0d")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SLEEP)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}",
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", STORY, tmp_path, clock, days, who],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert abs(told["jump"] - int(days) * 86_400) < 60
    assert told["status"] == ["completed", "completed"]
    assert len(told["times"]) == 10 and told["times"] == sorted(told["times"])
    assert max(*told["durations"], told["longest"]) < told["real"] + 300
    assert set(told["details"]) <= {"It has ended; its checkpoints are being checked."}
    assert told["trash"] == ["Gone"]
