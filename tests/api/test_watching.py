"""REST of what one watches: the system, the console and the log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aistudio.studio import Studio
from tests.fixtures import new_experiment
from tests.jobs.stage import folder_of


@pytest.fixture
def base(studio: Studio, pid: str) -> str:
    return f"/api/projects/{pid}/experiments/{new_experiment(studio, pid)}"


@pytest.fixture
def logs(studio: Studio, pid: str, base: str) -> Iterator[list[Path]]:
    """Two attempts; the log of the second was rotated once."""
    folder = folder_of(studio, pid, base.rpartition("/")[2])
    jobs = [folder.attempt(number) for number in (1, 2)]
    for job in jobs:
        job.path.mkdir()
    jobs[0].log.write_bytes(b"first\n")
    jobs[1].old_log.write_bytes(b"old \xff\x1b[31m\n" * 3)
    jobs[1].log.write_bytes(b"new\nError: bad\n")
    yield [job.log for job in jobs]


def test_the_load(client: TestClient) -> None:
    load = client.get("/api/system").json()
    assert set(load) == {"cpu_percent", "memory_used", "memory_total", "gpus"}


def test_the_system(client: TestClient, base: str) -> None:
    found = client.get(f"{base}/system").json()
    assert (found["rows"], found["since"], found["cursor"]) == ([], 0, 0)
    for wrong in ("max_points=1", "since=-1", "since=x"):
        assert client.get(f"{base}/system?{wrong}").status_code == 422
    assert client.get(f"{base[:-1]}x/system").status_code == 404


def test_the_console(client: TestClient, base: str, logs: list[Path]) -> None:
    found = client.get(f"{base}/console").json()
    texts = ["first", "old �", "old �", "old �", "new", "Error: bad"]
    assert [line["text"] for line in found["lines"]] == texts
    assert found["lines"][-1] == {"attempt": 2, "number": 5, "level": "error", "text": "Error: bad"}
    again = client.get(f"{base}/console", params={"since": found["cursor"]}).json()
    assert (again["lines"], again["reset"], again["cursor"]) == ([], False, found["cursor"])
    serious = client.get(f"{base}/console?level=warning").json()
    assert [line["text"] for line in serious["lines"]] == ["Error: bad"]
    wrong = client.get(f"{base}/console?since=here")
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "'here' is not a cursor of a console.")
    assert client.get(f"{base}/console?level=loud").status_code == 422


def test_the_log_as_a_file(client: TestClient, base: str, logs: list[Path]) -> None:
    assert client.get(f"{base}/log").text == "new\nError: bad\n"
    file = client.get(f"{base}/log?download=1")
    assert file.content == b"old \xff\x1b[31m\n" * 3 + b"new\nError: bad\n"
    assert file.headers["content-disposition"] == f'attachment; filename="{base.rpartition("/")[2]}-attempt-2.txt"'
    assert file.headers["content-type"].startswith("text/plain")
    assert client.get(f"{base}/log?download=1&attempt=1").content == b"first\n"
    gone = client.get(f"{base}/log?download=1&attempt=3")
    assert (gone.status_code, "has no attempt 3" in gone.json()["detail"]) == (404, True)


def test_before_the_first_attempt_there_is_no_file(client: TestClient, base: str) -> None:
    assert client.get(f"{base}/log").text == ""
    missing = client.get(f"{base}/log?download=1")
    assert (missing.status_code, "has no attempt yet" in missing.json()["detail"]) == (404, True)
