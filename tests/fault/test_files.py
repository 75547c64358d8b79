"""Damage to files: read-only, torn, empty, from the future, moved, half deleted; and a driver that does not answer."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from aistudio.errors import NotFound
from aistudio.jobs.devices import Nvml
from aistudio.schema.experiment import ExperimentRequest, ResumeRequest
from aistudio.service import datasets, experiments, projects
from aistudio.store.atomic import read_json, write_json
from aistudio.studio import Studio
from tests.fault.invariants import check_invariants
from tests.fault.servers import bring_in, crash_at, start
from tests.fixtures import (
    ME,
    TINY,
    contents,
    draw_classes,
    end_workers,
    new_experiment,
    new_project,
    running,
    settings_in,
    until,
    until_status,
)
from tests.jobs.fakes import ROOT, Pretending
from tests.jobs.stage import folder_of, pretending, trained

pytestmark = pytest.mark.fault

READ_ONLY = """
import subprocess, sys
from pathlib import Path
from aistudio.errors import AIStudioError
from aistudio.service import experiments
from aistudio.studio import Studio
from tests.fixtures import ME, new_experiment, ready_project, running, settings_in
from tests.jobs.fakes import Pretending
folder = Path(sys.argv[1])
workspace = folder / "workspace"
def read_only():
    subprocess.run(["mount", "--bind", workspace, workspace], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", workspace], check=True)
with running(folder, launcher=Pretending("finish")) as studio:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid, "Kept")
    read_only()
    assert [one.name for one in experiments.all_experiments(studio, pid)] == ["Kept"]
    assert experiments.metrics(studio, pid, eid).rows == []
    for action in (experiments.train, experiments.delete):
        try:
            action(studio, ME, pid, eid)
        except (OSError, AIStudioError) as error:
            print("refused:", error)
    assert experiments.get(studio, pid, eid).status == "created"
    subprocess.run(["umount", workspace], check=True)
    assert experiments.train(studio, ME, pid, eid).status == "queued"
read_only()
try:
    Studio(settings_in(folder)).open("me")
except AIStudioError as error:
    print("start:", error)
"""


def test_f28_a_read_only_workspace(tmp_path: Path) -> None:
    """Everything can still be looked at; what would write is refused with the reason, and works again afterwards."""
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", sys.executable, "-c", READ_ONLY, str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"nothing can be mounted read-only here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused:") == 2
    assert "start: The workspace" in done.stdout
    assert "cannot be written" in done.stdout


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", "\0" * 300])
def test_f29_a_damaged_experiment(damage: str, tmp_path: Path) -> None:
    """One card says so, everything else works, and the damaged file is left as it is."""
    with pretending(tmp_path, "finish") as (studio, pid):
        bad, good = new_experiment(studio, pid), new_experiment(studio, pid)
    file = folder_of(studio, pid, bad).path / "experiment.json"
    file.write_text(damage)
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        cards = {one.id: one for one in experiments.all_experiments(studio, pid)}
        error = cards[bad].error
        assert error is not None
        assert (error.type, cards[good].error) == ("Damaged", None)
        assert error.advice == "Put the file back from a backup, or delete the experiment."
        experiments.train(studio, ME, pid, good)
        until_status(studio, pid, good, "completed")
        assert experiments.create(studio, ME, pid, ExperimentRequest(config=TINY)).status == "created"
        assert file.read_text() == damage


def test_f30_a_torn_last_line(tmp_path: Path) -> None:
    """Every whole line is on the chart; the torn one is left out."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = trained(studio, pid, epochs=3)
        until_status(studio, pid, eid, "completed")
    events = folder_of(studio, pid, eid).attempt(1).events
    lines = events.read_bytes().splitlines(keepends=True)
    cut = next(number for number, line in enumerate(lines) if b'"epoch":3.0' in line)
    events.write_bytes(b"".join(lines[:cut]) + lines[cut][:-10])
    with running(tmp_path) as studio:
        run = experiments.run_of(studio, pid, eid)
        assert [row["epoch"] for row in run.epoch_rows] == [1, 2]
        assert experiments.get(studio, pid, eid).progress.epoch == 3


