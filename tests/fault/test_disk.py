"""A disk that is full or broken at each step of a save: a small real one, or errors put in by strace."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aistudio.jobs.tail import Tail
from aistudio.schema.events import EpochFinished
from aistudio.store.atomic import read_json
from aistudio.store.checkpoints import description
from aistudio.store.job_folder import JobFolder
from tests.fault.power_cut import ROOT, Call, needs_strace, record, run_traced

pytestmark = pytest.mark.fault

TELL = """
import json, os, sys
from pathlib import Path
from aistudio.engine.failures import failure
def attempt(save, number):
    try:
        save(number)
    except Exception as error:
        os.write(1, failure(error).model_dump_json().encode())
        sys.exit(3)
    os.write(1, b"saved")
"""
JSON = f"""{TELL}
from aistudio.store.atomic import write_json
def save(number):
    write_json(Path(sys.argv[1], "document.json"), {{"number": number}})
attempt(save, 1)
attempt(save, 2)
"""
CHECKPOINT = f"""{TELL}
import torch
from aistudio.engine.checkpoints import save
def keep(epoch):
    save(Path(sys.argv[1]), "last", {{"model": torch.full((8, 8), float(epoch))}}, {{"epoch": epoch}})
attempt(keep, 1)
attempt(keep, 2)
"""
# A worker of the engine that saves a checkpoint, fills the disk and goes on as sys.argv[2] says.
WORKER = """
import os, shutil, sys, time, types
from pathlib import Path
import torch
import aistudio.engine.__main__ as worker
from aistudio.engine.checkpoints import save
from aistudio.schema.events import EpochFinished, TrainRequest
from aistudio.store.atomic import write_json
from aistudio.store.job_folder import JobFolder

disk, goes_on, result = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
attempt = disk / "experiment" / "attempt-1"

def fill(left):
    free = shutil.disk_usage(disk).free
    (disk / "ballast").write_bytes(bytes(free - left))

def run(job, request):
    checkpoints = attempt.parent / "checkpoints"
    save(checkpoints, "last", {"model": torch.zeros(64, 64)}, {"epoch": 1})
    job.emit(EpochFinished(time=time.time(), row={"epoch": 1.0}))
    if goes_on == "checkpoint":
        fill(64 * 1024)
        save(checkpoints, "last", {"model": torch.zeros(256, 256)}, {"epoch": 2})
    fill(0)
    for epoch in range(2, 10_000):
        job.emit(EpochFinished(time=time.time(), row={"epoch": float(epoch)}))

sys.modules["filling"] = types.SimpleNamespace(run=run)
worker.JOBS["train"] = "filling"
names = dict(project="p", experiment="e", folder=str(attempt), dataset="", splits="", config={})
JobFolder(attempt).write_request(TrainRequest(attempt=1, **names))
write_json(attempt.parent / "experiment.json", {"attempt": 1, "status": "queued"})
errors, log = os.dup(2), os.open(attempt / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.dup2(log, 2)  # as the studio starts it: what it prints goes to the same disk
try:
    worker.main(attempt)
finally:
    os.dup2(errors, 2)
    (disk / "ballast").unlink()
    shutil.copytree(attempt.parent, result)
"""
STUDIO = """
import errno, json, sys, time
from pathlib import Path
from aistudio.errors import DiskFull
from aistudio.schema.experiment import ExperimentChange
from aistudio.service import experiments
from tests.fixtures import ME, new_experiment, ready_project, running, until, until_status, workers
from tests.jobs.fakes import Pretending

disk, told = Path(sys.argv[1]), {}
with running(disk, launcher=Pretending("loop", "finish")) as studio:
    pid = ready_project(studio)
    eid, other = new_experiment(studio, pid, "First"), new_experiment(studio, pid, "Second")
    experiments.train(studio, ME, pid, eid)
    until(lambda: experiments.get(studio, pid, eid).progress.epoch == 1, "an epoch is done")
    ballast = [disk / f"ballast-{number}" for number in range(10_000)]
    try:
        for file in ballast:
            file.touch()
    except OSError as error:
        assert error.errno == errno.ENOSPC
    try:
        rev = experiments.get(studio, pid, other).rev
        experiments.change(studio, ME, pid, other, ExperimentChange(rev=rev, name="Other"))
    except DiskFull as error:
        told["change"] = [error.message, error.advice]
    told["name"] = experiments.get(studio, pid, other).name
    folder = studio.workspace.project(pid).experiment(eid)
    ballast[0].rename(folder.attempt(1).path / "finish")
    until(lambda: not workers(studio.settings.workspace), "the worker has ended")
    time.sleep(1)
    told["stray"] = [path.name for path in studio.settings.workspace.rglob(".*.tmp")]
    for file in disk.glob("ballast-*"):
        file.unlink()
    told["status"] = until_status(studio, pid, eid, "completed", "failed").status
    experiments.train(studio, ME, pid, other)
    told["next"] = until_status(studio, pid, other, "completed", "failed").status
print(json.dumps(told))
"""

# A studio on whose disk there is no room left when the worker of the engine starts, and some more when that has ended.
LATE = """
import json, os, shutil, sys
from pathlib import Path
from aistudio.jobs.launchers.local import Local
from aistudio.service import experiments
from tests.fixtures import ME, TINY, new_experiment, ready_project, running, until_status
from tests.jobs.stage import folder_of

disk, left = Path(sys.argv[1]), int(sys.argv[2])

class Filling(Local):
    def launch(self, folder, env, leases=()):
        with (disk / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, shutil.disk_usage(disk).free - left)
        try:
            child = super().launch(folder, env, leases)
            child.wait()
            return child
        finally:
            (disk / "ballast").unlink()

with running(disk, launcher=Filling()) as studio:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid)
    experiments.train(studio, ME, pid, eid)
    failed = until_status(studio, pid, eid, "failed", "completed")
    stray = [path.name for path in studio.settings.workspace.rglob(".*.tmp")]
