"""A-21 to A-30 against a running server: requests for other names and from other web pages change nothing."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.sync.client import connect

from aistudio.api.gate import Gate
from aistudio.settings import Settings
from tests.fixtures import free_port

pytestmark = pytest.mark.attack

Headers = list[tuple[str, str]]
FORM = "application/x-www-form-urlencoded"
POLLING = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
SOCKETS = ["/echo", "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"]
UPGRADE = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]
OPENING = {"access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Server:
    port: int
    log: Path

    def ask(self, method: str, target: str, headers: Headers, body: bytes = b"", host: str | None = "") -> Answer:
        """Sends exactly these headers; with host None not even a Host, with the default the right one."""
        lines = [] if host is None else [("Host", host or f"127.0.0.1:{self.port}")]
        lines += headers + ([("Content-Length", str(len(body)))] if body else [])
        head = "".join(f"{name}: {value}\r\n" for name, value in lines)
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            return read_answer(connection)

    def changes(self) -> list[str]:
        changes: list[str] = json.loads(self.ask("GET", "/api/changes", []).body)
        return changes


def read_answer(connection: socket.socket) -> Answer:
    stream = connection.makefile("rb")
    status = int(stream.readline().split()[1])
    pairs = [line.decode().rstrip("\r\n").partition(": ") for line in iter(stream.readline, b"\r\n")]
    headers: dict[str, str] = {}
    for name, _, value in pairs:
        headers[name.lower()] = ", ".join(filter(None, [headers.get(name.lower()), value]))
    return Answer(status, headers, stream.read(int(headers.get("content-length", 0))))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("gate")
    (folder / "static").mkdir()
    (folder / "static/hello.txt").write_text("hello")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}
    environ |= {"NICEGUI_STORAGE_PATH": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    script, port = Path(__file__).with_name("gate_server.py"), free_port()
    with (folder / "log").open("w") as log:
        command = [sys.executable, str(script), str(port), str(folder / "static")]
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        wait_until_ready(process, port)
        yield Server(port, folder / "log")
    finally:
        process.terminate()
        process.wait(60)
    assert "Traceback" not in (folder / "log").read_text()


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server did not start"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise TimeoutError


def foreign_origins(port: int) -> list[str]:
    own = f"127.0.0.1:{port}"
    return [
        "http://evil.example",
        "null",
        "",
        f"http://{own}.evil.example",
        f"http://evil.example#{own}",
        f"http://{own}@evil.example",
        f"http://user@{own}",
        f"http://127.0.0.1:{port + 1}",
        "http://127.0.0.1",
        f"http://localhost:{port}",
        f"https://{own}",
        f"http://{own}/",
        f"http://{own} http://evil.example",
    ]


def test_own_pages_and_programs_are_served(server: Server) -> None:
    for host in (f"127.0.0.1:{server.port}", f"LOCALHOST:{server.port}", f"[::1]:{server.port}", "gpu1.example.org:9"):
        assert server.ask("GET", "/", [], host=host).status == 200
        own = [("Origin", f"http://{host}"), ("Sec-Fetch-Site", "same-origin")]
        for headers in ([], own):
            before = len(server.changes())
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                assert server.ask(method, "/api/changes", headers, host=host).status == 200
                sent = [*headers, ("Content-Type", "application/json; charset=utf-8")]
                assert server.ask(method, "/api/changes", sent, b"{}", host=host).status == 200
            assert len(server.changes()) == before + 8
            assert server.ask("GET", POLLING, headers, host=host).status == 200
            for target in SOCKETS:
                assert server.ask("GET", target, UPGRADE + headers, host=host).status == 101


def test_a_socket_carries_messages_both_ways(server: Server) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/echo", proxy=None, open_timeout=60) as websocket:
        websocket.send("hello")
        assert websocket.recv() == "hello"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_foreign_origins_change_nothing(server: Server, method: str) -> None:
    before = server.changes()
    for origin in foreign_origins(server.port):
        answer = server.ask(method, "/api/changes", [("Origin", origin), ("Content-Type", "application/json")], b"{}")
        assert_problem(answer, 403)
    two = [("Origin", f"http://127.0.0.1:{server.port}"), ("Origin", "http://evil.example")]
    assert_problem(server.ask(method, "/api/changes", two), 403)
    assert server.changes() == before


def test_foreign_origins_open_no_socket(server: Server) -> None:
    for origin in foreign_origins(server.port):
        for target in SOCKETS:
            assert server.ask("GET", target, [*UPGRADE, ("Origin", origin)]).status == 403
        for method in ("GET", "POST"):
            assert_problem(server.ask(method, POLLING, [("Origin", origin)]), 403)


def test_what_browsers_call_cross_site_is_refused_except_following_a_link(server: Server) -> None:
    before = server.changes()
    for site in ("cross-site", "same-site"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for mode in ("cors", "no-cors", "navigate"):
                sent = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode)]
                assert_problem(server.ask(method, "/api/changes", sent), 403)
        assert_problem(server.ask("GET", POLLING, [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "no-cors")]), 403)
        assert server.ask("GET", "/", [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate")]).status == 200
    assert server.changes() == before


def test_other_hosts_are_misdirected(server: Server) -> None:
    port = server.port
    before = server.changes()
    hosts = [
        f"evil.example:{port}",
        "evil.example",
        f"127.0.0.1.evil.example:{port}",
        f"127.0.0.1:{port}@evil.example",
        f"127.0.0.2:{port}",
        f"0.0.0.0:{port}",
        f"localhost.evil.example:{port}",
        "gpu1.example.org:80:80",
        "evil.gpu1.example.org",
    ]
    for host in hosts:
        same = [("Origin", f"http://{host}"), ("Content-Type", "application/json")]
        assert_problem(server.ask("GET", "/", [], host=host), 421)
        assert_problem(server.ask("POST", "/api/changes", same, b"{}", host=host), 421)
        for target in SOCKETS:
            assert server.ask("GET", target, UPGRADE + same[:1], host=host).status == 403
    assert server.changes() == before


def test_one_host_header_counts_and_no_forwarded_one(server: Server) -> None:
    own = f"127.0.0.1:{server.port}"
    for second in ("evil.example", own):
        assert server.ask("GET", "/", [("Host", second)]).status in (400, 421)
        assert server.ask("GET", "/", [("Host", own)], host=second).status in (400, 421)
    for none in ("/", POLLING):
        assert server.ask("GET", none, [], host=None).status in (400, 421)
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded"):
        assert server.ask("GET", "/", [(name, "evil.example")]).status == 200
        assert server.ask("GET", "/", [(name, own)], host="evil.example").status == 421
        forged = [(name, "evil.example"), ("X-Forwarded-Proto", "https"), ("Origin", "https://evil.example")]
        assert server.ask("POST", "/api/changes", forged).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_bodies_that_forms_can_send_are_refused(server: Server, method: str) -> None:
    before = server.changes()
    kinds = [
        FORM,
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain; application/json",
        "application/jsonp",
        "",
        None,
    ]
    for kind in kinds:
        sent = [] if kind is None else [("Content-Type", kind)]
        assert_problem(server.ask(method, "/api/changes", sent, b'{"name": "x"}'), 415)
        chunked = [*sent, ("Transfer-Encoding", "chunked")]
        assert_problem(server.ask(method, "/api/changes", chunked, b""), 415)
    two = [("Content-Type", "application/json"), ("Content-Type", "text/plain")]
    assert_problem(server.ask(method, "/api/changes", two, b"{}"), 415)
    zipped = server.ask(method, "/api/changes", [("Content-Type", "application/zip")], b"PK")
    assert zipped.status == (200 if method == "PUT" else 415)
    yaml = server.ask(method, "/api/changes", [("Content-Type", "application/yaml")], b"a: 1")
    assert yaml.status == (200 if method == "POST" else 415)
    assert len(server.changes()) == len(before) + (method in ("PUT", "POST"))


def test_forms_outside_rest_reach_the_pages(server: Server) -> None:
    assert server.ask("POST", "/form", [("Content-Type", FORM)], b"a=b").status == 200


def test_preflights_and_polling_get_no_cors_headers(server: Server) -> None:
    for origin in (f"http://127.0.0.1:{server.port}", "http://evil.example", "null"):
        for target in ("/", "/api/changes", POLLING, "/static/hello.txt"):
            asked = [("Origin", origin), ("Access-Control-Request-Method", "PUT")]
            for method in ("OPTIONS", "GET", "POST"):
                assert not OPENING & set(server.ask(method, target, asked).headers)


def test_every_answer_carries_the_protective_headers(server: Server) -> None:
    page = server.ask("GET", "/", [])
    script = next(
        part for part in page.body.decode().split('"') if part.startswith("/_nicegui/") and part.endswith(".js")
    )
    targets = ["/", script, "/static/hello.txt", "/api/changes", "/api/unknown", "/unknown", "/openapi.json", POLLING]
    for target in targets:
        assert_protected(server.ask("GET", target, []))
    assert_protected(server.ask("GET", "/", [], host="evil.example"))


def test_headers_of_the_app_can_only_be_stricter(server: Server) -> None:
    answer = server.ask("GET", "/api/careless", [])
    assert answer.status == 200
    assert_protected(answer)
    assert answer.headers["content-security-policy"].startswith("sandbox, ")
    assert not OPENING & set(answer.headers)


def test_each_refusal_is_one_escaped_line(server: Server) -> None:
    before = len(server.log.read_text().splitlines())
    server.ask("POST", "/api/a%0D%0Ab%1B[31m?token=secret", [("Origin", "http://evil\x9b.example")])
    server.ask("GET", "/echo", [*UPGRADE, ("Origin", "null")])
    lines = [line for line in server.log.read_text().splitlines()[before:] if line.startswith("refused")]
    assert len(lines) == 2
    assert lines[0].startswith(r"refused 403 POST /api/a\r\nb\x1b[31m from 127.0.0.1: ")
    assert lines[1].startswith("refused 403 websocket /echo from 127.0.0.1: ")
    assert all(line.isprintable() and "secret" not in line and len(line) < 1000 for line in lines)


def test_lifespan_passes() -> None:
    seen: list[str] = []

    async def app(scope: object, receive: object, send: object) -> None:
        seen.append("app")

    async def unused(*_: object) -> None:
        raise AssertionError

    asyncio.run(Gate(app, Settings())({"type": "lifespan"}, unused, unused))  # type: ignore[arg-type]
    assert seen == ["app"]


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert "evil" not in problem["detail"]
    assert_protected(answer)


def assert_protected(answer: Answer) -> None:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    policy = "frame-ancestors 'self'; object-src 'none'; base-uri 'self'"
    assert policy in answer.headers["content-security-policy"]
