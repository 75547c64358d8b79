"""A watchdog on the event loop of a real server under load: no callback may hold it for long."""

import asyncio
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from aistudio.schema.events import Planned, StepsLogged, Verdict
from aistudio.store.dataset import DatasetFolder, NewImage
from aistudio.studio import Studio
from tests.browser.conftest import Trying
from tests.browser.tab import Tab
from tests.fixtures import (
    TINY,
    add_split,
    draw_classes,
    free_port,
    new_experiment,
    new_project,
    ready_project,
    running,
    until,
)
from tests.jobs.fakes import ROOT
from tests.loop_watch import callbacks, timed, too_long

STEPS = 100_000
IMAGES = 100_000
CLASSES = ("car", "person", "dog", "bicycle", "tree")
CLIENTS = 6
PAGES = ("dataset", "split")


@pytest.mark.fault
def test_f62_the_event_loop_is_never_held_for_long(tmp_path: Path) -> None:
    """Pages and lists that others load, and a run of 100,000 steps, never hold the server for more than 100 ms."""
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        for _ in range(30):
            new_experiment(studio, pid)
        eid = long_run(studio, pid)
    project = f"/api/projects/{pid}"
    with served(tmp_path) as url:
        load = [
            "/projects",
            f"/projects/{pid}/training",
            f"/projects/{pid}/dataset",
            f"/projects/{pid}/split",
            f"{project}/experiments",
            f"{project}/experiments/{eid}",
            f"{project}/experiments/{eid}/metrics",
            f"{project}/experiments/{eid}/metrics?max_points=2000",
            f"/projects/{pid}/training?experiment={eid}",
        ]
        for path in load:  # what is compiled and imported once is not what this is about
            get(url + path)
        held = held_under(tmp_path, [url + path for path in load * 3])
        # A processor that stands still counts for whatever it was at, but hardly twice for the same.
        twice = held and held & held_under(tmp_path, [url + path for path in load * 3])
    assert not twice


def held_under(folder: Path, urls: list[str]) -> set[str]:
    """The callbacks that held the loop for too long under this load, without what tells one call from another."""
    once = len(callbacks(folder))
    all_at_once(urls)
    return {re.sub(r"0x\w+|\d+", "", name) for _, name in too_long(folder, once)}


class Timed(Trying):
    """Its callbacks are measured."""

    def command(self) -> list[str]:
        _, module, *arguments = super().command()
        return [*timed(self.workspace.parent, module), *arguments]


@pytest.mark.fault
def test_f62_no_action_holds_the_event_loop_while_pages_are_open(tmp_path: Path) -> None:
    """Whatever is pressed while a run goes on and pages look at it, at a long run, at the data and the split."""
    draw_classes(tmp_path / "more", {"cats": 20, "dogs": 20})
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        for _ in range(30):
            new_experiment(studio, pid)
        long, eid = long_run(studio, pid), new_experiment(studio, pid, "Watched", epochs=8000)
    trying = Timed(tmp_path / "workspace", free_port(), tmp_path / "log", behaviour="epochs")
    trying.start()
    try:
        trying.do(eid, "train")
        trying.until(eid, "training")
        pages = [trying.address(eid), trying.address(long), *(f"{trying.url}/projects/{pid}/{page}" for page in PAGES)]
        once = asyncio.run(watched(trying, eid, [Tab(trying.url, page) for page in pages]))
    finally:
        trying.stop()
    assert not too_long(tmp_path, once)


async def watched(trying: Trying, eid: str, tabs: list[Tab]) -> int:
    """Everything is done in front of these pages; how many callbacks were measured before."""
    for tab in tabs:
        await tab.open()
    once = len(callbacks(trying.workspace.parent))
    await asyncio.to_thread(do_everything, trying, eid)
    for tab in tabs:
        await tab.close()
    assert all(tab.heard for tab in tabs) and tabs[0].epochs, "a page was not told what goes on"
    return once


