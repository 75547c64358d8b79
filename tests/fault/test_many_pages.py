"""Many open pages of one run, as their browsers speak to the server: without drawing, so that fifty fit a machine."""

import ast
import asyncio
import json
import re
import time
import uuid
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import psutil
import pytest
import socketio

from tests.browser.conftest import Trying
from tests.fixtures import TINY, free_port

pytestmark = [pytest.mark.fault, pytest.mark.slow]
PAGES = 50
SECONDS = 6
FREED_SECONDS = 40  # a page that does not come back is forgotten after 30


class Tab:
    """Loads the page, connects as its script does, and keeps the epochs that arrive for the chart of the loss."""

    def __init__(self, server: str, address: str) -> None:
        self._server = server
        self._address = address
        self._socket = socketio.AsyncClient(reconnection=False)
        self.epochs: list[float] = []
        self.chart = ""

    async def open(self) -> None:
        async with httpx.AsyncClient(timeout=120) as browser:
            page = (await browser.get(self._address)).raise_for_status().text
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        query = ast.literal_eval(re.search(r"query: (\{.*\}),", page)[1])  # type: ignore[index]
        self.chart = re.search(r'"(\d+)":\{"tag":"nicegui-live_chart"[^}]*?"aria-label":"Loss chart"', page)[1]  # type: ignore[index]
        self._client = query["client_id"]
        self._next = int(query["next_message_id"])
        query |= {
            "document_id": str(uuid.uuid4()),
            "tab_id": str(uuid.uuid4()),
            "old_tab_id": "",
            "implicit_handshake": "true",
        }
        for event in ("update", "run_javascript", "load_js_components"):
            self._socket.on(event, self._ran if event == "run_javascript" else self._heard)
        headers = {"Origin": self._server, "Cookie": cookies}
        path = "/_nicegui_ws/socket.io"
        await self._socket.connect(
            f"{self._server}?{urlencode(query)}", headers, transports=["websocket"], socketio_path=path
        )

    async def _ran(self, message: dict[str, Any]) -> None:
        await self._heard(message)
        found = re.search(rf'runMethod\({self.chart}, "append", (\[.*\])\)', message["code"])
        if found is not None:
            line, _, places, _ = json.loads(found[1])
            self.epochs += places[0] if line == 1 and places else []

    async def _heard(self, message: dict[str, Any]) -> None:
        """Says so, as a browser does, that the server need not keep it."""
        self._next = message.get("_id", self._next) + 1
        await self._socket.emit("ack", {"client_id": self._client, "next_message_id": self._next})

    async def close(self) -> None:
        await self._socket.disconnect()


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
