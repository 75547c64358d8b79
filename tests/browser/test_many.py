"""Many viewers of one run: the server reads no more from its disk for ten open pages than for one."""

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Trying
from tests.fixtures import TINY

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SECONDS = 10


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_ten_open_pages_add_no_disk_reads(browser: Any, trying: Trying) -> None:
    eid = trying.add("Watched", **{**TINY, "training": {**TINY["training"], "epochs": 10_000}})
    trying.do(eid, "train")
    context = browser.new_context(base_url=trying.url)
    _open(context, trying.address(eid))
    one = _read(trying)
    for _ in range(9):
        _open(context, trying.address(eid))
    ten = _read(trying)
    context.close()
    print(f"{one} bytes read in {SECONDS} s with one page open, {ten} with ten")
    assert ten < 1.3 * one


def _open(context: Any, address: str) -> None:
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_text("● Training").first).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1500)


def _read(trying: Trying) -> int:
    """Bytes that the server read from files while nothing but the run went on."""
    assert trying.process is not None
    path = Path(f"/proc/{trying.process.pid}/io")

    def now() -> int:
        return int(next(line for line in path.read_text().splitlines() if line.startswith("rchar")).split()[1])

    begun = now()
    time.sleep(SECONDS)
    return now() - begun
