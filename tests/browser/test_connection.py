"""A page whose connection breaks, or whose server goes: nothing typed is lost, and no epoch is missing."""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Trying, watched
from tests.fixtures import TINY, until

pytestmark = [pytest.mark.browser, pytest.mark.fault]
MINUTE = 60_000
EPOCHS = """() => document.querySelector('[aria-label="Loss chart"]')?.data?.[4]?.x ?? []"""
LONG: dict[str, Any] = {**TINY, "training": {**TINY["training"], "epochs": 120}}


class Wire:
    """A line to the server that can be cut: connections end, new ones are refused until it is mended."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: list[socket.socket] = []
        self._cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._cut = True
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def mend(self) -> None:
        self._cut = False

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._cut:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@pytest.fixture
def wire(trying: Trying) -> Iterator[Wire]:
    wire = Wire(trying.port)
    yield wire
    wire.close()


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_f60_a_dropped_websocket(browser: Any, trying: Trying, wire: Wire, seconds: int) -> None:
    """Every epoch is on the chart afterwards, and what was typed meanwhile into the form is still there."""
    running, other = trying.add("Running", **LONG), trying.add("Other", **TINY)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, editing = context.new_page(), context.new_page()
    path = f"http://127.0.0.1:{wire.port}/projects/{trying.project}/training?experiment="
    page.goto(path + running)
    editing.goto(path + other)
    editing.get_by_role("textbox", name="Epochs", exact=True).fill("77")
    expect(editing.get_by_text("Unsaved changes")).to_be_visible()
    trying.do(running, "train")
    page.wait_for_function(f"() => ({EPOCHS})().length > 3", timeout=MINUTE)
    lost = page.get_by_role("alert").filter(has_text="The connection to the server is lost.")
    expect(lost).to_have_count(0)
    wire.cut()
    expect(lost).to_contain_text("It is being tried again. Runs go on meanwhile.")
    time.sleep(seconds)
    wire.mend()
    expect(lost).to_have_count(0, timeout=MINUTE)
    expect(page.get_by_text("✓ Completed")).to_be_visible(timeout=2 * MINUTE)
    page.wait_for_function(f"() => ({EPOCHS})().length === 120", timeout=MINUTE)
    assert page.evaluate(EPOCHS) == list(range(1, 121))
    expect(editing.get_by_role("textbox", name="Epochs", exact=True)).to_have_value("77", timeout=MINUTE)
    context.close()


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_f61_a_server_restarted_under_an_open_page(browser: Any, trying: Trying) -> None:
    """The page comes back by itself with what was typed, and with the whole chart of the run that went on."""
    running, other = trying.add("Running", **LONG), trying.add("Other", **TINY)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, editing = context.new_page(), context.new_page()
    page.goto(trying.address(running))
    editing.goto(trying.address(other))
    rate = editing.get_by_role("textbox", name="Learning Rate", exact=True)
    rate.fill("3e-4")
    expect(editing.get_by_text("Unsaved changes")).to_be_visible()
    trying.do(running, "train")
    page.wait_for_function(f"() => ({EPOCHS})().length > 3", timeout=MINUTE)
    browsers = trying.workspace.parent / "state" / "browsers"
    until(lambda: any("0.0003" in one.read_text() for one in browsers.glob("*.json")), "what was typed is written down")
    trying.restart()
    expect(editing.get_by_text("Unsaved changes")).to_be_visible(timeout=MINUTE)
    expect(rate).to_have_value(re.compile(r"^(3e-4|0\.0003)$"), timeout=MINUTE)
    expect(page.get_by_text("✓ Completed")).to_be_visible(timeout=2 * MINUTE)
    page.wait_for_function(f"() => ({EPOCHS})().length === 120", timeout=MINUTE)
    context.close()


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_f59_a_refresh_and_a_second_browser(page: Any, browser: Any, trying: Trying) -> None:
    """Both show the same state and the whole chart, while the run goes on and when it is complete."""
    eid = trying.add("Watched", **LONG)
    page.goto(trying.address(eid))
    with watched(browser, trying) as second:
        with trying.held(eid):
            trying.do(eid, "train")
            page.wait_for_function(f"() => ({EPOCHS})().length > 5", timeout=MINUTE)
            page.reload()
            page.wait_for_function(f"() => ({EPOCHS})().length > 5", timeout=MINUTE)
            second.goto(trying.address(eid))
            expect(second.get_by_text("● Training").first).to_be_visible()
            second.wait_for_function(f"() => ({EPOCHS})().length > 5", timeout=MINUTE)
        expect(second.get_by_text("✓ Completed")).to_be_visible(timeout=2 * MINUTE)
        expect(page.get_by_text("✓ Completed")).to_be_visible()
        for one in (page, second):
            one.wait_for_function(f"() => ({EPOCHS})().length === 120")
