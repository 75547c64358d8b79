"""Settings → Studio → pages and API → serve."""

import gc
import logging
import os
import secrets
import signal
import socket
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from threading import Timer
from types import FrameType
from typing import NoReturn

import uvicorn

from aistudio.api.app import create_api
from aistudio.api.gate import Gate
from aistudio.errors import AIStudioError
from aistudio.settings import Settings, parse
from aistudio.store.atomic import sync_folder
from aistudio.studio import Studio


def main(argv: Sequence[str] | None = None) -> int:
    settings = parse(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    listener = listen(settings)
    if listener is None:
        return _complain(
            f"Port {settings.port} on {settings.host} is in use.", "Stop the other program or choose another --port."
        )
    try:
        studio = Studio(settings).open(f"the server at http://{_address(settings)}")
    except AIStudioError as error:
        return _complain(error.message, error.advice)
    try:
        serve(studio, listener)
    finally:
        studio.close()
    return 0


def serve(studio: Studio, listener: socket.socket) -> None:
    """Answers until a signal ends it. The socket is listening already, so whoever waits for the port finds it."""
    settings = studio.settings
    application = create_application(studio)
    config = uvicorn.Config(
        Gate(application, settings),
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    gc.freeze()  # what is imported stays: looking through it for garbage would hold the event loop for 0.1 s
    url = f"http://{_address(settings)}"
    print(f"AI Studio is at {url}\nThe workspace is {settings.workspace}", flush=True)
    if settings.open:
        Timer(0.5, webbrowser.open, [url]).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)  # raised again by uvicorn when it has ended, and then there is more to do
    server.run(sockets=[listener])


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """By way of what is to be done at the end."""
    sys.exit(128 + number if number == signal.SIGINT else 0)


def create_application(studio: Studio):  # type: ignore[no-untyped-def]
    """REST and pages in one ASGI application."""
    state = studio.settings.state_dir
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["NICEGUI_STORAGE_PATH"] = str(state / "browsers")  # read when NiceGUI is imported
    from pages import create_pages

    api = create_api(studio)
    create_pages(studio, api, cookie_secret(state))
    return api


def cookie_secret(state: Path) -> str:
    """Signs the cookie that tells one browser from another; made once, readable by the owner alone.

    Whole or not there at all, whenever a server is killed; of two that start at once, both have the same one.
    """
    path = state / "secret"
    if not path.exists() or not path.stat().st_size:
        temp = path.with_name(f".secret.{secrets.token_hex(4)}.tmp")
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temp)
        except FileExistsError:  # another server was quicker, or one was killed before it wrote anything
            if not path.stat().st_size:
                temp.replace(path)
        temp.unlink(missing_ok=True)
        sync_folder(state)
    return path.read_text()


def listen(settings: Settings) -> socket.socket | None:
    """A listening socket, or None if the port is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError:
        listener.close()
        return None
    listener.listen(128)
    return listener


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _complain(message: str, advice: str) -> int:
    print(f"{message} {advice}".strip(), file=sys.stderr)
    return 1


if __name__ in {"__main__", "__mp_main__"}:
    sys.exit(main())
