"""How fast the server is there, how much memory it takes, and how long a click takes to become a run."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fixtures import TINY, draw_classes

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ROUNDS = 5
ONE_EPOCH = {**TINY, "training": {**TINY["training"], "epochs": 1}}


def test_first_page_and_memory(tmp_path: Path) -> None:
    """Goals: the first page within 1 s of the start of the process, under 120 MB resident."""
    seconds, megabytes = [], []
    for number in range(ROUNDS):
        began = time.perf_counter()
        with _server(tmp_path / str(number)) as (url, process):
            _get(f"{url}/projects")
            seconds.append(time.perf_counter() - began)
            megabytes.append(psutil.Process(process.pid).memory_info().rss / 1e6)
    print(f"\nfirst page: {statistics.median(seconds):.2f} s after the start (goal 1 s)")
    print(f"resident memory: {statistics.median(megabytes):.0f} MB (goal 120 MB)")


def test_click_to_first_step(tmp_path: Path) -> None:
    """From the request that a click sends to the phase "starting", and to the first optimizer step."""
    draw_classes(tmp_path / "images", {"cat": 16, "dog": 16, "owl": 16})
    starting, stepping = [], []
    with _server(tmp_path, data=tmp_path) as (url, _):
        base = _project(url, str(tmp_path / "images"))
        for _ in range(ROUNDS):
            eid = _post(f"{base}/experiments", {"config": ONE_EPOCH})["id"]
            began = time.perf_counter()
            _post(f"{base}/experiments/{eid}/train")
            one = f"{base}/experiments/{eid}"
            starting.append(_until(began, one, lambda now: now["status"] == "training"))
            stepping.append(_until(began, one, lambda now: now["progress"]["step"] > 0 or now["status"] == "completed"))
            _until(began, one, lambda now: now["status"] == "completed")
    print(f"\nclick → Starting…: {statistics.median(starting):.2f} s")
    print(f"click → first step: {statistics.median(stepping):.2f} s")


@contextmanager
def _server(folder: Path, data: Path | None = None) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"--workspace={folder}/workspace", f"--state-dir={folder}/state", f"--port={port}", "--no-open"]
    options += [f"--data-root={data}"] if data else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    process = subprocess.Popen(
        [sys.executable, "app.py", *options], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api/health")
        yield url, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def _project(url: str, images: str) -> str:
    pid = _post(f"{url}/api/projects", {"name": "Speed", "task": "classification"})["id"]
    base = f"{url}/api/projects/{pid}"
    job = _post(f"{base}/dataset/imports", {"path": images})
    _until(0, f"{base}/dataset/imports/{job['id']}", lambda now: now["status"] == "done")
    _post(f"{base}/splits", {"name": "half", "ratios": {"train": 0.5, "val": 0.5, "test": 0}})
    return base


def _until(began: float, url: str, true: Callable[[dict[str, Any]], bool]) -> float:
    for _ in range(3000):
        if true(json.loads(_get(url))):
            return time.perf_counter() - began
        time.sleep(0.02)
    raise TimeoutError(url)


def _post(url: str, body: object = None) -> Any:
    data = json.dumps(body).encode() if body is not None else b""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def _wait_for(url: str) -> None:
    for _ in range(1000):
        try:
            _get(url)
            return
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(url)
