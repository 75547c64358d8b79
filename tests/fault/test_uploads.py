"""Zip files sent to a real server, through its gate: too large, cut off, from another page, on a disk without room."""

import io
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fault.test_disk import needs_mount
from tests.fixtures import end_workers, free_port, png, until

pytestmark = pytest.mark.fault
ROOT = Path(__file__).parents[2]
MB = 2**20
ZIP = {"content-type": "application/zip"}


class Server:
    """`python app.py` that takes 4 MB at most, with an empty project. `disk`: options of a small one to work on."""

    def __init__(self, folder: Path, disk: str = "") -> None:
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        self.port = free_port()
        folders = ["--workspace", str(self.workspace), "--state-dir", str(folder / "state")]
        options = [*folders, "--port", str(self.port), "--no-open", "--max-upload", "4MB" if not disk else "2GB"]
        command = [sys.executable, str(ROOT / "app.py"), *options]
        if disk:
            user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
            mount = f'mount -t tmpfs -o {disk} small "$1" && shift && exec "$@"'
            command = ["unshare", *user, "--mount", "sh", "-c", mount, "sh", str(self.workspace), *command]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        until(self._answers, "the server answers")
        made = self.client.post("/api/projects", json={"name": "Pets", "task": "classification"})
        self.dataset = f"/api/projects/{made.json()['id']}/dataset"

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return self.client.get("/api/health").is_success
        return False

    def put(self, content: Any, **headers: str) -> httpx.Response:
        return self.client.put(f"{self.dataset}/upload", content=content, headers=ZIP | headers)

    def staged(self) -> list[str]:
        return below(self.workspace / ".staging")

    def begin(self, length: int) -> socket.socket:
        """A connection on which an upload of so many bytes was announced."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        head = {"Host": f"127.0.0.1:{self.port}", "Content-Type": "application/zip", "Content-Length": str(length)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        connection.sendall(f"PUT {self.dataset}/upload HTTP/1.1\r\n{lines}\r\n".encode())
        return connection

    def stop(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()
        end_workers(self.workspace)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("uploads"))
    yield server
    server.stop()


def packed(images: int = 4) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for number in range(images):
            opened.writestr(f"class {number % 2}/{number}.png", png((40 * number % 256, 90, number)))
    return file.getvalue()


def read(connection: socket.socket) -> bytes:
    """An answer in JSON, head included."""
    answer = b""
    while not answer.endswith(b"}") and (piece := connection.recv(65_536)):
        answer += piece
    return answer


def below(folder: Path) -> list[str]:
    """The names of all that is there, while some of it may just be going."""
    return sorted(name for _, folders, files in os.walk(folder) for name in (*folders, *files))


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // MB):
        yield os.urandom(MB)


def test_a_zip_file_arrives_in_pieces_while_others_are_served(server: Server) -> None:
    data = packed()
    with closing(server.begin(len(data))) as connection:
        connection.sendall(data[:100])
        until(lambda: "upload.zip" in server.staged(), "it has begun")
        assert server.client.get("/api/health").is_success
        assert server.client.get(f"{server.dataset}/imports").json() == [], "an import begins when all is there"
        connection.sendall(data[100:])
        assert read(connection).startswith(b"HTTP/1.1 202")
    (job,) = server.client.get(f"{server.dataset}/imports").json()
    at = f"{server.dataset}/imports/{job['id']}"
    until(lambda: server.client.get(at).json()["status"] == "done", "it is imported")
    assert server.client.get(server.dataset).json()["counts"] == {"class 0": 2, "class 1": 2}
    assert not {"upload.zip", "unpacked", "dataset"} & set(server.staged())


def test_what_is_too_large_is_refused_at_once_or_on_the_way(server: Server) -> None:
    before = server.staged()
    with closing(server.begin(5 * MB)) as connection:  # announced: not a byte of it is waited for
        answer = read(connection)
    assert answer.startswith(b"HTTP/1.1 422") and b"The file is larger than 4 MB." in answer
    with suppress(httpx.WriteError):  # the server may hang up on one that goes on sending
        answer_on_the_way = server.put(pieces(20 * MB))
        assert (answer_on_the_way.status_code, answer_on_the_way.json()["detail"]) == (
            422,
            "The file is larger than 4 MB.",
        )
    until(lambda: server.staged() == before, "nothing of it is left")


@pytest.mark.parametrize("sent", [0, 100, 3 * MB])
def test_a_client_that_goes_away_leaves_nothing(sent: int, server: Server) -> None:
    before = server.staged()
    with closing(server.begin(4 * MB)) as connection:
        connection.sendall(b"P" * sent)
        until(lambda: len(server.staged()) > len(before), "it has begun")
    until(lambda: server.staged() == before, "nothing of it is left")
    assert server.client.get("/api/health").is_success


def test_another_web_page_cannot_send_one(server: Server) -> None:
    before = server.staged()
    assert server.put(packed(), origin="http://evil.example").status_code == 403
    form = server.client.put(f"{server.dataset}/upload", files={"file": packed()})
    assert form.status_code == 415
    assert server.staged() == before


def test_no_zip_file_is_a_failed_import_with_a_sentence(server: Server) -> None:
    job = server.put(b"not a zip file").json()
    at = f"{server.dataset}/imports/{job['id']}"
    ended = until(lambda: (now := server.client.get(at).json())["status"] == "failed" and now, "it has failed")
    assert ended["error"].startswith("The zip file is refused. It cannot be read")


@needs_mount
def test_a_disk_without_room_is_noticed_on_the_way(tmp_path: Path) -> None:
    """500 MB are kept free; there are ten more."""
    server = Server(tmp_path, "size=510m")
    try:
        inside = Path(f"/proc/{server.process.pid}/root{server.workspace}/.staging")
        with suppress(httpx.WriteError):
            answer = server.put(pieces(40 * MB))
            assert answer.status_code == 422
            assert "are free on the disk of the workspace." in answer.json()["detail"]
        until(lambda: not below(inside), "nothing of it is left")
        assert server.client.get("/api/health").is_success
    finally:
        server.stop()