def test_f30_a_line_that_is_written_in_two_goes(tmp_path: Path) -> None:
    """What is half there is left until the rest has come; then it is on the chart, and so is what follows."""
    with pretending(tmp_path, "hang") as (studio, pid):
        eid = trained(studio, pid)
        until(lambda: experiments.get(studio, pid, eid).progress.epoch == 1, "an epoch is done")
        events = folder_of(studio, pid, eid).attempt(1).events
        whole = next(line for line in events.read_bytes().splitlines(keepends=True) if b'"event":"epoch"' in line)
        second, third = (whole.replace(b'"epoch":1.0', b'"epoch":%d.0' % number) for number in (2, 3))
        for number in range(4):  # as many readings as there are pieces, at least
            with events.open("ab") as file:
                file.write(second[number * 40 : (number + 1) * 40 if number < 3 else None])
            time.sleep(0.5)
        with events.open("ab") as file:
            file.write(third)
        until(lambda: experiments.get(studio, pid, eid).progress.epoch == 3, "all are on the chart")
        assert [row["epoch"] for row in experiments.run_of(studio, pid, eid).epoch_rows] == [1, 2, 3]


def test_f31_a_newer_version_wrote_it(tmp_path: Path) -> None:
    """The card names the reason; names that are new to this version are kept when it writes."""
    with pretending(tmp_path, "finish") as (studio, pid):
        newer, known = new_experiment(studio, pid), new_experiment(studio, pid)
    for eid, change in ((newer, {"schema": 99}), (known, {"colour": "red"})):
        file = folder_of(studio, pid, eid).path / "experiment.json"
        write_json(file, {**read_json(file), **change})
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        cards = {one.id: one for one in experiments.all_experiments(studio, pid)}
        error = cards[newer].error
        assert error is not None
        assert "newer version" in error.message
        experiments.train(studio, ME, pid, known)
        until_status(studio, pid, known, "completed")
        assert read_json(folder_of(studio, pid, known).path / "experiment.json")["colour"] == "red"


@pytest.mark.parametrize(
    "action", [pytest.param("restart", marks=pytest.mark.slow), "delete experiment", "delete project"]
)
def test_f40_killed_while_something_is_deleted(action: str, tmp_path: Path) -> None:
    """Killed before any of its steps: it is all there as before, or all in the trash; nothing is half gone."""
    template = tmp_path / "template"
    template.mkdir()
    with pretending(template, "epochs") as (studio, pid):
        eid = trained(studio, pid, epochs=1)
        until_status(studio, pid, eid, "completed")
    attempt = contents(folder_of(studio, pid, eid).attempt(1).path)
    ends = set()
    for number in range(1, 100):
        place = tmp_path / str(number)
        shutil.copytree(template, place)
        process = start(crash_at, number, place, action, pid, eid)
        process.join()
        with running(place, launcher=Pretending("finish")) as studio:
            ends.add(_whole(studio, pid, eid, attempt))
            check_invariants(studio.settings.workspace)
            assert not list(studio.workspace.staging.glob("*"))
        if process.exitcode == 0:
            break
    assert process.exitcode == 0
    assert ends == {"there", "trash"}