print(json.dumps([failed.status, failed.error.type, failed.error.advice, stray]))
"""
HEARTBEAT = """
import errno, sys, time
from pathlib import Path
from aistudio.engine.job import Job
from aistudio.store.atomic import make_folder

disk = Path(sys.argv[1])
job = Job(disk / "attempt-1")
make_folder(job.folder.path)
try:
    for number in range(10_000):
        (disk / f"ballast-{number}").touch()
except OSError as error:
    assert error.errno == errno.ENOSPC
job.watch()
time.sleep(2)
assert not job.folder.heartbeat.exists()
for file in disk.glob("ballast-*"):
    file.unlink()
job.folder.request_stop()
until = time.monotonic() + 60
while not (job.stop_requested and job.folder.heartbeat.exists()):
    assert time.monotonic() < until, "nobody watches any more"
    time.sleep(0.05)
"""

# What a network disk says while its server is away for a moment; the log of strace says how often it did.
AWAY = """
import sys, time
from pathlib import Path
from aistudio.engine.job import Job
job = Job(Path(sys.argv[1]))
job.watch()
until = time.monotonic() + 60
while Path(sys.argv[2]).read_text().count("(INJECTED)") < 3:
    assert time.monotonic() < until, "it does not look any more"
    time.sleep(0.05)
job.folder.request_stop()
while not job.stop_requested:
    assert time.monotonic() < until, "nobody watches any more"
    time.sleep(0.05)
"""


def on_small_disk(folder: Path, options: str, script: str, *args: object) -> "subprocess.CompletedProcess[str]":
    """Runs the script on a disk that only its process sees: `sys.argv[1]` is where; `options` are those of tmpfs(5)."""
    folder.mkdir()
    mount = f'mount -t tmpfs -o {options} small "$1" && shift && exec "$@"'
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *user, "--mount", "sh", "-c", mount, "sh", str(folder)]
    command += [sys.executable, "-B", "-c", script, str(folder), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def can_mount() -> bool:
    """Whether this process may have disks of its own: not in every container."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    test = ["unshare", *user, "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "small", "/tmp"]
    return shutil.which("unshare") is not None and subprocess.run(test, capture_output=True).returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="file systems cannot be mounted here")


def steps_of_second_save(folder: Path, script: str) -> list[Call]:
    """What a save does to the disk, from a run without errors."""
    (folder / "clean").mkdir()
    calls = record(folder / "log", folder / "clean", script, folder / "clean")
    first, second = (number for number, call in enumerate(calls) if call.name == "promise")
    return calls[first + 1 : second]


def broken(folder: Path, script: str, step: Call, error: str) -> dict[str, Any]:
    """What the user is told when this step of the second save fails."""
    folder.mkdir()
    log = folder.with_suffix(".log")
    done = run_traced(log, script, folder, inject=[f"{step.name}:error={error}:when={step.number}"])
    lines = log.read_text().splitlines()
    hit = [line for line in lines if line.endswith("(INJECTED)") and line.split()[0] == lines[0].split()[0]]
    assert len(hit) == 1 and folder.as_posix().encode().hex(" ").replace(" ", "\\x") in hit[0], f"not {step} any more"
    assert done.returncode == 3 and done.stdout.startswith("saved"), done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout.removeprefix("saved"))
    return told