def do_everything(trying: Trying, eid: str) -> None:
    """Each action once; `eid` is training before and afterwards."""
    project = f"projects/{trying.project}"
    first, second = trying.add("First", **TINY), trying.add("Second", **TINY)
    for waiting in (first, second):
        trying.do(waiting, "train")
    trying.ask("PUT", "queue", {"experiments": [second, first]})
    one = trying.get(first)
    trying.ask("PATCH", f"{project}/experiments/{first}", {"rev": one["rev"], "name": "Renamed"})
    trying.do(eid, "stop")
    trying.until(eid, "stopped")
    trying.do(eid, "resume")
    trying.until(first, "completed")
    trying.do(first, "restart")
    copy = trying.do(first, "duplicate")["id"]
    trying.ask("DELETE", f"{project}/experiments/{copy}")
    trying.ask("POST", f"trash/{trying.ask('GET', 'trash')[0]['name']}/restore")
    trying.ask("POST", f"{project}/splits/preview", {"group_by": {"kind": "pattern", "pattern": "1"}})
    job = trying.ask("POST", f"{project}/dataset/imports", {"path": str(trying.workspace.parent / "more")})
    until(lambda: trying.ask("GET", f"{project}/dataset/imports/{job['id']}")["status"] == "done", "it is imported")
    trying.ask("POST", f"{project}/splits", {"name": "Of what is new"})
    trying.until(eid, "training")


def long_run(studio: Studio, pid: str) -> str:
    """An experiment that trained for STEPS steps."""
    eid = new_experiment(studio, pid, "Long")
    folder = studio.workspace.project(pid).experiment(eid)
    job = folder.attempt(1)
    job.path.mkdir()
    lines = [Planned(time=1, epochs=1, steps_per_epoch=STEPS).model_dump_json()]
    for first in range(1, STEPS, 50):
        elapsed = [step / 100 for step in range(first, first + 50)]
        steps = StepsLogged(time=1, epoch=1, step=first, elapsed=elapsed, train_loss=[1 / first] * 50, lr=[0.1] * 50)
        lines.append(steps.model_dump_json())
    job.events.write_text("\n".join(lines) + "\n")
    job.write_verdict(Verdict(attempt=1, status="completed", finished_at=1))
    folder.write(folder.read().model_copy(update={"status": "completed", "attempt": 1}))
    return eid


@contextmanager
def served(folder: Path) -> Iterator[str]:
    port = free_port()
    options = [f"--workspace={folder}/workspace", f"--state-dir={folder}/served", f"--port={port}", "--no-open"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    process = subprocess.Popen(
        [sys.executable, *timed(folder, "app"), *options], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(f"{url}/api/health"), "the server answers")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(url: str) -> bool:
    try:
        return bool(get(url))
    except OSError:
        return False


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def all_at_once(urls: list[str]) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(get, urls))


@pytest.mark.slow
@pytest.mark.fault
def test_f65_a_hundred_thousand_images(tmp_path: Path) -> None:
    """Every page and list of the project answers, with one page of images at a time, and the server is never held."""
    with running(tmp_path) as studio:
        pid = new_project(studio)
        folder = DatasetFolder(studio.workspace.project(pid).path / "dataset" / "1")
        folder.path.mkdir(parents=True)
        folder.create(CLASSES, many_images())
        split = add_split(studio, pid)
        new_experiment(studio, pid)
    project = f"/api/projects/{pid}"
    with served(tmp_path) as url:
        images = f"{project}/dataset/images"
        load = [
            f"/projects/{pid}/dataset",
            f"/projects/{pid}/split",
            f"/projects/{pid}/training",
            f"{project}/dataset",
            f"{images}?page=1",
            f"{images}?page=800&sort=-name",
            f"{images}?search=image%2009999",
            f"{project}/splits",
            f"{project}/splits/{split}",
        ]
        for path in load:
            get(url + path)
        once = len(callbacks(tmp_path))
        all_at_once([url + path for path in load * 2])
        found = json.loads(get(f"{url}{images}?page=800&sort=-name"))
    assert (found["total"], len(found["images"])) == (IMAGES, 60)
    assert not too_long(tmp_path, once)


def many_images() -> Iterator[NewImage]:
    """Only the index of them: their files are not what this is about."""
    for number in range(IMAGES):
        name = f"{CLASSES[number % 5]}/image {number:06d}.jpg"
        yield NewImage(name, f"{number}.jpg", 640, 480, 50_000, f"{number:064x}", number % 5)
