"""An import that is killed or cancelled at any moment, and readers that die in the midst of an image."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from aistudio.jobs import imports
from aistudio.jobs.launchers.local import Local, environment
from aistudio.jobs.pressure import Patience
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import Import, ImportRequest
from aistudio.service import datasets
from aistudio.store.job_folder import JobFolder
from aistudio.store.process import session_members, start_ticks
from aistudio.studio import Studio
from tests.fixtures import (
    ME,
    add_images,
    contents,
    draw_classes,
    finish_import,
    new_project,
    running,
    settings_in,
    until,
    workers,
)
from tests.service.importing import ended

pytestmark = pytest.mark.fault


@pytest.fixture
def empty(studio: Studio) -> str:
    """A project without images."""
    return new_project(studio)


Moment = Callable[[JobFolder], object]


def said(text: str) -> Moment:
    return lambda place: place.events.exists() and text in place.events.read_text()


MOMENTS: dict[str, Moment] = {
    "it has begun": lambda place: place.worker(),
    "it looks through the folder": said('"checking"'),
    "some images are copied": lambda place: any((place.path / "dataset/images").glob("*")),
    "all images are read": said('"importing"'),
    "the index is being written": lambda place: (place.path / "dataset/index.sqlite").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("how", ["killed", "cancelled"])
def test_f39_an_import_is_killed_or_cancelled(
    moment: str, how: str, studio: Studio, empty: str, tmp_path: Path
) -> None:
    """The data set that was there before is the same to the last byte, or the new one is complete."""
    add_images(studio, empty, {"old": 3, "older": 3})
    folder = studio.workspace.project(empty).path
    before = contents(folder)
    draw_classes(tmp_path / "pets", {"cats": 600, "dogs": 600})
    job = datasets.start_import(studio, ME, empty, ImportRequest(path=str(tmp_path / "pets")))
    place = studio.workspace.import_job(job.id)
    until(lambda: MOMENTS[moment](place) or _over(studio, empty, job), moment)
    worker = until(place.worker, "the worker is there")
    if how == "killed":
        with contextlib.suppress(ProcessLookupError):  # it was quicker
            os.kill(worker.pid, 9)
    else:
        place.request_stop()
    end = until(lambda: _over(studio, empty, job), "it is over")
    assert {name: data for name, data in contents(folder).items() if name in before} == before
    if end.status == "done":  # the worker was quicker
        assert datasets.summary(studio, empty).images == 1200
    else:
        assert end.status == ("failed" if how == "killed" else "cancelled")
        assert contents(folder) == before
    assert not (place.path / "dataset").exists()


def readers(worker: int) -> list[int]:
    """The processes in which a worker opens files."""
    children = Path(f"/proc/{worker}/task/{worker}/children").read_text()
    return [int(pid) for pid in children.split()]


def test_an_image_that_crashes_its_reader_is_left_out(studio: Studio, empty: str, tmp_path: Path) -> None:
    """A reader dies in the midst of an image, and everything else comes in."""
    draw_classes(tmp_path / "pets", {"cats": 600, "dogs": 600})
    job = datasets.start_import(studio, ME, empty, ImportRequest(path=str(tmp_path / "pets")))
    place = studio.workspace.import_job(job.id)
    until(lambda: any((place.path / "dataset/images").glob("*")), "some images are copied")
    worker = until(place.worker, "the worker is there")
    os.kill(readers(worker.pid)[0], 11)
    done = ended(studio, empty, job)
    assert done.status == "done" and done.report is not None
    (lost,) = [one for one in done.report.problems if one.effect == "left out"]
    assert lost.message == "makes its reader crash (SIGSEGV)" and (tmp_path / "pets" / lost.file).is_file()
    assert (done.report.images, done.report.skipped) == (1199, 1)
    dataset = studio.workspace.project(empty).dataset()
    assert dataset is not None
    for folder in (dataset.images, dataset.thumbnails):
        assert len(list(folder.iterdir())) == 1199


def test_no_reader_outlives_its_worker(studio: Studio, empty: str, tmp_path: Path) -> None:
    draw_classes(tmp_path / "pets", {"cats": 1500, "dogs": 1500})
    job = datasets.start_import(studio, ME, empty, ImportRequest(path=str(tmp_path / "pets")))
    place = studio.workspace.import_job(job.id)
    worker = until(place.worker, "the worker is there")
    found = until(lambda: readers(worker.pid), "it has readers")
    os.kill(worker.pid, 9)
    until(lambda: all(start_ticks(pid) is None for pid in found), "they are gone too")
    assert ended(studio, empty, job).status == "failed"


def test_f17_an_import_that_does_not_stop_is_ended(tmp_path: Path) -> None:
    """Its worker stands still when it is cancelled: it is told by signals, at last by one that nobody can ignore."""
    draw_classes(tmp_path / "pets", {"cats": 1500, "dogs": 1500})
    with running(tmp_path, patience=Patience(term=0.2, kill=0.2)) as studio:
        pid = new_project(studio)
        job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(tmp_path / "pets")))
        place = studio.workspace.import_job(job.id)
        worker = until(place.worker, "the worker is there")
        until(lambda: readers(worker.pid), "it has readers")
        os.kill(worker.pid, signal.SIGSTOP)
        datasets.cancel_import(studio, ME, pid, job.id)
        end = ended(studio, pid, job)
        assert (end.status, end.error) == ("cancelled", None)
        assert not (place.path / "dataset").exists() and not workers(studio.settings.workspace)


class Instead(Local):
    """Its imports begin with something else; `$0` is the command of the worker."""

    def __init__(self, script: str) -> None:
        self._script = script

    def launch(self, folder: Path, env: Mapping[str, str], leases: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        worker = [sys.executable, "-m", "aistudio.engine", str(folder)]
        child = subprocess.Popen(
            ["sh", "-c", self._script, *worker], cwd=folder, env=environment(env), start_new_session=True
        )
        threading.Thread(target=child.wait, daemon=True).start()
        return child


LEAVES = """
import os, time
from pathlib import Path
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import Lease
from aistudio.store.process import identity
lease = Lease.acquire(Path("lease.lock"))
JobFolder(Path()).write_worker(identity(0))
if os.fork():
    os._exit(0)
