"""Previews over REST: documented shapes, pictures at their addresses, problems in words."""

import pytest
from starlette.testclient import TestClient

from aistudio.studio import Studio
from tests.api.test_rest import said
from tests.fixtures import contents, new_project

TRANSFORMS = [{"kind": "Resize", "height": 100, "width": 80}, {"kind": "HorizontalFlip", "p": 0}, {"kind": "Normalize"}]


@pytest.mark.fault
def test_a_preview_and_its_pictures(client: TestClient, studio: Studio, pid: str) -> None:
    at = f"/api/projects/{pid}/previews"
    split = said(client.get(f"/api/projects/{pid}/splits"), 200)[0]["id"]
    before = contents(studio.workspace.root, skip=[".cache/"])
    made = said(client.post(at, json={"transforms": TRANSFORMS, "split": split, "count": 2}), 200)
    assert set(made) == {"id", "project", "steps", "images"}
    assert (made["project"], made["steps"]) == (pid, ["Resize", "HorizontalFlip", "Normalize"])
    assert [image["label"] for image in made["images"]] in (["cats", "dogs"], ["dogs", "cats"])
    for image in made["images"]:
        assert set(image) == {"id", "name", "label", "pictures", "error"}
        assert [picture["applied"] for picture in image["pictures"]] == [True, True, False, True]
        assert [(picture["width"], picture["height"]) for picture in image["pictures"]][1:] == [(80, 100)] * 3
        assert [picture["values"] is None for picture in image["pictures"]] == [True, True, True, False]
        for number, picture in enumerate(image["pictures"]):
            assert set(picture) == {"file", "url", "width", "height", "applied", "drawn", "values"}
            answer = client.get(picture["url"])
            kind, start = ("image/jpeg", b"\xff\xd8") if number else ("image/png", b"\x89PNG")
            assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
            assert answer.content.startswith(start)
            assert answer.headers["cache-control"] == "private, max-age=86400"
    assert said(client.post(at, json={"transforms": TRANSFORMS, "split": split, "count": 2}), 200) == made
    assert contents(studio.workspace.root, skip=[".cache/"]) == before
    for name in ("request.json", "lease.lock", "..%2F..%2F..%2Fworkspace.lock", "0-0.png"):
        said(client.get(f"{at}/{made['id']}/{name}"), 404)
    said(client.get(f"{at}/{'0' * 32}/{made['images'][0]['pictures'][0]['file']}"), 404)
    other = new_project(studio)
    said(client.get(made["images"][0]["pictures"][0]["url"].replace(pid, other)), 404)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "transforms"),
        ({"transforms": [{"kind": "Swirl"}]}, "Transform 1 (Swirl)"),
        ({"transforms": [{"kind": "Rotate", "limit": "x"}]}, "Transform 1 (Rotate), Limit: must be a number"),
        ({"transforms": [], "count": 9}, "count"),
        ({"transforms": [], "images": []}, "images"),
        ({"transforms": [], "pipeline": "test"}, "pipeline"),
        ({"transforms": [], "seed": -1}, "seed"),
        ({"transforms": [3]}, "transforms"),
    ],
)
def test_a_wrong_request_is_explained(client: TestClient, pid: str, body: dict[str, object], named: str) -> None:
    assert named in said(client.post(f"/api/projects/{pid}/previews", json=body), 422)["detail"]


def test_what_is_not_there_is_a_problem(client: TestClient, pid: str) -> None:
    at = f"/api/projects/{pid}/previews"
    assert "no image 999" in said(client.post(at, json={"transforms": [], "images": [999]}), 404)["detail"]
    said(client.post(at, json={"transforms": [], "images": [10**30]}), 404)
    said(client.post(at, json={"transforms": [], "split": "none"}), 404)
    said(client.post(at.replace(pid, "none"), json={"transforms": []}), 404)
