"""A tiny studio behind the gate, run as a process by the tests: `gate_server.py PORT STATIC_FOLDER`."""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response, WebSocket
from fastapi.staticfiles import StaticFiles
from nicegui import ui

from aistudio.api.gate import Gate
from aistudio.settings import Settings

app = FastAPI()
changes: list[str] = []


@app.get("/api/changes")
def read() -> list[str]:
    return changes


@app.post("/api/changes")
@app.put("/api/changes")
@app.patch("/api/changes")
@app.delete("/api/changes")
@app.post("/form")
def change() -> dict[str, str]:
    changes.append("changed")
    return {}


@app.get("/api/careless")
def careless() -> Response:
    """An endpoint that would open the studio to other pages."""
    opened = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "off", "Content-Security-Policy": "sandbox"}
    return Response(headers=opened)


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


@ui.page("/")
def page() -> None:
    ui.label("Hello")


if __name__ == "__main__":
    settings = Settings(port=int(sys.argv[1]), allow_host=("gpu1.example.org",))
    app.mount("/static", StaticFiles(directory=Path(sys.argv[2])))
    ui.run_with(app)
    uvicorn.run(Gate(app, settings), host=settings.host, port=settings.port, proxy_headers=False, server_header=False)