time.sleep(300)
"""


@pytest.mark.parametrize("how", ["hangs", "leaves a process"])
def test_an_import_whose_worker_is_of_no_use_has_failed(how: str, tmp_path: Path) -> None:
    """One never says who it is, one is gone and what it forked keeps the lease: nothing is left of either."""
    draw_classes(tmp_path / "pets", {"cats": 1})
    script = "exec sleep 300" if how == "hangs" else f"exec $0 -c '{LEAVES}'"
    with running(tmp_path, launcher=Instead(script), patience=Patience(start=1.0)) as studio:
        pid = new_project(studio)
        job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(tmp_path / "pets")))
        launched = studio.workspace.import_job(job.id).launched()
        assert launched is not None
        end = ended(studio, pid, job)
        assert (end.status, end.error) == ("failed", imports.WORDLESS)
        assert not session_members(launched.pid)


def test_an_import_that_starts_slowly_outlives_its_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next server knows that its worker lives, and waits for it."""
    monkeypatch.setattr(imports, "START_GRACE_SECONDS", 0.0)
    draw_classes(tmp_path / "pets", {"cats": 2, "dogs": 2})
    launcher = Instead('sleep 1; exec "$0" "$@"')
    with contextlib.closing(Studio(settings_in(tmp_path), launcher).open("a server")) as studio:
        pid = new_project(studio)
        job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(tmp_path / "pets")))
    with running(tmp_path) as studio:
        assert (ended(studio, pid, job).status, datasets.summary(studio, pid).images) == ("done", 4)


def test_a_worker_that_comes_after_its_import_has_ended_leaves(
    studio: Studio, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows of it, because its server was killed when it was launched: nobody waits for what it would make."""
    monkeypatch.setattr(imports, "START_GRACE_SECONDS", 0.0)
    place = studio.workspace.import_job("late")
    place.write_request(ImportJobRequest(project=empty, task="any", sample="x", target=str(place.path / "dataset")))
    assert studio.manager.import_watch(place).look()
    late = Local().launch(place.path, {})
    assert late.wait() == 0
    assert place.worker() is None and not (place.path / "dataset").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_f39_an_import_is_killed_at_any_moment(seed: int, studio: Studio, empty: str, tmp_path: Path) -> None:
    """The worker or one of its readers, between its start and its end; in the end the next import comes in."""
    dice = random.Random(seed)
    add_images(studio, empty, {"old": 3, "older": 3})
    folder = studio.workspace.project(empty).path
    before = contents(folder)
    draw_classes(tmp_path / "pets", {"cats": 200, "dogs": 200})
    job = datasets.start_import(studio, ME, empty, ImportRequest(path=str(tmp_path / "pets")))
    worker = until(studio.workspace.import_job(job.id).worker, "the worker is there")
    time.sleep(dice.uniform(0, 1.0))
    victims = [worker.pid]
    with contextlib.suppress(OSError):
        victims += readers(worker.pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(dice.choice(victims), 9)
    end = until(lambda: _over(studio, empty, job), "it is over")
    assert {name: data for name, data in contents(folder).items() if name in before} == before
    assert end.status == "done" or contents(folder) == before
    assert not (studio.workspace.staging / job.id / "dataset").exists()
    version = datasets.summary(studio, empty).version or 0
    finish_import(studio, empty, tmp_path / "pets")
    assert (datasets.summary(studio, empty).version, datasets.summary(studio, empty).images) == (version + 1, 400)


def _over(studio: Studio, pid: str, job: Import) -> Import | None:
    now = datasets.get_import(studio, pid, job.id)
    return now if now.status in ("done", "failed", "cancelled") else None
