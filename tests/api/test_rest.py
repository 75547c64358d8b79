"""REST as programs meet it: documented shapes, problems in words, and nothing written by reading."""

import json
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest
from starlette.testclient import TestClient

from aistudio.api.app import create_api
from aistudio.studio import Studio
from aistudio.tasks import TASKS
from tests.fixtures import (
    TINY,
    add_images,
    contents,
    draw_classes,
    finish_import,
    gpu,
    new_experiment,
    new_project,
    ready_project,
    running,
    until,
)
from tests.jobs.fakes import Pretending
from tests.jobs.stage import busy

GOLDEN = Path(__file__).parents[1] / "golden/openapi.json"
PROJECT = {"id", "name", "task", "rev", "created_at", "images", "experiments", "damage"}
DATASET = {
    *("status", "version", "images", "classes", "counts", "objects", "annotation", "format", "targets", "columns"),
    *("subsets", "problems", "storage"),
}
IMAGE = {
    *("id", "name", "width", "height", "bytes", "label", "format", "subset", "twin", "columns", "annotations"),
    "problems",
}
IMPORT = {"id", "status", "done", "total", "report", "error", "source", "storage", "ended_at"}
SPLIT = {
    *("id", "name", "dataset_version", "seed", "ratios", "counts", "sizes", "origin", "group_by", "keep_twins"),
    *("groups", "target", "bare", "created_at"),
}
EXPERIMENT = {
    "id", "name", "status", "phase", "rev", "attempt", "parent", "created_at", "queued_at", "position", "waiting_for",
    "config", "progress", "metrics", "best_epoch", "main_metric", "error", "resumable", "duration_seconds",
    "schema", "queued_from", "queued_before", "extensions", "extending", "detail", "resume_epoch",
}  # fmt: skip


class Answer(Protocol):
    """What the client gives back, whichever httpx it is made of."""

    status_code: int

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    def json(self) -> Any: ...


def said(answer: Answer, status: int) -> Any:
    """The body of a good answer, or of a problem that is one as RFC 9457 wants it."""
    assert answer.status_code == status, answer.text
    if status == 204:
        assert answer.content == b""
        return None
    body = answer.json()
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail"} <= set(body)
        assert (body["type"], body["status"]) == ("about:blank", status)
        assert body["detail"]
    return body


def test_health_devices_and_tasks(tmp_path: Path) -> None:
    with running(tmp_path, [gpu(0)]) as studio:
        client = TestClient(create_api(studio))
        assert said(client.get("/api/health"), 200)["status"] == "ok"
        devices = said(client.get("/api/devices"), 200)
        fields = {"id", "name", "uuid", "memory_total", "memory_free", "capability"}
        assert [set(device) for device in devices] == [fields] * 2
        assert [device["id"] for device in devices] == ["cpu", "gpu:0"]
        tasks = said(client.get("/api/tasks"), 200)
        assert [task["key"] for task in tasks] == [task.key for task in TASKS]
        assert {"key", "name", "default_config", "schema"} <= set(tasks[0])
        assert tasks[0]["default_config"]["task"] == "classification"
        client.close()


def test_projects(client: TestClient) -> None:
    made = said(client.post("/api/projects", json={"name": " Pets ", "task": "classification"}), 201)
    assert set(made) == PROJECT
    assert (made["name"], made["images"], made["experiments"]) == ("Pets", 0, 0)
    at = f"/api/projects/{made['id']}"
    assert said(client.get("/api/projects"), 200) == [made]
    renamed = {**made, "name": "Animals", "rev": 2}
    assert said(client.patch(at, json={"rev": 1, "name": "Animals"}), 200) == renamed
    stale = said(client.patch(at, json={"rev": 1, "name": "Pets"}), 409)
    assert (stale["error"], stale["current"]["name"]) == ("StaleRevision", "Animals")
    assert said(client.get(at), 200)["name"] == "Animals"
    said(client.delete(at), 204)
    said(client.get(at), 404)
    said(client.delete(at), 404)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "name"),
        ({"name": "", "task": "classification"}, "name"),
        ({"name": "x" * 101, "task": "classification"}, "name"),
        ({"name": "a\nb", "task": "classification"}, "name"),
        ({"name": "A", "task": "juggling"}, "juggling"),
        ({"name": "A", "task": "classification", "id": "mine"}, "id"),
        ([], "body"),
    ],
)
def test_a_wrong_project_is_explained(client: TestClient, body: Any, named: str) -> None:
    assert named in said(client.post("/api/projects", json=body), 422)["detail"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"name": "\\ud800", "task": "classification"}', b"[" * 50_000])
