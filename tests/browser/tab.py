"""A page as a browser speaks to the server: without drawing, so that fifty fit a machine."""

import ast
import json
import re
import uuid
from typing import Any
from urllib.parse import urlencode

import httpx
import socketio

CHART = re.compile(r'"(\d+)":\{"tag":"nicegui-live_chart"[^}]*?"aria-label":"Loss chart"')


class Tab:
    """Loads the page, connects as its script does, and keeps the epochs that arrive for the chart of the loss.

    `heard` counts all that the server sent.
    """

    def __init__(self, server: str, address: str) -> None:
        self._server = server
        self._address = address
        self._socket = socketio.AsyncClient(reconnection=False, request_timeout=60)
        self.epochs: list[float] = []
        self.heard = 0

    async def open(self) -> None:
        async with httpx.AsyncClient(timeout=120) as browser:
            page = (await browser.get(self._address)).raise_for_status().text
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        query = ast.literal_eval(re.search(r"query: (\{.*\}),", page)[1])  # type: ignore[index]
        chart = CHART.search(page)
        self._chart = chart[1] if chart else "none"
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
        url = f"{self._server}?{urlencode(query)}"
        await self._socket.connect(url, headers, transports=["websocket"], socketio_path=path, wait_timeout=60)

    async def _ran(self, message: dict[str, Any]) -> None:
        await self._heard(message)
        found = re.search(rf'runMethod\({self._chart}, "append", (\[.*\])\)', message["code"])
        if found is not None:
            line, _, places, _ = json.loads(found[1])
            self.epochs += places[0] if line == 1 and places else []

    async def _heard(self, message: dict[str, Any]) -> None:
        """Says so, as a browser does, that the server need not keep it."""
        self.heard += 1
        self._next = message.get("_id", self._next) + 1
        await self._socket.emit("ack", {"client_id": self._client, "next_message_id": self._next})

    async def close(self) -> None:
        await self._socket.disconnect()
