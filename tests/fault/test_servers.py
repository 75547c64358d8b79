"""What happens to the server: killed at any moment, ended by a signal, with and without its workers."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import Conflict
from aistudio.service import experiments
from aistudio.store.atomic import read_json
from tests.fault.invariants import check_invariants, kept_epoch
from tests.fault.servers import click, kill, start, tend
from tests.fixtures import ME, free_port, new_experiment, running, until, until_status, workers
from tests.jobs.fakes import ROOT, Pretending
from tests.jobs.stage import folder_of, pretending, reason, worker_of

pytestmark = pytest.mark.fault


def prepared(folder: Path, **training: Any) -> tuple[str, str]:
    """A project and an experiment in a workspace that nobody serves."""
    with pretending(folder, "finish") as (studio, pid):
        return pid, new_experiment(studio, pid, **training)


def abandoned(folder: Path, behaviour: str, epochs: int = 1000) -> tuple[str, str, Path]:
    """A run whose server was killed in its second epoch; and the folder of its attempt."""
    pid, eid = prepared(folder, epochs=epochs)
    server = start(click, folder, behaviour, pid, eid)
    experiment = folder / "workspace/projects" / pid / "experiments" / eid
    try:
        if behaviour == "epochs":
            until(lambda: (experiment / "checkpoints/prev.ckpt").exists(), "two epochs are saved")
        else:
            until(lambda: (experiment / "attempt-1/events.jsonl").exists(), "the worker works")
    finally:
        kill(server)
    return pid, eid, experiment / "attempt-1"


def test_f03_kill_the_server_while_it_trains(tmp_path: Path) -> None:
    """The run goes on; the next server shows it without a gap and can stop it."""
    pid, eid, attempt = abandoned(tmp_path, "epochs")
    before = workers(tmp_path / "workspace")
    with running(tmp_path, launcher=Pretending("refuse")) as studio:
        assert until_status(studio, pid, eid, "training").attempt == 1
        assert workers(studio.settings.workspace) == before
        here = experiments.run_of(studio, pid, eid).progress.epoch
        until(lambda: experiments.run_of(studio, pid, eid).progress.epoch > here, "it goes on")
        experiments.stop(studio, ME, pid, eid)
        done = until_status(studio, pid, eid, "stopped")
        epochs = [row["epoch"] for row in experiments.run_of(studio, pid, eid).epoch_rows]
        assert epochs == list(range(1, done.progress.epoch + 1))
        check_invariants(studio.settings.workspace)
    assert attempt.exists()


@pytest.mark.parametrize("epochs", [4])
def test_f04_the_worker_ends_while_no_server_runs(epochs: int, tmp_path: Path) -> None:
    """The next server finds it completed, with its metrics."""
    pid, eid, attempt = abandoned(tmp_path, "epochs", epochs)
    until(lambda: (attempt / "verdict.json").exists(), "it has ended")
    with running(tmp_path, launcher=Pretending("refuse")) as studio:
        done = until_status(studio, pid, eid, "completed", "failed")
        assert (done.status, done.best_epoch, done.progress.epoch) == ("completed", 4, 4)
        check_invariants(studio.settings.workspace)


def test_f05_the_worker_dies_while_no_server_runs(tmp_path: Path) -> None:
    """The next server finds it failed, and Resume goes on."""
    pid, eid, _ = abandoned(tmp_path, "epochs")
    os.kill(workers(tmp_path / "workspace")[0], signal.SIGKILL)
    with running(tmp_path, launcher=Pretending("epochs")) as studio:
        failed = until_status(studio, pid, eid, "completed", "failed")
        assert (reason(failed), failed.resumable) == ("WorkerLost", True)
        experiments.resume(studio, ME, pid, eid)
        until(lambda: experiments.run_of(studio, pid, eid).progress.epoch > failed.progress.epoch, "it goes on")
        experiments.stop(studio, ME, pid, eid)
        until_status(studio, pid, eid, "stopped")
        check_invariants(studio.settings.workspace)


def status_in(experiment: Path) -> str:
    return str(read_json(experiment / "experiment.json")["status"])


# How one knows from outside that a run came that far: by the folder of the server, and that of the experiment.
STAGES: dict[str, Callable[[Path, Path], bool]] = {
    "the server is open": lambda place, experiment: (place / "open").exists(),
    "the attempt is written": lambda place, experiment: (experiment / "attempt-1/request.json").exists(),
    "Train was pressed": lambda place, experiment: (place / "clicked").exists(),
    "the worker is launched": lambda place, experiment: bool(
        workers(place / "workspace") or list(experiment.glob("attempt-1/verdict.json"))  # it may have been quicker
    ),
    "the worker says who it is": lambda place, experiment: (experiment / "attempt-1/worker.json").exists(),
    "the worker is adopted": lambda place, experiment: status_in(experiment) not in ("created", "queued"),
    "an epoch is saved": lambda place, experiment: (experiment / "checkpoints/last.ckpt").exists(),
}


def killed_at_each_stage(folder: Path, rounds: int) -> None:
    """Or shortly after it, since a server is most vulnerable between two writes."""
    dice = random.Random(6)
    for number, stage in enumerate([*STAGES] * rounds):
        place = folder / str(number)
        place.mkdir()
        pid, eid = prepared(place, epochs=3)
        experiment = place / "workspace/projects" / pid / "experiments" / eid
        server = start(click, place, "epochs", pid, eid)
        until(partial(STAGES[stage], place, experiment), stage)
        threading.Event().wait(dice.choice([0.0, 0.02, 0.1]) * dice.random())
        kill(server)
        with running(place, launcher=Pretending("epochs")) as studio:
            if experiments.get(studio, pid, eid).status == "created":
                assert not (place / "clicked").exists(), "what was acknowledged is there"
                continue
            done = until_status(studio, pid, eid, "completed", "failed")
            assert (done.status, done.attempt, done.progress.epoch) == ("completed", 1, 3)
            check_invariants(studio.settings.workspace)


def test_f06_kill_the_server_between_click_and_first_epoch(tmp_path: Path) -> None:
    """The run is never stuck and never has two workers, whatever the moment."""
    killed_at_each_stage(tmp_path, 1)


def test_f06_another_order_while_a_worker_starts(tmp_path: Path) -> None:
    """What an earlier server has launched keeps its device, and cannot be put behind another any more."""
    pid, first = prepared(tmp_path)
    server = start(click, tmp_path, "late", pid, first)
    until(lambda: list(tmp_path.rglob("launched.json")), "the worker is launched, and its server has noted which it is")
    kill(server)
    with running(tmp_path, launcher=Pretending("loop")) as studio:
        second = new_experiment(studio, pid)
        experiments.train(studio, ME, pid, second)
        until(lambda: "used by" in (experiments.get(studio, pid, second).waiting_for or ""), "it waits for the first")
        with pytest.raises(Conflict, match="is not waiting"):
            experiments.reorder(studio, ME, [second, first])
        threading.Event().wait(1)
        (late,) = workers(studio.settings.workspace)
        os.kill(late, signal.SIGKILL)
        until_status(studio, pid, second, "training")
        assert reason(until_status(studio, pid, first, "failed")) == "StartFailed"
        check_invariants(studio.settings.workspace)


@pytest.mark.slow
def test_f06_kill_the_server_at_42_moments(tmp_path: Path) -> None:
    """The same, six times at each of the seven stages from the click to the first epoch."""
    killed_at_each_stage(tmp_path, 6)


def test_f07_kill_server_and_worker(tmp_path: Path) -> None:
    """After the next start the run is failed and can be resumed from its last finished epoch."""
    pid, eid, _ = abandoned(tmp_path, "epochs")
    for process in workers(tmp_path / "workspace"):
        os.kill(process, signal.SIGKILL)
    with running(tmp_path, launcher=Pretending("epochs")) as studio:
        failed = until_status(studio, pid, eid, "failed")
        assert (reason(failed), failed.resumable) == ("WorkerLost", True)
        check_invariants(studio.settings.workspace)
        experiments.resume(studio, ME, pid, eid)
        until(lambda: experiments.run_of(studio, pid, eid).progress.epoch > failed.progress.epoch, "it goes on")
        rows = experiments.run_of(studio, pid, eid).epoch_rows
        assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
        assert (failed.resume_epoch or 0) >= 1


SERVE = """
import sys
from pathlib import Path
import app
from aistudio.studio import Studio
from tests.fixtures import settings_in
from tests.jobs.fakes import Pretending
folder = Path(sys.argv[1])
settings = settings_in(folder).model_copy(update={"port": int(sys.argv[2]), "stop_workers_on_exit": len(sys.argv) > 3})
listener = app.listen(settings)
studio = Studio(settings, Pretending("epochs"), device_leases=folder / "devices").open("a server")
try:
    app.serve(studio, listener)