@pytest.mark.parametrize("moment", [-1.0, 0.0, 0.2])
@pytest.mark.parametrize("whom", ["server", "both"])
def test_f39_killed_while_images_are_imported(moment: float, whom: str, tmp_path: Path) -> None:
    """The images of before are untouched; the new ones are there whole, or the import says that it failed."""
    source = draw_classes(tmp_path / "pets", {"cats": 150, "dogs": 150})
    with pretending(tmp_path, "finish") as (studio, pid):
        before = contents(studio.workspace.project(pid).path)
    server = start(bring_in, tmp_path, pid, source, moment)
    server.join(300)
    assert server.exitcode == -signal.SIGKILL, "it was not killed"
    if whom == "both":
        end_workers(tmp_path / "workspace")
    with running(tmp_path) as studio:
        (iid,) = (path.name for path in studio.workspace.staging.iterdir())
        ended = ("done", "failed")
        until(lambda: datasets.get_import(studio, pid, iid).status in ended, "the import has ended")
        summary, job = datasets.summary(studio, pid), datasets.get_import(studio, pid, iid)
        assert (summary.version, summary.images) == ((2, 300) if job.status == "done" else (1, 40))
        assert job.status == "done" or whom == "both"
        now = contents(studio.workspace.project(pid).path)
        assert {name: data for name, data in now.items() if not name.startswith("dataset/2/")} == before
        assert not (studio.workspace.staging / iid / "dataset").exists()
        check_invariants(studio.settings.workspace)


def _whole(studio: Studio, pid: str, eid: str, attempt: dict[str, bytes]) -> str:
    entries = studio.workspace.trash.entries()
    try:
        status = experiments.get(studio, pid, eid).status
    except NotFound:
        status = "created"
    if status == "completed":
        assert entries == []
        assert contents(folder_of(studio, pid, eid).attempt(1).path) == attempt
        return "there"
    (entry,) = entries
    (kept,) = (studio.workspace.trash.path / entry.name).rglob("attempt-1")
    assert contents(kept) == attempt
    if entry.why == "restarted":
        assert experiments.train(studio, ME, pid, eid).attempt == 2
        until_status(studio, pid, eid, "completed")
    else:
        studio.workspace.trash.restore(entry)
        assert experiments.get(studio, pid, eid).status == "completed"
    return "trash"


def test_f41_the_workspace_was_moved(tmp_path: Path) -> None:
    """It opens at its new place, and what was stopped goes on there."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    with pretending(old, "epochs") as (studio, pid):
        eid = trained(studio, pid, epochs=2)
        until_status(studio, pid, eid, "completed")
        copy = experiments.duplicate(studio, ME, pid, eid).id
    before = contents(old)
    old.rename(new)
    with running(new, launcher=Pretending("epochs")) as studio:
        experiments.resume(studio, ME, pid, eid, ResumeRequest(more_epochs=1))
        assert until_status(studio, pid, eid, "completed", "failed").progress.epoch == 3
        experiments.train(studio, ME, pid, copy)
        until_status(studio, pid, copy, "completed")
        for image in datasets.images(studio, pid).images:
            assert datasets.image_file(studio, pid, image.id).read_bytes()
        check_invariants(studio.settings.workspace)
    written = {name: data for name, data in contents(new).items() if before.get(name) != data}
    assert [name for name, data in written.items() if bytes(old) in data] == []


HANGS = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.05)"


@pytest.mark.parametrize("code", [HANGS, "raise SystemExit(3)", "import os; os.abort()"])
def test_f54_the_driver_hangs_or_is_missing(code: str, tmp_path: Path) -> None:
    """The device list has the CPU and says why there is no GPU; everything else goes on meanwhile."""
    enough = tmp_path / "enough"
    nvml = Nvml(seconds=600, keep=1000, command=[sys.executable, "-I", "-c", code, str(enough)])
    studio = Studio(settings_in(tmp_path), Pretending("finish"), nvml).open("a test")
    try:
        asking = threading.Thread(target=nvml.devices)
        asking.start()
        pid = new_project(studio)
        assert [one.id for one in projects.all_projects(studio)] == [pid]
        assert asking.is_alive() or code != HANGS
        enough.touch()
        asking.join()
        assert [device.id for device in nvml.devices()] == ["cpu"]
        assert (nvml.problem or "").startswith("The NVIDIA driver ")
    finally:
        studio.close()