@needs_strace
@pytest.mark.parametrize(("error", "reason"), [("ENOSPC", "DiskFull"), ("EIO", "OSError")])
def test_f23_a_save_on_a_full_or_broken_disk_keeps_the_old_document(error: str, reason: str, tmp_path: Path) -> None:
    """When the disk is full or broken at any step of a save, the old document stays and the user is told."""
    steps = steps_of_second_save(tmp_path, JSON)
    assert [step.name for step in steps if step.name != "unlink"].count("fsync") == 2
    for number, step in enumerate(steps):
        folder = tmp_path / f"{number}-{step.name}"
        told = broken(folder, JSON, step, error)
        assert told["type"] == reason, step
        assert reason != "DiskFull" or "Free space" in told["advice"]
        moved = any(earlier.name == "rename" and earlier.paths[1] == "document.json" for earlier in steps[:number])
        assert read_json(folder / "document.json")["number"] == (2 if moved else 1)
        assert not list(folder.glob(".*"))


@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize(("error", "reason"), [("ENOSPC", "DiskFull"), ("EIO", "OSError")])
def test_f23_a_checkpoint_on_a_full_or_broken_disk_keeps_the_last_one(error: str, reason: str, tmp_path: Path) -> None:
    """When the disk is full or broken at any step of saving a checkpoint, the one before stays whole."""
    for number, step in enumerate(steps_of_second_save(tmp_path, CHECKPOINT)):
        folder = tmp_path / f"{number}-{step.name}"
        told = broken(folder, CHECKPOINT, step, error)
        assert told["type"] == reason or step.name == "write", (step, told)
        epochs = [about["epoch"] for name in ("last", "prev") if (about := description(folder / f"{name}.ckpt"))]
        assert max(epochs, default=0) in (1, 2), step
        assert not list(folder.glob(".*"))


@needs_mount
@pytest.mark.parametrize("goes_on", ["checkpoint", "append"])
def test_f23_a_run_on_a_full_disk_can_go_on_later(goes_on: str, tmp_path: Path) -> None:
    """A run whose disk gets full fails, keeps its last checkpoint and what it has said, and can be resumed."""
    done = on_small_disk(tmp_path / "disk", "size=2m", WORKER, goes_on, tmp_path / "result")
    job = JobFolder(tmp_path / "result" / "attempt-1")
    verdict = job.verdict()
    assert verdict is not None and verdict.error is not None, done.stderr
    assert (verdict.status, verdict.error.type) == ("failed", "DiskFull")
    assert "Free space" in verdict.error.advice
    assert (description(tmp_path / "result" / "checkpoints" / "last.ckpt") or {}).get("epoch") == 1
    assert not list((tmp_path / "result").rglob(".*.tmp"))
    tail = Tail(job.events)
    epochs = [event.row["epoch"] for event in tail.read() if isinstance(event, EpochFinished)]
    assert epochs == [float(epoch) for epoch in range(1, len(epochs) + 1)] and tail.damaged == 0


@needs_mount
def test_f23_a_studio_on_a_full_disk_goes_on_when_there_is_space(tmp_path: Path) -> None:
    """While the disk is full changes are refused with a reason; a run that ended meanwhile is judged afterwards."""
    done = on_small_disk(tmp_path / "disk", "size=3g,nr_inodes=300", STUDIO)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "full" in told["change"][0] and "Free space" in told["change"][1]
    assert (told["name"], told["stray"]) == ("Second", [])
    assert (told["status"], told["next"]) == ("failed", "completed")


@needs_mount
@pytest.mark.parametrize("left", [0, 16 * 1024])
def test_f23_a_disk_that_is_full_before_the_worker_starts(left: int, tmp_path: Path) -> None:
    """The run fails for that reason, not as one whose installation is broken, and leaves nothing behind."""
    done = on_small_disk(tmp_path / "disk", "size=600m", LATE, left)
    assert done.returncode == 0, done.stderr
    status, reason, advice, stray = json.loads(done.stdout.splitlines()[-1])
    assert (status, reason, stray) == ("failed", "DiskFull", [])
    assert "start again" in advice


@needs_mount
def test_f23_stop_is_heard_after_the_disk_was_full(tmp_path: Path) -> None:
    """A worker that finds no room for a sign of life goes on, and does what it is told once there is some."""
    done = on_small_disk(tmp_path / "disk", "size=40m,nr_inodes=60", HEARTBEAT)
    assert done.returncode == 0, done.stderr


@needs_strace
def test_f23_stop_is_heard_after_a_network_disk_was_away(tmp_path: Path) -> None:
    """A worker that cannot look for a moment whether it shall stop goes on looking."""
    errors = ["--trace=?stat,?newfstatat,?statx", "--inject=?stat,?newfstatat,?statx:error=ESTALE:when=2..4"]
    command = ["strace", "-f", "-o", str(tmp_path / "log"), "-P", str(tmp_path / "stop"), *errors]
    command += [sys.executable, "-B", "-c", AWAY, str(tmp_path), str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().count("(INJECTED)") == 3
