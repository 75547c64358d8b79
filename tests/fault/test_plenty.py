"""A lot of everything: experiments, metric lines, clients that do not read, runs one after the other."""

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest

from aistudio.jobs import curves
from aistudio.jobs.run import Run
from aistudio.jobs.tail import Tail
from aistudio.schema.experiment import Experiment, MainMetric, Status
from aistudio.service import experiments
from aistudio.store.atomic import read_json
from aistudio.store.workspace import ProjectFolder, new_id
from tests.fixtures import TINY, new_experiment, ready_project, running, until
from tests.jobs.fakes import ROOT, Pretending
from tests.jobs.stage import folder_of
from tests.test_event_loop import served

pytestmark = pytest.mark.fault
METRIC = MainMetric(name="val_accuracy", direction="max")
LINES = 1_000_000


def best_of(rounds: int, action: Callable[[], object]) -> float:
    """CPU seconds of the quickest round, so that what else happens on the machine does not count."""
    seconds = []
    for _ in range(rounds):
        began = time.thread_time()
        action()
        seconds.append(time.thread_time() - began)
    return min(seconds)


def stored(project: ProjectFolder, number: int, status: Status = "completed") -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    folder = project.new_experiment(new_id())
    one = Experiment(id=folder.id, name=f"{number}", created_at=at, config=TINY, main_metric=METRIC, status=status)
    folder.create(one.model_copy(update={"attempt": 1, "queued_at": at}))
    return folder.id


def test_f63_a_thousand_experiments(tmp_path: Path) -> None:
    """The list has each once and in order and reads no file twice; what an earlier server left training is judged."""
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        project = studio.workspace.project(pid)
        hundred = [stored(project, number) for number in range(100)]
        short = best_of(5, lambda: experiments.all_experiments(studio, pid))
        left = {stored(project, number, "training") for number in range(100, 150)}
        others = [stored(project, number) for number in range(150, 1000)]
    with running(tmp_path, launcher=Pretending("refuse")) as studio:
        until(lambda: not any(one.active for one in experiments.all_experiments(studio, pid)), "all are judged")
        listed = experiments.all_experiments(studio, pid)
        assert [one.name for one in listed] == [f"{number}" for number in range(1000)]
        lost = {one.id for one in listed if one.error and one.error.type == "WorkerLost"}
        assert lost == left and not lost & {*hundred, *others}
        again = experiments.all_experiments(studio, pid)
        assert all(one is other for one, other in zip(listed, again, strict=True))
        assert best_of(5, lambda: experiments.all_experiments(studio, pid)) < 40 * short  # ten times as many


def test_f64_a_million_metric_lines(tmp_path: Path) -> None:
    """They open in the time of parsing them, a new line costs only itself, and 2,000 points show every peak."""
    path = tmp_path / "events.jsonl"
    peak = LINES // 3
    path.write_text("".join(line(step, 99.0 if step == peak else 1 / step) for step in range(1, LINES + 1)))
    run, tail = Run(METRIC), Tail(path)
    opened = min(best_of(1, lambda: follow(Run(METRIC), Tail(path))), best_of(1, lambda: follow(run, tail)))
    parsed = best_of(2, lambda: parse(path))
    assert (len(run.step_rows), tail.damaged) == (LINES, 0)
    assert opened < 4 * parsed

    def one_more() -> None:
        with path.open("a") as file:
            file.write(line(len(run.step_rows) + 1, 0.5))
        follow(run, tail)

    assert best_of(2, one_more) < opened / 100
    assert run.step_rows[-1][1] == LINES + 2
    rows = curves.table(run, 2000).rows
    assert 1000 < len(rows) <= 2000
    assert peak in [row[1] for row in rows]


def follow(run: Run, tail: Tail) -> None:
    for event in tail.read():
        run.feed(event)


def parse(path: Path) -> None:
    with path.open("rb") as file:
        for one in file:
            orjson.loads(one)


def line(step: int, loss: float) -> str:
    return (
        f'{{"time":1.0,"event":"steps","epoch":1,"step":{step},"elapsed":[{step / 100}],'
        f'"train_loss":[{loss}],"lr":[0.001]}}\n'
    )


def test_f68_a_client_that_does_not_read(tmp_path: Path) -> None:
    """The server keeps nothing for it, the others get their answers meanwhile, and it is let go with its connection."""
    with running(tmp_path) as studio:
        pid = ready_project(studio)
        eid = new_experiment(studio, pid, "Long")
        folder = folder_of(studio, pid, eid)
        job = folder.attempt(1)
        job.path.mkdir()
        with job.events.open("w") as file:
            file.writelines(line(step, 1 / step) for step in range(1, 600_000))
        folder.write(folder.read().model_copy(update={"status": "completed", "attempt": 1}))
        size = job.events.stat().st_size
    with served(tmp_path) as url:
        server = int(read_json(tmp_path / "workspace/workspace.lock")["pid"])
        page = f"{url}/api/projects/{pid}/experiments"
        urllib.request.urlopen(page, timeout=30).read()
        memory = resident(server)
        with ExitStack() as clients:
            for _ in range(3):
                client = clients.enter_context(silent(f"{page}/{eid}/events"))
                assert client.recv(1, socket.MSG_PEEK), "it is answered"
            threading.Event().wait(2)
            assert len(json.loads(urllib.request.urlopen(page, timeout=30).read())) == 1
            assert resident(server) - memory < size / 3
            files = open_files(server)
        until(lambda: open_files(server) <= files - 3, "their connections are closed")


def silent(url: str) -> socket.socket:
    """Asks, and never reads the answer."""
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname, parts.port or 80), timeout=30)
    client.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return client


def resident(pid: int) -> int:
    """Bytes of memory that the process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


SOAK = """
import gc, json, sys, threading
from pathlib import Path
from aistudio.service import experiments, trash
from tests.fault.test_plenty import open_files, resident
from tests.fixtures import ME, new_experiment, ready_project, running, until_status
from tests.jobs.fakes import Pretending
import os

def soak(studio, pid, runs):
    for _ in range(runs):
        eid = new_experiment(studio, pid)
        experiments.train(studio, ME, pid, eid)
        until_status(studio, pid, eid, "completed")
        experiments.metrics(studio, pid, eid)
        experiments.restart(studio, ME, pid, eid)
        experiments.delete(studio, ME, pid, eid)
    gc.collect()
    threads = sum(thread.name != "MainThread" for thread in threading.enumerate())
    return {"memory": resident(os.getpid()), "files": open_files(os.getpid()), "threads": threads,
            "documents": len(studio.workspace.documents), "objects": len(gc.get_objects())}

with running(Path(sys.argv[1]), launcher=Pretending("finish")) as studio:
    pid = ready_project(studio)
    print(json.dumps([soak(studio, pid, 40) for _ in range(4)]))
"""


@pytest.mark.slow
def test_f70_many_short_runs_in_a_row(tmp_path: Path) -> None:
    """The server keeps nothing of runs that came and went: its memory, files and threads stay what they were."""
    done = subprocess.run([sys.executable, "-c", SOAK, str(tmp_path)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    _, second, _, last = json.loads(done.stdout.splitlines()[-1])
    assert last["memory"] - second["memory"] < 5 * 2**20, (second, last)
    assert last["objects"] - second["objects"] < 80 * 5, (second, last)
    for kept in ("files", "threads", "documents"):
        assert last[kept] <= second[kept] + 2, (second, last)
