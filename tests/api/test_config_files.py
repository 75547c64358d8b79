"""Configurations as files over REST."""

from starlette.testclient import TestClient

from aistudio.studio import Studio
from tests.fixtures import new_experiment

YAML = {"Content-Type": "application/yaml"}


def test_a_configuration_goes_out_and_in_again(client: TestClient, studio: Studio, pid: str) -> None:
    experiments = f"/api/projects/{pid}/experiments"
    origin = client.get(f"{experiments}/{new_experiment(studio, pid, epochs=7)}").json()
    answer = client.get(f"{experiments}/{origin['id']}/config.yaml")
    assert answer.headers["content-type"].startswith("application/yaml")
    made = client.post(f"{experiments}/config.yaml?name=Again", content=answer.content, headers=YAML)
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["config"]) == ("Again", origin["config"])
    assert len(client.get(experiments).json()) == 2


def test_another_split_than_the_named_one_is_told(client: TestClient, pid: str) -> None:
    path = f"/api/projects/{pid}/experiments/config.yaml"
    made = client.post(path, content=b"split: 70/30", headers=YAML).json()
    assert made["detail"] == "This project has no split 70/30: the newest one, 80/20, was chosen."


def test_a_file_that_is_wrong_makes_nothing(client: TestClient, pid: str) -> None:
    path = f"/api/projects/{pid}/experiments"
    for body, name, said in (
        (b"training: {epochs: 0}", "x", "Epochs: must be a whole number"),
        (b"training: [", "x", "Line 1: "),
        (b"\xff\xfe", "x", "not text in UTF-8"),
        (b"training: {}", "", "name: String should have at least 1"),
    ):
        answer = client.post(f"{path}/config.yaml", params={"name": name}, content=body, headers=YAML)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert said in answer.json()["detail"]
    assert client.get(path).json() == []
