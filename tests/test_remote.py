"""`aistudio train` and `aistudio stop` as a shell runs them, with a real server and real runs."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aistudio.client import Client
from aistudio.errors import NotFound, Refused, Unreachable
from aistudio.schema.experiment import Experiment
from aistudio.service import config_files
from tests.fixtures import end_workers, free_port, new_experiment, ready_project, running, until

ROOT = Path(__file__).parents[1]
SECONDS = 120.0


class Server:
    """`python app.py` on a workspace with two projects."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with running(folder) as studio:
            self.pid = ready_project(studio)
            eid = new_experiment(studio, self.pid, "Origin")
            self.config = folder / "config.yaml"
            self.config.write_text(config_files.to_yaml(studio, self.pid, eid))
        self.start()

    def start(self) -> None:
        folders = ["--workspace", self.folder / "workspace", "--state-dir", self.folder / "state"]
        options = [*map(str, folders), "--data-root", str(self.folder), "--port", str(self.port), "--no-open"]
        command = [sys.executable, str(ROOT / "app.py"), *options]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
        until(self.answers, "the server answers")

    def answers(self) -> bool:
        with suppress(Unreachable), self.client() as client:
            return bool(client.project(self.pid))
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def client(self) -> Client:
        return Client(self.url)

    def experiments(self) -> dict[str, Experiment]:
        folder = self.folder / "workspace/projects" / self.pid / "experiments"
        with self.client() as client:
            return {one.name: one for one in (client.get(self.pid, path.name) for path in folder.iterdir())}

    def command(self, *arguments: str | Path, project: str = "Pets") -> list[str]:
        given = [*map(str, arguments), "--project", project, "--url", self.url]
        return [sys.executable, "-m", "aistudio.cli", *given]

    def run(self, *arguments: str | Path, project: str = "Pets") -> subprocess.CompletedProcess[str]:
        command = self.command(*arguments, project=project)
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)

    def written(self, name: str, text: str) -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(text)
        return path

    def changed(self, name: str, pattern: str, text: str) -> Path:
        """The configuration with something else in it."""
        found, count = re.subn(pattern, text, self.config.read_text())
        assert count == 1
        return self.written(name, found)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    started = Server(folder)
    try:
        yield started
    finally:
        started.kill()
        end_workers(folder / "workspace")


def test_a_run_is_followed_to_its_end(server: Server) -> None:
    config = server.changed("several", r"\bepochs: 2\b", "epochs: 24")  # some pass between two looks
    done = server.run("train", config, "--name", "First")
    assert (done.returncode, done.stderr.splitlines()[-1][:16]) == (0, "epoch 24 of 24, "), done.stderr
    assert re.search(r"epoch ([1-9]|1\d|2[0-3]) of 24, loss [\d.]+, accuracy [\d.]+", done.stderr)
    first, last = done.stdout.splitlines()
    experiment = server.experiments()["First"]
    assert first == f"Pets / First ({experiment.id})"
    assert re.fullmatch(r"Completed: accuracy [\d.]+ in epoch \d+ of 24\.", last)
    origin = server.experiments()["Origin"].config
    origin["training"]["epochs"] = 24
    assert (experiment.status, experiment.config) == ("completed", origin)


def test_a_run_that_fails_says_why(server: Server) -> None:
    config = server.changed("unknown", "backbone: resnet10t", "backbone: resnet1000")
    done = server.run("train", config, "--name", "Fails", project=server.pid)
    assert done.returncode == 1
    assert "Failed: There is no architecture resnet1000. Near names: resnet10" in done.stderr


