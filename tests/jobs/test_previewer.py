"""The warm worker of previews: real processes, killed, stopped, idle, and left by their server."""

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import AIStudioError, Superseded, WorkerLost
from aistudio.jobs.launchers.local import FIXED, PASSED_ON
from aistudio.jobs.previewer import PreviewLimits
from aistudio.schema.preview import Preview, PreviewRequest
from aistudio.service import previews
from aistudio.store.process import session_members, start_ticks
from aistudio.studio import Studio
from tests.fixtures import ready_project, running, until
from tests.jobs.fakes import ROOT

pytestmark = pytest.mark.fault
OURS = {"PYTHONPATH", "CUDA_VISIBLE_DEVICES"}
QUICK: list[dict[str, Any]] = [{"kind": "HorizontalFlip", "p": 1}]
SLOW: list[dict[str, Any]] = [
    {"kind": "Resize", "height": 2048, "width": 2048},
    *[{"kind": "ElasticTransform", "p": 1}] * 10,
]


class Asked(threading.Thread):
    """A preview that is asked for meanwhile. `begun` when the first image is there."""

    def __init__(self, studio: Studio, pid: str, request: PreviewRequest, page: str | None = None) -> None:
        super().__init__(daemon=True)
        self.begun = threading.Event()
        self.preview: Preview | None = None
        self.error: AIStudioError | None = None
        self._ask = partial(previews.preview, studio, pid, request, page=page, shown=self._shown)
        self.start()

    def run(self) -> None:
        try:
            self.preview = self._ask()
        except AIStudioError as error:
            self.error = error

    def _shown(self, preview: Preview) -> None:
        self.begun.set()

    def end(self) -> None:
        self.join(60)
        assert not self.is_alive()


def ask(studio: Studio, pid: str, seed: int = 0, **changes: Any) -> Preview:
    return previews.preview(studio, pid, PreviewRequest(transforms=QUICK, seed=seed, count=2, **changes))


def worker_of(studio: Studio) -> int:
    return until(lambda: studio.previewer.pid, "the worker is there")


def gone(pid: int) -> bool:
    return start_ticks(pid) is None and not session_members(pid)


def test_one_worker_does_all_until_it_is_killed_and_another_takes_its_place(studio: Studio, pid: str) -> None:
    assert studio.previewer.pid is None
    previews.warm(studio)
    first = worker_of(studio)
    previews.warm(studio)
    shown: list[Preview] = []
    preview = previews.preview(studio, pid, PreviewRequest(transforms=QUICK, count=3), shown=shown.append)
    assert [len(one.images) for one in shown] == [1, 2, 3] and shown[-1] == preview
    ask(studio, pid, 1)
    assert worker_of(studio) == first
    environment = Path(f"/proc/{first}/environ").read_bytes().split(b"\0")
    assert b"CUDA_VISIBLE_DEVICES=" in environment
    assert {entry.partition(b"=")[0].decode() for entry in environment if entry} <= {*PASSED_ON, *FIXED, *OURS}

    slow = Asked(studio, pid, PreviewRequest(transforms=SLOW, count=8))
    assert slow.begun.wait(60)
    os.kill(first, signal.SIGKILL)
    slow.end()
    assert isinstance(slow.error, WorkerLost)
    assert "was ended by SIGKILL in the middle of its work" in slow.error.message
    assert len(ask(studio, pid, 2).images) == 2
    assert worker_of(studio) != first and gone(first)


def test_what_is_known_is_answered_without_a_worker(studio: Studio, pid: str) -> None:
    first = ask(studio, pid)
    os.kill(worker_of(studio), signal.SIGKILL)
    until(lambda: studio.previewer.pid is None, "it is gone")
    assert ask(studio, pid) == first
    assert studio.previewer.pid is None