finally:
    studio.close()
"""


def test_f08_sigterm_to_the_server(tmp_path: Path) -> None:
    """It ends within 5 seconds; the runs go on and the next server takes them up."""
    end_by(signal.SIGTERM, tmp_path)


def test_f10_ctrl_c_in_the_terminal(tmp_path: Path) -> None:
    """Only the server gets it; the runs go on."""
    end_by(signal.SIGINT, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_f08_a_server_that_stops_its_workers(number: signal.Signals, tmp_path: Path) -> None:
    """With `--stop-workers-on-exit` they stop as they do when asked, and the next server finds them so."""
    end_by(number, tmp_path, "stop workers")


def end_by(number: signal.Signals, tmp_path: Path, *more: str) -> None:
    """Sent to the whole process group, as a terminal does."""
    pid, eid, attempt = abandoned(tmp_path, "epochs")
    before = workers(tmp_path / "workspace")
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path), str(port), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        until(lambda: "AI Studio is at" in (server.stdout.readline() if server.stdout else ""), "it serves")
        threading.Event().wait(0.5)
        started = time.monotonic()
        os.killpg(server.pid, number)
        server.wait(timeout=60)
        assert time.monotonic() - started < 5
    finally:
        server.kill()
        _, complaints = server.communicate()
    assert complaints == ""
    if more:
        until(lambda: not workers(tmp_path / "workspace"), "the worker has stopped")
        with running(tmp_path, launcher=Pretending("refuse")) as studio:
            assert until_status(studio, pid, eid, "stopped").resumable
        return
    assert workers(tmp_path / "workspace") == before
    assert not (attempt / "stop").exists(), "nobody asked it to end"
    with running(tmp_path, launcher=Pretending("refuse")) as studio:
        worker_of(studio, pid, eid)
        experiments.stop(studio, ME, pid, eid)
        assert until_status(studio, pid, eid, "stopped").resumable


@pytest.mark.slow
def test_f07_kill_whatever_runs_40_times_in_a_row(tmp_path: Path) -> None:
    """Forty random kills of server and worker lose no finished epoch and leave nothing behind."""
    dice = random.Random(40)
    pid, eid = prepared(tmp_path, epochs=10_000)
    workspace, kept = tmp_path / "workspace", 0
    checkpoints = workspace / "projects" / pid / "experiments" / eid / "checkpoints"
    for _ in range(40):
        (tmp_path / "open").unlink(missing_ok=True)
        server = start(tend, tmp_path, "epochs", pid, eid)
        until(lambda: (tmp_path / "open").exists(), "the server is open")
        threading.Event().wait(dice.random() * 1.2)
        whom = dice.choice(["server", "worker", "both"])
        if whom != "server":
            for process in workers(workspace):
                with suppress(ProcessLookupError):  # one that came too late leaves by itself
                    os.kill(process, signal.SIGKILL)
        threading.Event().wait(dice.random() * 0.3)
        check_invariants(workspace, settled=False)
        kill(server)
        check_invariants(workspace, settled=False)
        found = kept_epoch(checkpoints, kept)
        assert found >= kept, "what was finished is lost"
        kept = found
    with running(tmp_path, launcher=Pretending("epochs")) as studio:
        if experiments.get(studio, pid, eid).active:
            experiments.stop(studio, ME, pid, eid)
        done = until_status(studio, pid, eid, "stopped", "failed", "completed")
        run = experiments.run_of(studio, pid, eid)
        assert [row["epoch"] for row in run.epoch_rows] == list(range(1, done.progress.epoch + 1))
        check_invariants(workspace)
        assert folder_of(studio, pid, eid).read().attempt >= 2
        assert done.progress.epoch >= kept > 0