def test_control_c_leaves_the_run_and_stop_ends_it(server: Server) -> None:
    """On a terminal there is a bar. Meanwhile the server is killed and started again."""
    config = server.changed("long", "epochs: 2 ", "epochs: 1000 ")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    command = server.command("train", config, "--name", "Long")
    follower = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = ""

    def shows(pattern: str) -> bool:
        nonlocal shown
        if select.select([ours], [], [], 0.1)[0]:
            shown += os.read(ours, 65536).decode(errors="replace")  # it may end within a character
        return re.search(pattern, shown) is not None

    bar = r"epoch \d+ of 1000: +\d+%\|.*\| \d+/4000 steps, loss [\d.]+, accuracy [\d.]+"
    until(lambda: shows(bar), "there is a bar")
    server.kill()
    server.start()
    shown = ""
    until(lambda: shows(r"epoch \d+ of 1000: .*left"), "it goes on")
    follower.send_signal(signal.SIGINT)
    until(lambda: shows("To end it: .*\n"), "it says how to end the run")
    assert follower.wait(60) == 130
    follower.communicate()
    os.close(ours)
    long = server.experiments()["Long"]
    assert long.status == "training"
    end = f"aistudio stop {long.id} --project {server.pid} --url {server.url}"
    assert f"The run goes on. To end it: {end}" in shown

    stopped = server.run("stop", "Long")
    assert (stopped.returncode, stopped.stdout) == (0, "Long is stopping.\n")
    until(lambda: server.experiments()["Long"].status == "stopped", "it has stopped")
    again = server.run("stop", long.id)
    assert (again.returncode, again.stderr) == (2, "Long is stopped, so there is nothing to stop.\n")


def test_no_wait_returns_at_once(server: Server) -> None:
    config = server.changed("patient", "epochs: 2 ", "epochs: 1000 ")
    done = server.run("train", config, "--no-wait", "--name", "Patient")
    patient = server.experiments()["Patient"]
    assert (done.returncode, done.stdout) == (0, f"Pets / Patient ({patient.id})\n")
    assert patient.active
    assert server.run("stop", "Patient").returncode == 0


@pytest.mark.parametrize(
    ("text", "project", "said"),
    [
        ("training: {epochs: 0}", "Pets", "Epochs: must be a whole number from 1 to 10000.\n"),
        ("training: [", "Pets", "Line 1: while parsing a flow node"),
        ("task: regression", "Pets", "the project is for Classification"),
        ("training: {batch_size: 64}", "Pets", "choose at most 32.\n"),
        ("hardware: {devices: [gpu:77]}", "Pets", "gpu:77 is not on this machine"),
        ("split: null", "Pets", "Split: choose one."),
        ("", "Cars", "There is no project 'Cars'. Known: 'Pets'.\n"),
    ],
)
def test_what_is_refused_leaves_nothing(server: Server, text: str, project: str, said: str) -> None:
    before = set(server.experiments())
    done = server.run("train", server.written("refused", text), project=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert set(server.experiments()) == before


def test_warnings_of_the_file_are_said(server: Server) -> None:
    endless = server.changed("endless", "epochs: 2 ", "epochs: 1000 ").read_text()  # it is not over before Stop
    config = server.written("elsewhere", re.sub(r"split: \{.*", "split: 70/30", endless))
    done = server.run("train", config, "--no-wait", "--name", "Elsewhere")
    assert done.stderr == "This project has no split 70/30: the newest one, 80/20, was chosen.\n"
    assert server.run("stop", "Elsewhere").returncode == 0


def test_a_file_that_cannot_be_read_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "picture.yaml").write_bytes(b"\xff\xd8\xff")
    for file, said in (
        ("nowhere.yaml", "No such file"),
        (".", "Is a directory"),
        ("picture.yaml", "not text in UTF-8"),
    ):
        done = server.run("train", tmp_path / file)
        assert (done.returncode, said in done.stderr) == (2, True)


def test_nobody_answers_and_somebody_else_answers(tmp_path: Path) -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(Unreachable, match="No AI Studio answers"):
        client.project("Pets")
    with pytest.raises(Unreachable, match="no address"):
        Client("http://127.0.0.1:port")
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    other = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answered() -> bool:
        with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(Unreachable) as caught:
            client.project("Pets")
        return "is no AI Studio" in str(caught.value)

    try:
        until(answered, "another server is told from ours")
    finally:
        other.kill()
        other.wait()


def test_two_of_the_same_name_need_an_id(server: Server) -> None:
    with server.client() as client:
        made = [client.create(server.pid, "training: {epochs: 1}", "Twin").id for _ in range(2)]
        with pytest.raises(Refused, match=r"2 experiments are named 'Twin'\. Give an id: "):
            client.experiment(server.pid, "Twin")
        assert client.experiment(server.pid, made[1]).name == "Twin"
        with pytest.raises(NotFound, match="no experiment 'Nobody'"):
            client.experiment(server.pid, "Nobody")
        for eid in made:
            client.delete(server.pid, eid)
