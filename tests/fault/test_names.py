"""Odd names wherever a name goes: they are only names, and what no name may be is refused."""

import json
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aistudio.api.app import create_api
from aistudio.service import experiments, projects, trash
from aistudio.service import splits as splits_service
from tests.fault.invariants import check_invariants
from tests.fixtures import ME, TINY, add_split, draw_classes, finish_import, new_project, running, until_status
from tests.jobs.stage import pretending, worker_of

pytestmark = pytest.mark.fault
ODD = {
    "emoji": "🐱‍👤🔥 é",
    "quotes": 'it\'s "one" `two` \\ %s {x} $(id) <b>&amp;',
    "right to left": "שלום \u202egnp.exe",
    "long": "長" * 100,
    "a path": "../../x",
    "a drive": "C:\\con/nul.",
    "a formula": "=1+1;DROP TABLE images--",
    "dots": "..",
}
REFUSED = {
    "CR LF": "one\r\nSet-Cookie: two",
    "NUL": "a\0b",
    "too long": "x" * 101,
    "blank": " \t ",
    "half a character": "\ud800",
}


def outside(folder: Path) -> set[str]:
    """Everything beside the workspace and what belongs to it."""
    return {entry.name for entry in folder.iterdir()} | {entry.name for entry in folder.parent.iterdir()}


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_f66_odd_names(name: str, tmp_path: Path) -> None:
    """A project, a split, an experiment and its copy have that very name everywhere, in the trash and back too."""
    with pretending(tmp_path, "loop", "finish") as (studio, ready):
        (tmp_path / "devices").mkdir(exist_ok=True)  # of the leases, which come with the first run
        before = outside(tmp_path)
        client = TestClient(create_api(studio), raise_server_exceptions=False)
        made = client.post("/api/projects", json={"name": name, "task": "classification"}).json()
        assert made["name"] == name and projects.get(studio, made["id"]).name == name
        base = f"/api/projects/{ready}"
        assert client.patch(base, json={"rev": client.get(base).json()["rev"], "name": name}).json()["name"] == name
        split = {"name": name, "ratios": {"train": 0.5, "val": 0.5, "test": 0}}
        assert client.post(f"{base}/splits", json=split).json()["name"] == name
        assert name in [one["name"] for one in client.get(f"{base}/splits").json()]
        one = client.post(f"{base}/experiments", json={"name": name, "config": TINY}).json()
        two = client.post(f"{base}/experiments", json={"name": "Second", "config": TINY}).json()
        here, there = f"{base}/experiments/{one['id']}", f"{base}/experiments/{two['id']}"
        assert client.patch(there, json={"rev": two["rev"], "name": name}).json()["name"] == name
        assert client.post(f"{here}/train").json()["name"] == name
        worker_of(studio, ready, one["id"])
        waiting = client.post(f"{there}/train").json()
        assert f"used by {name}" in waiting["waiting_for"]
        assert [place["name"] for place in client.get("/api/queue").json()] == [name]
        refused = client.post(f"{here}/train")
        assert refused.status_code == 409 and refused.json()["detail"].startswith(f"{name} is ")
        experiments.stop(studio, ME, ready, one["id"])
        for eid in (one["id"], two["id"]):
            assert until_status(studio, ready, eid, "stopped", "completed").name == name
        copy = client.post(f"{here}/duplicate").json()["name"]
        assert copy.startswith(name[:60]) and copy.endswith(" copy") and len(copy) <= 100
        assert client.post(f"{here}/restart").json()["name"] == name
        assert client.delete(there).status_code == 204
        assert [entry.title for entry in trash.entries(studio)] == [name, name]
        trash.restore(studio, ME, trash.entries(studio)[0].name)
        assert experiments.get(studio, ready, two["id"]).name == name
        client.close()
        check_invariants(studio.settings.workspace)
        assert outside(tmp_path) == before, "a name was taken for a path"


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_f66_what_is_no_name(name: str, tmp_path: Path) -> None:
    """Line breaks, control characters, nothing, and more than 100 characters are refused, and nothing is made."""
    with pretending(tmp_path, "finish") as (studio, pid):
        client = TestClient(create_api(studio), raise_server_exceptions=False)
        base = f"/api/projects/{pid}"
        one = client.post(f"{base}/experiments", json={"name": "One", "config": TINY}).json()
        split = {"name": name, "ratios": {"train": 0.5, "val": 0.5, "test": 0}}
        change = {"rev": one["rev"], "name": name}
        for method, path, body in (
            ("POST", "/api/projects", {"name": name, "task": "classification"}),
            ("PATCH", base, {"name": name}),
            ("POST", f"{base}/splits", split),
            ("POST", f"{base}/experiments", {"name": name, "config": TINY}),
            ("PATCH", f"{base}/experiments/{one['id']}", change),
        ):
            answer = client.request(
                method, path, content=json.dumps(body), headers={"content-type": "application/json"}
            )
            assert answer.status_code == 422, (method, path, answer.text)
            assert "Name" in answer.json()["detail"] or "name" in answer.text
        assert [project.name for project in projects.all_projects(studio)] == ["Pets"]
        assert [each.name for each in splits_service.all_splits(studio, pid)] == ["80/20"]
        assert [each.name for each in experiments.all_experiments(studio, pid)] == ["One"]
        client.close()


def test_f66_odd_names_of_folders_and_files(tmp_path: Path) -> None:
    """Classes and images are called what they are called on the disk, line breaks and wrong encodings included."""
    source = tmp_path / "pets"
    classes = [name.replace("/", "∕").lstrip(".")[:80] for name in ODD.values() if name != ".."] + [
        "CR\r\nLF",
        "tab\there",
    ]
    draw_classes(source, dict.fromkeys(classes, 2))
    for folder in source.iterdir():
        (folder / "000.png").rename(folder / "a\r\nb '\"🔥\u202e.png")
        (folder / "001.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    with running(tmp_path) as studio:
        pid = new_project(studio)
        job = finish_import(studio, pid, source)
        assert (job.status, job.error) == ("done", None)
        assert job.report is not None and job.report.classes == dict.fromkeys(classes, 2)
        client = TestClient(create_api(studio), raise_server_exceptions=False)
        images = f"/api/projects/{pid}/dataset/images"
        for name in classes:
            page = client.get(images, params={"class": name}).json()
            assert {image["name"] for image in page["images"]} == {
                f"{name}/a\r\nb '\"🔥\u202e.png",
                f"{name}/caf\ufffd.png",
            }
            for image in page["images"]:
                for kind in ("file", "thumbnail"):
                    assert client.get(f"{images}/{image['id']}/{kind}").status_code == 200
        assert client.get(images, params={"search": "🔥\u202e"}).json()["total"] == len(classes)
        add_split(studio, pid)
        client.close()
        check_invariants(studio.settings.workspace)