def test_a_body_that_is_no_json_is_a_problem(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/projects", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    said(answer, answer.status_code)


@pytest.mark.parametrize(("method", "path", "allowed"), [("PUT", "projects", "GET, POST"), ("POST", "health", "GET")])
def test_a_wrong_method_is_explained(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, f"/api/{path}")
    assert said(answer, 405)["detail"] == f"/api/{path} takes {allowed}, not {method}."
    assert answer.headers["allow"] == allowed


def test_an_import_and_its_images(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    pid = new_project(studio)
    at = f"/api/projects/{pid}/dataset"
    empty = said(client.get(at), 200)
    assert set(empty) == DATASET
    assert (empty["status"], empty["version"], empty["images"], empty["classes"]) == ("empty", None, 0, [])
    assert said(client.get(f"{at}/images"), 200) == {"total": 0, "page": 1, "page_size": 60, "images": []}
    source = draw_classes(tmp_path / "pets", {"cats": 3, "dogs": 2})
    job = said(client.post(f"{at}/imports", json={"path": str(source)}), 202)
    assert set(job) == IMPORT
    until(lambda: client.get(f"{at}/imports/{job['id']}").json()["status"] == "done", "it is imported")
    done = said(client.get(f"{at}/imports/{job['id']}"), 200)
    assert (set(done), done["done"], done["total"], done["error"]) == (IMPORT, 5, 5, None)
    assert set(said(client.get(at), 200)) == DATASET
    said(client.post(f"{at}/imports/{job['id']}/cancel"), 409)
    page = said(client.get(f"{at}/images", params={"class": "dogs", "page_size": 1, "page": 2, "sort": "-name"}), 200)
    assert (page["total"], page["page"], page["page_size"]) == (2, 2, 1)
    assert [image["name"] for image in page["images"]] == ["dogs/000.png"]
    assert set(page["images"][0]) == IMAGE
    image = f"{at}/images/{page['images'][0]['id']}"
    assert said(client.get(image), 200) == page["images"][0]
    assert said(client.get(f"{image}/mask"), 404)["detail"].endswith("has no mask.")
    assert said(client.get(f"{at}/imports"), 200) == [done]
    said(client.post(f"{at}/imports/{job['id']}/accept"), 409)
    file = client.get(f"{image}/file")
    assert file.headers["content-disposition"] == 'attachment; filename="000.png"'  # not the number it is kept under
    assert (file.headers["content-type"], file.content) == ("image/png", (source / "dogs/000.png").read_bytes())
    thumbnail = client.get(f"{image}/thumbnail", params={"version": 1})
    assert (thumbnail.headers["content-type"], thumbnail.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert "immutable" in thumbnail.headers["cache-control"]
    assert "cache-control" not in file.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("images/0/file", 404),
        ("images/999/thumbnail", 404),
        (f"images/{10**30}/file", 404),
        (f"images/{10**30}/thumbnail", 404),
        ("images/x/file", 422),
        ("images/1/file?version=7", 404),
        ("images?page=0", 422),
        ("statistics?version=9", 404),
        ("images?page_size=1001", 422),
        ("images?sort=colour", 422),
        ("images?split=none&subset=val", 404),
        ("images?subset=all", 422),
        ("imports/none", 404),
    ],
)
def test_images_that_are_not_there(client: TestClient, pid: str, path: str, status: int) -> None:
    said(client.get(f"/api/projects/{pid}/dataset/{path}"), status)


@pytest.mark.parametrize("query", [f"page={10**25}", f"search={'x' * 20_000}", "search=%00", "search=%ff", "class=%00"])
def test_odd_questions_find_nothing(client: TestClient, pid: str, query: str) -> None:
    assert said(client.get(f"/api/projects/{pid}/dataset/images?{query}"), 200)["images"] == []


def test_a_lost_file_is_not_found(client: TestClient, studio: Studio, pid: str) -> None:
    dataset = studio.workspace.project(pid).dataset()
    assert dataset is not None
    dataset.image(1)[1].unlink()
    dataset.thumbnail(1).unlink()
    for kind in ("file", "thumbnail"):
        said(client.get(f"/api/projects/{pid}/dataset/images/1/{kind}"), 404)


def test_a_path_outside_is_refused(client: TestClient, pid: str, tmp_path: Path) -> None:
    at = f"/api/projects/{pid}/dataset/imports"
    refused = said(client.post(at, json={"path": "/etc"}), 403)
    assert (refused["error"], "--data-root" in refused["advice"]) == ("PathRefused", True)
    assert said(client.post(at, json={"path": str(tmp_path / "nowhere")}), 422)["error"] == "ImportRefused"


def test_splits(client: TestClient, pid: str) -> None:
    at = f"/api/projects/{pid}/splits"
    plan = {"ratios": {"train": 0.6, "val": 0.2, "test": 0.2}, "seed": 7}
    preview = said(client.post(f"{at}/preview", json=plan), 200)
    made = said(client.post(at, json={"name": "60/20/20", **plan}), 201)
    assert set(preview) == set(made) == SPLIT
    assert (
        made["counts"] == preview["counts"] == {name: {"train": 12, "val": 4, "test": 4} for name in ("cats", "dogs")}
    )
    assert (made["seed"], made["ratios"], made["dataset_version"]) == (7, plan["ratios"], 1)
    assert said(client.get(f"{at}/{made['id']}/leaks"), 200) == {"same": 0, "alike": 0, "examples": [], "groups": None}
    by = {"kind": "pattern", "pattern": "(cat|dog)s/"}
    crossing = said(client.post(f"{at}/{made['id']}/leaks/groups", json=by), 200)
    assert (crossing["by"], crossing["groups"], crossing["crossing"], crossing["apart"]) == (by, 2, 2, 0)
    assert crossing["examples"][0] == {"key": "cat", "sizes": {"train": 12, "val": 4, "test": 4}}
    said(client.post(f"{at}/{made['id']}/leaks/groups", json={"kind": "folder"}), 422)
    assert said(client.post(f"{at}/preview/leaks", json=plan), 200)["examples"] == []
    said(client.post(f"{at}/preview", json={"group_by": {"kind": "pattern", "pattern": "("}}), 422)
    said(client.post(f"{at}/source"), 422)
    assert said(client.get(at), 200)[1] == said(client.get(f"{at}/{made['id']}"), 200) == made
    folds = said(client.post(f"{at}/folds", json={"name": "Cross", "folds": 2}), 201)
    assert [one["sizes"] for one in folds] == [{"train": 20, "val": 20, "test": 0}] * 2
    shown = said(client.post(f"{at}/preview/folds", json={"folds": 2}), 200)
    assert [one["counts"] for one in shown] == [one["counts"] for one in folds]
    groups = said(client.post(f"{at}/preview/groups", json={"kind": "folder"}), 200)
    assert (groups["groups"], groups["largest"][0]["images"]) == (2, 20)
    said(client.post(f"{at}/preview/groups", json={"kind": "pattern", "pattern": "nothing"}), 422)
    assert said(client.get(f"{at}/{made['id']}/users"), 200) == []
    images = f"/api/projects/{pid}/dataset/images"
    found = said(client.get(images, params={"split": made["id"], "subset": "test", "class": "cats"}), 200)
    assert found["total"] == 4
    said(client.post(at, json={"name": "60/20/20", **plan}), 409)
    assert (
        "add up to 1" in said(client.post(at, json={"name": "B", "ratios": {"train": 0.9, "val": 0.9}}), 422)["detail"]
    )
    said(client.delete(f"{at}/{made['id']}"), 204)
    said(client.get(f"{at}/{made['id']}"), 404)


def test_experiments(client: TestClient, pid: str) -> None:
    at = f"/api/projects/{pid}/experiments"
    made = said(client.post(at, json={"config": TINY}), 201)
    assert set(made) == EXPERIMENT
    assert set(made["progress"]) == {"epoch", "epochs", "step", "steps", "eta_seconds"}
    assert (set(made["metrics"]), set(made["main_metric"])) == ({"best", "last"}, {"name", "direction"})
    assert {"task", "split", "model", "optimizer", "scheduler", "loss", "training", "augmentations", "hardware"} == set(
        made["config"]
    )
    one = f"{at}/{made['id']}"
    assert said(client.get(at), 200) == [made]
    renamed = said(client.patch(one, json={"rev": 1, "name": "Baseline"}), 200)
    assert renamed == {**made, "name": "Baseline", "rev": 2}
    stale = said(client.patch(one, json={"rev": 1, "name": "Other"}), 409)
    assert (stale["error"], stale["current"]["name"], stale["current"]["rev"]) == ("StaleRevision", "Baseline", 2)
    replaced = said(client.patch(one, json={"rev": 2, "config": {"optimizer": {"kind": "SGD", "lr": 0.5}}}), 200)
    assert (replaced["config"]["optimizer"]["lr"], replaced["config"]["optimizer"]["momentum"]) == (0.5, 0.9)
    assert replaced["config"]["training"]["epochs"] != TINY["training"]["epochs"]
    wrong = said(client.patch(one, json={"rev": 3, "config": {"training": {"epochs": 0}}}), 422)
    message = "must be a whole number from 1 to 10000."
    assert wrong["fields"] == [{"path": "training.epochs", "title": "Epochs", "message": message}]
    said(client.patch(one, json={"name": "No revision"}), 422)
    said(client.post(f"{one}/stop"), 409)
    empty = said(client.get(f"{one}/metrics"), 200)
    assert (empty["columns"][:6], empty["rows"]) == (["epoch", "step", "time", "train_loss", "val_loss", "lr"], [])
    said(client.get(f"{one}/metrics?max_points=1"), 422)
    log = client.get(f"{one}/log")
    assert (log.status_code, log.text, log.headers["content-type"]) == (200, "", "text/plain; charset=utf-8")
    said(client.delete(one), 204)
    said(client.get(one), 404)


def test_not_a_number_in_a_config_is_refused(client: TestClient, pid: str) -> None:
    body = json.dumps({"config": {"augmentations": {"train": [{"kind": "Affine", "rotate": [float("nan"), 5]}]}}})
    answer = client.post(f"/api/projects/{pid}/experiments", content=body, headers={"content-type": "application/json"})
    assert said(answer, 422)["fields"][0]["title"] == "Rotate"


def test_a_precision_that_the_device_lacks_is_refused(client: TestClient, pid: str) -> None:
    body = {"config": {"hardware": {"devices": ["cpu"], "precision": "16-mixed"}}}
    (field,) = said(client.post(f"/api/projects/{pid}/experiments", json=body), 422)["fields"]
    assert "16-mixed needs a GPU" in field["message"]


def test_a_preflight_that_fails_says_why(client: TestClient, studio: Studio) -> None:
    pid = new_project(studio)
    eid = new_experiment(studio, pid)
    refused = said(client.post(f"/api/projects/{pid}/experiments/{eid}/train"), 422)
    assert (refused["error"], refused["detail"]) == ("PreflightFailed", "The project has no images.")


def test_a_damaged_document_is_a_problem_and_the_list_goes_on(client: TestClient, studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid)
    (studio.workspace.project(pid).experiment(eid).path / "experiment.json").write_text("")
    assert said(client.get(f"/api/projects/{pid}/experiments/{eid}"), 500)["error"] == "Damaged"
    assert said(client.get(f"/api/projects/{pid}/experiments"), 200)[0]["error"]["type"] == "Damaged"


Event = tuple[str | None, str, dict[str, Any]]


def events(answer: Answer) -> list[Event]:
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if fields:
            found.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
    return found


def test_a_run_is_trained_streamed_and_resumed_where_the_line_was_lost(tmp_path: Path) -> None:
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        pid = ready_project(studio)
        at = f"/api/projects/{pid}/experiments/{new_experiment(studio, pid)}"
        client = TestClient(create_api(studio))
        queued = said(client.post(f"{at}/train"), 202)
        assert (queued["status"], queued["attempt"], set(queued)) == ("queued", 1, EXPERIMENT)
        said(client.post(f"{at}/train"), 409)
        answer = client.get(f"{at}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        all_events = events(answer)
        runs = [event for event in all_events if event[1] == "run"]
        assert [event[2]["event"] for event in runs] == ["started", "planned", "phase", "steps", "epoch"]
        last = [event for event in all_events if event[1] == "experiment"][-1]
        assert last[2]["status"] == "completed"
        assert set(last[2]) == EXPERIMENT
        resumed = events(client.get(f"{at}/events", headers={"Last-Event-ID": runs[2][0] or ""}))
        assert [event for event in resumed if event[1] == "run"] == runs[3:]
        for odd in ("", "x", "1", "-1:-1", "1:x", "0:0", "1:1:1", f"1:{10**30}", f"{'9' * 5000}:1"):
            again = events(client.get(f"{at}/events", headers={"Last-Event-ID": odd}))
            assert [event for event in again if event[1] == "run"] == runs
        for beyond in (f"1:{10**14}", "9:0"):
            again = events(client.get(f"{at}/events", headers={"Last-Event-ID": beyond}))
            assert [event[1] for event in again] == ["experiment"]
        table = said(client.get(f"{at}/metrics"), 200)
        assert (len(table["rows"]), table["rows"][1][3]) == (3, None)
        assert said(client.get(at), 200)["status"] == "completed"
        said(client.patch(at, json={"rev": said(client.get(at), 200)["rev"], "config": TINY}), 409)
        client.close()


def test_a_run_is_resumed_restarted_copied_and_queued(tmp_path: Path) -> None:
    with running(tmp_path, launcher=Pretending("epochs", "fail", "epochs", "loop")) as studio:
        pid = ready_project(studio)
        at = f"/api/projects/{pid}/experiments"
        one, two = (f"{at}/{new_experiment(studio, pid)}" for _ in range(2))
        client = TestClient(create_api(studio))

        def until_ended(path: str) -> Any:
            until(lambda: client.get(path).json()["status"] not in ("queued", "training"), "it has ended")
            return said(client.get(path), 200)

        said(client.post(f"{one}/resume"), 409)
        said(client.post(f"{one}/train"), 202)
        assert until_ended(one)["status"] == "completed"
        assert "without more epochs" in said(client.post(f"{one}/resume"), 409)["detail"]
        said(client.post(f"{one}/resume", json={"more_epochs": 0}), 422)
        said(client.post(f"{one}/resume", json={"lr": 0.1}), 422)
        said(client.post(f"{two}/train"), 202)
        failed = until_ended(two)
        assert failed["error"]["type"] == "OutOfMemory"
        assert "no epoch was finished" in said(client.post(f"{two}/resume", json={}), 409)["detail"]
        resumed = said(client.post(f"{one}/resume", json={"more_epochs": 1, "lr": 0.1}), 202)
        assert (set(resumed), resumed["detail"]) == (EXPERIMENT, "Training goes on after epoch 2.")
        assert until_ended(one)["progress"]["epoch"] == 3
        copy = said(client.post(f"{two}/duplicate"), 201)
        small = said(client.post(f"{two}/duplicate", json={"smaller_batch": True}), 201)
        assert (set(copy), copy["parent"], small["parent"]) == (EXPERIMENT, failed["id"], failed["id"])
        assert small["config"]["training"]["batch_size"] * 2 == copy["config"]["training"]["batch_size"]
        for wish in ("smaller_batch", "without_pretrained"):
            said(client.post(f"{one}/duplicate", json={wish: True}), 409)

        for eid in (copy["id"], small["id"]):
            said(client.post(f"{at}/{eid}/train"), 202)
        until(lambda: client.get(f"{at}/{copy['id']}").json()["status"] == "training", "it trains")
        said(client.post(f"{one}/resume", json={"more_epochs": 1}), 202)
        queue = said(client.get("/api/queue"), 200)
        keys = {"position", "experiment", "name", "project", "waiting_for", "estimated_wait_seconds"}
        assert (set(queue[0]), [place["position"] for place in queue]) == (keys, [1, 2])
        ids = [place["experiment"] for place in queue][::-1]
        assert [place["experiment"] for place in said(client.put("/api/queue", json={"experiments": ids}), 200)] == ids
        said(client.put("/api/queue", json={"experiments": ["none"]}), 409)
        said(client.put("/api/queue", json={"experiments": "none"}), 422)
        said(client.post(f"{one}/stop"), 202)

        restarted = said(client.post(f"{one}/restart"), 200)
        assert (restarted["status"], restarted["metrics"]) == ("created", {"best": None, "last": None})
        said(client.post(f"{one}/restart"), 409)
        (entry,) = said(client.get("/api/trash"), 200)
        assert set(entry) == {"name", "kind", "title", "place", "why", "discarded_at", "expires_at"}
        restore = f"/api/trash/{entry['name']}/restore"
        assert "its place is taken" in said(client.post(restore), 409)["detail"]
        said(client.delete(one), 204)
        assert said(client.post(restore), 200)["title"] == entry["title"]
        assert said(client.get(one), 200)["status"] == "completed"
        said(client.post(restore), 404)
        said(client.post("/api/trash/none/restore"), 404)
        client.close()


def test_a_refusal_offers_a_fix(client: TestClient, studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid, batch_size=33)
    refused = said(client.post(f"/api/projects/{pid}/experiments/{eid}/train"), 422)
    assert refused["fields"][0]["fix"] == {"label": "Use a batch size of 32", "patch": {"training.batch_size": 32}}
    eid = new_experiment(studio, pid, hardware={"devices": ["gpu:3"]})
    refused = said(client.post(f"/api/projects/{pid}/experiments/{eid}/train"), 422)
    assert refused["fields"][0]["fix"] == {"label": "Train on cpu", "patch": {"hardware.devices": ["cpu"]}}


def test_a_card_without_memory_offers_another(tmp_path: Path) -> None:
    full = gpu(0).model_copy(update={"memory_free": 1000})
    with running(tmp_path, [full, gpu(1)], launcher=Pretending("loop")) as studio:
        pid = ready_project(studio)
        client = TestClient(create_api(studio))
        eid = new_experiment(studio, pid, hardware={"devices": ["gpu:0"]})
        refused = said(client.post(f"/api/projects/{pid}/experiments/{eid}/train"), 422)
        assert refused["detail"].startswith("Card has 0.0 GB free; the network alone needs")
        assert refused["fix"] == {"label": "Train on gpu:1", "patch": {"hardware.devices": ["gpu:1"]}}
        client.close()


@pytest.mark.attack
@pytest.mark.parametrize(
    "bad",
    ["%2e%2e", "%2e%2e%2f%2e%2e", "..%2f..%2fetc", "%00", "a%00b", "a%2fb", "A", "%20", "x" * 300, "p%0a", "%ff"],
)
def test_names_that_are_no_ids_are_not_found(client: TestClient, pid: str, bad: str) -> None:
    for path in (
        bad,
        f"{bad}/dataset",
        f"{bad}/experiments",
        f"{pid}/experiments/{bad}",
        f"{pid}/experiments/{bad}/log",
        f"{pid}/splits/{bad}",
        f"{pid}/dataset/imports/{bad}",
    ):
        for method in ("GET", "DELETE"):
            answer = client.request(method, f"/api/projects/{path}")
            assert answer.status_code in (404, 405)
            said(answer, answer.status_code)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/projects/", "/api/docs/nothing", "/api/health/x", "/api/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_does_not_exist_is_a_problem_too(client: TestClient, method: str, path: str) -> None:
    said(client.request(method, path), 404)


def test_the_documentation_needs_nothing_from_outside(client: TestClient) -> None:
    page = client.get("/api/docs").text
    links = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)""", page)
    assert len(links) >= 4
    for link in links:
        assert link.startswith("/api/")
        assert client.get(link).status_code == 200
    assert "http://" not in page
    assert "https://" not in page


def test_the_openapi_document_is_the_one_we_promised(client: TestClient) -> None:
    document = json.dumps(client.get("/api/openapi.json").json(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("AISTUDIO_UPDATE_GOLDEN"):
        GOLDEN.write_text(document)
    assert document == GOLDEN.read_text(), "if that is wanted: AISTUDIO_UPDATE_GOLDEN=1 pytest tests/api"


def test_reading_never_writes(client: TestClient, studio: Studio, workspace: Path, tmp_path: Path) -> None:
    pid = new_project(studio)
    job = finish_import(studio, pid, draw_classes(tmp_path / "pets", {"cats": 5, "dogs": 5}))
    sid = said(client.post(f"/api/projects/{pid}/splits", json={"name": "A"}), 201)["id"]
    eid = new_experiment(studio, pid)
    bare = new_project(studio, "Bare")
    preview = said(client.post(f"/api/projects/{pid}/previews", json={"transforms": [], "count": 1}), 200)
    values = {
        "eid": eid,
        "sid": sid,
        "iid": job.id,
        "number": "1",
        "path": "x",
        "preview_id": preview["id"],
        "file": preview["images"][0]["pictures"][0]["file"],
    }
    paths = [
        path for path, operations in client.get("/api/openapi.json").json()["paths"].items() if "get" in operations
    ]
    assert len(paths) > 12
    before = contents(workspace)
    for project in (pid, bare, "none"):
        for path in paths:
            answer = client.get(path.format(pid=project, **values))
            assert answer.status_code == 200 or project != pid or path.endswith(("/mask", "/mask/view")), path
            assert answer.status_code in (200, 404), path
    assert contents(workspace) == before


def test_reading_never_writes_while_runs_wait_and_train(tmp_path: Path) -> None:
    """Of experiments in every state, a damaged one included."""
    with (
        busy(tmp_path) as (studio, pid, found),
        TestClient(create_api(studio), raise_server_exceptions=False) as client,
    ):
        documented = client.get("/api/openapi.json").json()["paths"]
        paths = [path for path, operations in documented.items() if "get" in operations]
        paths.remove("/api/projects/{pid}/experiments/{eid}/events")  # has no end before the run has one
        before = contents(studio.workspace.root)
        for state, eid in found.items():
            for path in (path for path in paths if "{eid}" in path):
                answer = client.get(path.format(pid=pid, eid=eid, number=1, path="x"))
                assert answer.status_code in (200, 404) or state == "damaged", (state, path)
        for path in ("/api/queue", "/api/projects", f"/api/projects/{pid}/experiments", f"/api/projects/{pid}"):
            assert client.get(path).status_code == 200
        assert contents(studio.workspace.root) == before


def test_two_clients_at_once_get_whole_answers(client: TestClient, studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid)
    wrong: list[str] = []

    def rename() -> None:
        for number in range(10):
            at = f"/api/projects/{pid}/experiments/{eid}"
            rev = client.get(at).json()["rev"]
            answer = client.patch(at, json={"rev": rev, "name": f"Name {number}"})
            if answer.status_code not in (200, 409):
                wrong.append(answer.text)

    threads = [threading.Thread(target=rename) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    add_images(studio, pid, {"a": 1, "b": 1})
    assert said(client.get(f"/api/projects/{pid}/dataset"), 200)["version"] == 2
