"""Stop where the disk does not even let a file be made."""

import json
from pathlib import Path

import pytest

from tests.fault.test_disk import needs_mount, on_small_disk

pytestmark = pytest.mark.fault

# A studio whose run is stopped while there is no room: no byte, or not even a name.
STOP = """
import errno, json, shutil, subprocess, sys
from pathlib import Path
from aistudio.errors import Conflict
from aistudio.service import experiments
from tests.fixtures import ME, new_experiment, ready_project, running, until, until_status, workers
from tests.jobs.fakes import Pretending

disk, what, told = Path(sys.argv[1]), sys.argv[2], {}
with running(disk, launcher=Pretending("epochs")) as studio:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid, epochs=1000)
    experiments.train(studio, ME, pid, eid)
    until(lambda: experiments.run_of(studio, pid, eid).checkpoint_epoch, "an epoch is saved")
    if what == "bytes":  # Train wants to see room, which need not be filled then
        used = shutil.disk_usage(disk).used
        subprocess.run(["mount", "-o", f"remount,size={used // 1024 + 64}k", disk], check=True)
    ballast = [disk / f"ballast-{number}" for number in range(10_000)]
    try:
        for file in ballast[: 1 if what == "bytes" else None]:
            with file.open("wb", buffering=0) as full:
                while what == "bytes":
                    full.write(bytes(4096))
    except OSError as error:
        assert error.errno == errno.ENOSPC
    try:
        told["phase"] = experiments.stop(studio, ME, pid, eid).phase
    except Conflict:  # the full disk has ended it already
        told["phase"] = None
    until(lambda: not workers(studio.settings.workspace), "the worker has ended")
    for file in disk.glob("ballast-*"):
        file.unlink()
    told["status"] = until_status(studio, pid, eid, "stopped", "failed", "completed").status
print(json.dumps(told))
"""


@needs_mount
@pytest.mark.parametrize("what", ["bytes", "names"])
def test_f23_stop_on_a_full_disk(what: str, tmp_path: Path) -> None:
    """Stop is heard all the same: where not even an empty file can be made, the worker is told by a signal."""
    done = on_small_disk(tmp_path / "disk", "size=3g,nr_inodes=300", STOP, what)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["phase"] in ("stopping", None)
    assert told["status"] in ("stopped", "failed")
