"""Many open pages of one run, as their browsers speak to the server."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import httpx
import psutil
import pytest

from tests.browser.conftest import Trying
from tests.browser.tab import Tab
from tests.fixtures import TINY, free_port

pytestmark = [pytest.mark.fault, pytest.mark.slow]
PAGES = 50
SECONDS = 6
FREED_SECONDS = 40  # a page that does not come back is forgotten after 30


def test_f67_fifty_open_pages(tmp_path: Path) -> None:
    """Each is told what is new without a gap, other pages are answered meanwhile, and their memory comes back."""
    trying = Trying(tmp_path / "workspace", free_port(), tmp_path / "log", behaviour="epochs")
    trying.start()
    try:
        eid = trying.add("Watched", **{**TINY, "training": {**TINY["training"], "epochs": 8000}})
        trying.do(eid, "train")
        trying.until(eid, "training")
        assert trying.process is not None
        server = psutil.Process(trying.process.pid)
        after: list[int] = []
        for _ in range(3):
            slowest = asyncio.run(_watch(trying, eid))
            time.sleep(FREED_SECONDS)
            after.append(server.memory_info().rss)
            print(f"slowest answer meanwhile {1000 * slowest:.0f} ms, resident afterwards {after[-1] / 1e6:.0f} MB")
        assert after[2] < 1.15 * after[1]  # the first round fills caches
    finally:
        trying.stop()


async def _watch(trying: Trying, eid: str) -> float:
    """Fifty pages for some seconds; how long another reader waited at most."""
    pid = trying.project
    tabs = [Tab(trying.url, trying.address(eid)) for _ in range(PAGES)]
    for tab in tabs:
        await tab.open()
    slowest, until = 0.0, time.monotonic() + SECONDS
    async with httpx.AsyncClient(timeout=60) as other:
        while time.monotonic() < until:
            for path in ("health", f"projects/{pid}/experiments", f"projects/{pid}/experiments/{eid}"):
                began = time.monotonic()
                (await other.get(f"{trying.url}/api/{path}")).raise_for_status()
                slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.1)
    for tab in tabs:
        await tab.close()
    for tab in tabs:
        assert len(tab.epochs) > SECONDS  # the worker makes some ten a second
        assert len({b - a for a, b in pairwise(tab.epochs)}) == 1  # every n-th epoch of so long a run, and no gap
    return slowest