def test_an_idle_worker_ends_and_the_next_request_starts_another(tmp_path: Path) -> None:
    with running(tmp_path, preview_limits=PreviewLimits(idle=0.5)) as studio:
        pid = ready_project(studio)
        ask(studio, pid)
        until(lambda: studio.previewer.pid is None, "it ended by itself")
        assert len(ask(studio, pid, 1).images) == 2


def test_a_worker_that_ends_just_when_it_is_asked_is_replaced(tmp_path: Path) -> None:
    """It is stopped, so that it does not hear the request before it is killed."""
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        ask(studio, pid)
        first = worker_of(studio)
        os.kill(first, signal.SIGSTOP)
        asked = Asked(studio, pid, PreviewRequest(transforms=QUICK, seed=1))
        until(lambda: len(list(studio.workspace.previews.root.glob("*/request.json"))) == 2, "it was asked")
        os.kill(first, signal.SIGKILL)
        asked.end()
        assert asked.error is None and asked.preview is not None
        assert worker_of(studio) != first


def test_one_that_takes_too_long_is_killed_and_that_is_said(
    studio: Studio, pid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(studio, pid)
    first = worker_of(studio)
    os.kill(first, signal.SIGSTOP)
    monkeypatch.setattr(studio.previewer, "_limits", PreviewLimits(request=1))
    with pytest.raises(WorkerLost, match="took longer than 1 s, so it was ended") as caught:
        ask(studio, pid, 1)
    assert "fewer or smaller images" in caught.value.advice
    assert gone(first)
    monkeypatch.undo()  # the next one has to start first
    assert len(ask(studio, pid, 2).images) == 2


def test_a_newer_request_of_a_page_replaces_the_one_that_waits(studio: Studio, pid: str) -> None:
    slow = Asked(studio, pid, PreviewRequest(transforms=SLOW, count=4), page="a")
    assert slow.begun.wait(60)
    os.kill(worker_of(studio), signal.SIGSTOP)  # it is not over before all are asked for
    waiting = []
    for seed, page, wanted in ((0, "a", 1), (1, "b", 2), (2, "a", 2)):
        waiting.append(Asked(studio, pid, PreviewRequest(transforms=QUICK, seed=seed), page))
        until(lambda wanted=wanted: studio.previewer.waiting() == wanted, "it waits")  # type: ignore[misc]
    until(lambda: waiting[0].error, "the newer one took its place")
    os.kill(worker_of(studio), signal.SIGCONT)
    for one in (slow, *waiting):
        one.end()
    assert isinstance(waiting[0].error, Superseded)
    assert all(one.error is None and one.preview for one in (slow, *waiting[1:]))


def test_two_for_the_same_are_made_once(studio: Studio, pid: str) -> None:
    request = PreviewRequest(transforms=QUICK, count=8)
    both = [Asked(studio, pid, request, page) for page in ("a", "b")]
    for one in both:
        one.end()
    assert both[0].preview == both[1].preview is not None
    assert sum(one.begun.is_set() for one in both) == 1


def test_the_worker_ends_with_its_studio(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        ask(studio, pid)
        worker = worker_of(studio)
        slow = Asked(studio, pid, PreviewRequest(transforms=SLOW, count=8))
        assert slow.begun.wait(60)
    assert gone(worker)
    slow.end()
    assert isinstance(slow.error, WorkerLost)


@pytest.mark.parametrize("what", ["idle", "busy"])
def test_the_worker_ends_with_a_killed_server(tmp_path: Path, what: str) -> None:
    with running(tmp_path) as studio:
        pid = ready_project(studio)
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/jobs/preview_server.py"), str(tmp_path), pid, what],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert server.stdout is not None
    worker = int(server.stdout.readline())
    assert not gone(worker)
    server.kill()
    server.communicate()
    until(lambda: gone(worker), "no stray is left")


def test_the_cache_may_be_deleted_at_any_time(studio: Studio, pid: str) -> None:
    first = ask(studio, pid)
    for path in sorted(studio.workspace.previews.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    studio.workspace.previews.root.rmdir()
    assert ask(studio, pid) == first
