"""A real server process and a real Chromium; any error in the page or in the server's log fails the test."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.fixtures import PATIENCE, free_port
from tests.jobs.fake_worker import HOLD

ROOT = Path(__file__).parents[2]
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


ServerT = TypeVar("ServerT", bound="Server")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("AISTUDIO_REQUIRE_BROWSER"):
            pytest.fail("Chromium is missing, and AISTUDIO_REQUIRE_BROWSER is set")
        pytest.skip("Chromium is not installed (on Debian: apt-get install chromium)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * PATIENCE)  # a machine that does other things as well
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM)
        yield chromium
        chromium.close()


@dataclass
class Server:
    """`python app.py` on a port of its own; `restart` kills it and starts another one on the same workspace."""

    workspace: Path
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        options = f"--workspace {self.workspace} --state-dir {self.workspace}-state --port {self.port} --no-open"
        options += f" --data-root {self.workspace.parent} --stop-workers-on-exit"
        return ["app.py", *options.split()]

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
        with self.log.open("ab") as log:
            command = [sys.executable, *self.command()]
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        self._wait()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(method, f"{self.url}/api/{path}", json=body, timeout=PATIENCE)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.process is not None and self.process.poll() is None and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/api/health", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start: {self.log.read_text()}")


@dataclass
class Trying(Server):
    """The same with a project to try things on, so many declared GPUs, and workers that may only pretend."""

    gpus: int = 0
    behaviour: str = "train"

    def command(self) -> list[str]:
        arguments = (self.workspace.parent, self.port, self.gpus, self.behaviour)
        return ["-m", "tests.browser.trying", *map(str, arguments)]

    @property
    def project(self) -> str:
        """The id of the project."""
        return str(self.ask("GET", "projects")[0]["id"])

    def add(self, name: str, **config: Any) -> str:
        """The id of a new experiment; what is left out of its config takes the defaults."""
        return str(self.ask("POST", f"projects/{self.project}/experiments", {"name": name, "config": config})["id"])

    def do(self, eid: str, verb: str, **body: Any) -> Any:
        return self.ask("POST", f"projects/{self.project}/experiments/{eid}/{verb}", body or None)

    def get(self, eid: str) -> Any:
        return self.ask("GET", f"projects/{self.project}/experiments/{eid}")

    def until(self, eid: str, *statuses: str) -> Any:
        for _ in range(600):
            found = self.get(eid)
            if found["status"] in statuses:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{eid} is {found['status']}, not {' or '.join(statuses)}")

    @contextmanager
    def held(self, eid: str) -> Iterator[None]:
        """A pretended run does not begin its last epoch before this is left, however slow the machine is."""
        hold = self.workspace / "projects" / self.project / "experiments" / eid / HOLD
        hold.touch()
        yield
        hold.unlink()

    def address(self, eid: str | None = None) -> str:
        return f"{self.url}/projects/{self.project}/training" + (f"?experiment={eid}" if eid else "")


@contextmanager
def started(server: ServerT) -> Iterator[ServerT]:
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with started(Server(tmp_path / "workspace", free_port(), tmp_path / "server.log")) as server:
        yield server


@pytest.fixture
def trying(tmp_path: Path, request: Any) -> Iterator[Trying]:
    """`@pytest.mark.parametrize("trying", [(4, "epochs")], indirect=True)` asks for GPUs and a behaviour."""
    gpus, behaviour = getattr(request, "param", (0, "train"))
    paths = (tmp_path / "workspace", free_port(), tmp_path / "server.log")
    with started(Trying(*paths, gpus=gpus, behaviour=behaviour)) as server:
        yield server


@pytest.fixture
def page(browser: Any, request: Any) -> Iterator[Any]:
    """A page of whichever server the test asks for."""
    name = "trying" if "trying" in request.fixturenames else "server"
    with watched(browser, request.getfixturevalue(name)) as page:
        yield page


@contextmanager
def watched(browser: Any, server: Server, **options: Any) -> Iterator[Any]:
    """A page in a browser of its own, whose errors fail the test."""
    options = {"viewport": {"width": 1280, "height": 800}, **options}
    context = browser.new_context(base_url=server.url, **options)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: _note_foreign(request.url, server.url, errors))
    page.set_default_timeout(1000 * PATIENCE)
    yield page
    context.close()
    assert not errors, errors


def _note_foreign(url: str, own: str, errors: list[str]) -> None:
    """The product works without the internet, so a request to anywhere else is a fault."""
    if not url.startswith((own, "data:", "blob:")):
        errors.append(f"asks {url}")


DIALOG = "[role=dialog]"
STILL = "() => document.getAnimations().every((one) => one.effect.getComputedTiming().endTime === Infinity)"


def accessible(page: Any, within: str | None = None) -> None:
    """No serious or critical finding of axe-core, in all of the page or within what the selector finds."""
    if within == DIALOG:  # axe takes what is behind a dialog for lying on top of it, and finds everything too dark
        page.add_style_tag(content=".q-dialog__backdrop { background: none !important; }")
    page.wait_for_timeout(350)  # half-transparent while it fades in, which is no contrast
    page.wait_for_function(STILL)
    found = Axe().run(page, within).response["violations"]
    bad = [
        (one["id"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not bad, bad
