"""What a program asks a running server, over REST: it needs neither torch nor the workspace."""

import time
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from aistudio.errors import AIStudioError, NotFound, Refused, Unreachable
from aistudio.schema.experiment import Experiment
from aistudio.schema.project import Project

URL = "http://127.0.0.1:8080"
INTERVAL_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
YAML = {"Content-Type": "application/yaml"}


class Named(Protocol):
    id: str
    name: str


Thing = TypeVar("Thing", bound=Named)
Found = TypeVar("Found")
PROJECTS = TypeAdapter(list[Project])
EXPERIMENTS = TypeAdapter(list[Experiment])


class Client:
    """Raises Refused with what the server said, and Unreachable if there is none."""

    def __init__(self, url: str = URL) -> None:
        self.url = url.rstrip("/")
        try:  # straight to the server: no proxy of the environment knows its loopback address
            self._http = httpx.Client(base_url=f"{self.url}/api", trust_env=False, timeout=30)
        except (httpx.InvalidURL, ValueError) as error:
            raise Unreachable(f"{url} is no address: {error}.", f"Give one like {URL}.") from None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def project(self, given: str) -> Project:
        """By its id or its name."""
        return _meant(given, self._many("/projects", PROJECTS), "project")

    def experiment(self, pid: str, given: str) -> Experiment:
        """By its id or its name."""
        return _meant(given, self._many(_path(pid), EXPERIMENTS), "experiment")

    def create(self, pid: str, config: str, name: str | None = None) -> Experiment:
        """An experiment with a configuration in YAML. `detail` of the answer holds warnings."""
        query = {"name": name} if name is not None else {}
        answer = self._ask("POST", f"{_path(pid)}/config.yaml", params=query, content=config.encode(), headers=YAML)
        return Experiment.model_validate(answer.json())

    def train(self, pid: str, eid: str) -> Experiment:
        return self._one("POST", f"{_path(pid, eid)}/train")

    def stop(self, pid: str, eid: str) -> Experiment:
        return self._one("POST", f"{_path(pid, eid)}/stop")

    def delete(self, pid: str, eid: str) -> None:
        self._ask("DELETE", _path(pid, eid))

    def get(self, pid: str, eid: str) -> Experiment:
        return self._one("GET", _path(pid, eid))

    def follow(self, pid: str, eid: str) -> Iterator[Experiment]:
        """A run as it goes on, until it has ended. A server that is away for a minute at most is waited for."""
        seen = time.monotonic()
        while True:
            try:
                experiment = self.get(pid, eid)
            except Unreachable:
                if time.monotonic() - seen > PATIENCE_SECONDS:
                    raise
            else:
                seen = time.monotonic()
                yield experiment
                if not experiment.active:
                    return
            time.sleep(INTERVAL_SECONDS)

    def _one(self, method: str, path: str) -> Experiment:
        return Experiment.model_validate(self._ask(method, path).json())

    def _many(self, path: str, kind: TypeAdapter[list[Found]]) -> list[Found]:
        return kind.validate_python(self._ask("GET", path).json())

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise Unreachable(
                f"No AI Studio answers at {self.url}: {error}.", "Start it with `python app.py`, or give its --url."
            ) from None
        if answer.is_success and (not answer.content or _kind(answer) == "application/json"):
            return answer
        raise _refusal(answer)


def _path(pid: str, eid: str | None = None) -> str:
    rest = f"/{quote(eid, safe='')}" if eid is not None else ""
    return f"/projects/{quote(pid, safe='')}/experiments{rest}"


def _refusal(answer: httpx.Response) -> AIStudioError:
    """What the server said, if it is an AI Studio."""
    if _kind(answer) != "application/problem+json":
        return Unreachable(f"What answers at {answer.url} is no AI Studio.", "Give the --url of one.")
    problem = answer.json()
    return Refused(str(problem.get("detail", answer.reason_phrase)), str(problem.get("advice", "")))


def _kind(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", "")).partition(";")[0]


def _meant(given: str, known: list[Thing], kind: str) -> Thing:
    found = [one for one in known if one.id == given] or [one for one in known if one.name == given]
    if not found:
        names = ", ".join(repr(one.name) for one in known[:10]) or "none"
        raise NotFound(f"There is no {kind} {given!r}.", f"Known: {names}.")
    if len(found) > 1:
        raise Refused(
            f"{len(found)} {kind}s are named {given!r}.", f"Give an id: {', '.join(one.id for one in found)}."
        )
    return found[0]
