"""A real run while it is watched: reload, a second browser, a server that dies under it, Stop and Resume.

In the quick tests all that is done to pretended runs, here and in `test_connection.py`.
"""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, Trying
from tests.fixtures import TINY, workers

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


@pytest.mark.slow
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


@pytest.mark.slow
def test_stop_keeps_the_last_finished_epoch_and_resume_goes_on(running: Any, server: Server) -> None:
    _press_stop(running)
    _signal(server, signal.SIGCONT)
    _is_stopped(running)
    running.get_by_role("button", name="Resume").click()
    expect(running.get_by_text("✓ Completed").first).to_be_visible(timeout=3 * MINUTE)
    _has_all_epochs(running)


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_a_pretended_run_is_stopped_and_resumed(page: Any, trying: Trying) -> None:
    """The same in a few seconds."""
    eid = trying.add("Eight", **{**TINY, "training": {**TINY["training"], "epochs": 8}})
    with trying.held(eid):
        trying.do(eid, "train")
        page.goto(trying.address(eid))
        expect(page.get_by_text(re.compile(r"^Epoch: [2-7]/8"))).to_be_visible()
        _press_stop(page)
        _is_stopped(page)
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_text("● Training").first).to_be_visible()
    expect(page.get_by_text("✓ Completed").first).to_be_visible()
    _has_all_epochs(page)


def _press_stop(page: Any) -> None:
    page.get_by_role("button", name="Stop Training").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop Training").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def _is_stopped(page: Any) -> None:
    expect(page.get_by_text("■ Stopped").first).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text(re.compile(r"Best Epoch: \d/8"))).to_be_visible()


def _has_all_epochs(page: Any) -> None:
    """Drawn a moment after the words."""
    page.wait_for_function(f"() => ({LOSS})()?.data?.[2]?.x.length >= 8", timeout=MINUTE)
    assert page.evaluate(f"() => ({LOSS})().data[2].x") == [1, 2, 3, 4, 5, 6, 7, 8]


def _points(page: Any) -> int:
    return int(page.evaluate(f"() => ({LOSS})().data[0].x.length"))
