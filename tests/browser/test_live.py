"""A run while it is watched: zoom, reload, a second browser, a server that dies under it."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server
from tests.fixtures import workers

pytestmark = pytest.mark.browser
MINUTE = 60_000
LOSS = """() => document.querySelector('[aria-label="Loss chart"]')"""


@pytest.fixture
def running(page: Any, server: Server) -> Iterator[Any]:
    """The demo, frozen in its first epochs, so that it is not over before a slow browser has done its part."""
    page.goto("/")
    page.get_by_role("button", name="Try the demo project").click()
    page.wait_for_url(re.compile(r"/training\?experiment="), timeout=MINUTE)
    expect(page.get_by_text(re.compile(r"^Epoch: [1-7]/8"))).to_be_visible(timeout=2 * MINUTE)
    _signal(server, signal.SIGSTOP)
    try:
        page.wait_for_function(f"() => ({LOSS})()?.data?.[0]?.x.length > 0", timeout=MINUTE)
        yield page
    finally:
        _signal(server, signal.SIGCONT)


def _signal(server: Server, number: signal.Signals) -> None:
    """To all processes of the run."""
    for pid in workers(server.workspace):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def test_a_zoom_by_hand_stays_while_points_arrive(running: Any, server: Server) -> None:
    running.evaluate(f"() => Plotly.relayout(({LOSS})(), {{'xaxis.range': [0.2, 0.9]}})")
    before = _points(running)
    _signal(server, signal.SIGCONT)
    running.wait_for_function(f"() => ({LOSS})().data[0].x.length > {before}", timeout=MINUTE)
    assert running.evaluate(f"() => ({LOSS})().layout.xaxis.range") == [0.2, 0.9]


def test_reload_second_browser_and_a_killed_server(running: Any, browser: Any, server: Server) -> None:
    url, before = running.url, _points(running)
    running.reload()
    running.wait_for_function(f"() => ({LOSS})()?.data?.[0].x.length >= {before}", timeout=MINUTE)
    second = browser.new_context(base_url=server.url).new_page()
    second.goto(url)
    expect(second.get_by_text("● Training").first).to_be_visible(timeout=MINUTE)
    second.wait_for_function(f"() => ({LOSS})()?.data?.[0].x.length >= {before}", timeout=MINUTE)
    second.context.close()
    _signal(server, signal.SIGCONT)
    running.goto("about:blank")  # a page that loses its server logs that in its console, which is no fault of it
    server.restart()
    running.goto(url)
    expect(running.get_by_text("✓ Completed").first).to_be_visible(timeout=3 * MINUTE)
    _has_all_epochs(running)


def test_stop_keeps_the_last_finished_epoch_and_resume_goes_on(running: Any, server: Server) -> None:
    running.get_by_role("button", name="Stop Training").click()
    running.get_by_role("dialog").get_by_role("button", name="Stop Training").click()
    expect(running.get_by_role("dialog")).to_have_count(0)
    _signal(server, signal.SIGCONT)
    expect(running.get_by_text("■ Stopped").first).to_be_visible(timeout=MINUTE)
    expect(running.get_by_text(re.compile(r"Best Epoch: \d/8"))).to_be_visible()
    running.get_by_role("button", name="Resume").click()
    expect(running.get_by_text("✓ Completed").first).to_be_visible(timeout=3 * MINUTE)
    _has_all_epochs(running)


def _has_all_epochs(page: Any) -> None:
    """Drawn a moment after the words."""
    page.wait_for_function(f"() => ({LOSS})()?.data?.[2]?.x.length >= 8", timeout=MINUTE)
    assert page.evaluate(f"() => ({LOSS})().data[2].x") == [1, 2, 3, 4, 5, 6, 7, 8]


def _points(page: Any) -> int:
    return int(page.evaluate(f"() => ({LOSS})().data[0].x.length"))
