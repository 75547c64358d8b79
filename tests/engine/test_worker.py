"""The worker process: its log, its workers, its end."""

import os
import signal
import threading
import time
from contextlib import nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aistudio.engine.log import rotate
from aistudio.store.atomic import remove_unfinished, write_json
from aistudio.store.checkpoints import usable
from aistudio.store.lease import Lease, is_held
from tests.engine.conftest import Prepare
from tests.engine.worker import Worker

pytestmark = pytest.mark.engine


def test_a_long_log_starts_anew(tmp_path: Path) -> None:
    """Everything that has the file open goes on at its new end."""
    log = tmp_path / "log.txt"
    with log.open("ab") as one, log.open("ab") as other:
        one.write(b"old\n" * 30)
        one.flush()
        assert not rotate(log, 120, one.fileno())
        assert rotate(log, 119, one.fileno())
        assert log.read_bytes() == b""
        for file in (one, other):
            file.write(b"new\n")
            file.flush()
    assert log.read_bytes() == b"new\n" * 2
    assert (tmp_path / "log.txt.1").read_bytes() == b"old\n" * 30


def test_what_goes_elsewhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"x" * 200)
    with (tmp_path / "terminal").open("wb") as other:
        other.write(b"y" * 200)
        other.flush()
        assert not rotate(tmp_path / "log.txt", 100, other.fileno())
        assert not rotate(tmp_path / "none", 100, other.fileno())


LOUD = """
import aistudio.engine.log as log
log.rotate.__defaults__ = (2000, 1)
import threading, time
def shout():
    while True:
        print("shout " * 10, flush=True)
        time.sleep(0.01)
threading.Thread(target=shout, daemon=True).start()
"""


@pytest.mark.fault
def test_f09_sigterm_to_the_engine(prepare: Prepare) -> None:
    """The epoch under way is given up, the last finished one kept; the log stayed small, and the end is at once."""
    run = prepare(training={"epochs": 1000})
    with Worker(run.request, prelude=LOUD) as worker:
        log = worker.folder.log
        worker.until(lambda: log.with_name("log.txt.1").exists(), "the log was rotated")
        worker.until(lambda: worker.rows() and worker.folder.heartbeat.exists(), "an epoch is finished")
        assert log.stat().st_size < 50_000
        os.kill(worker.process.pid, signal.SIGTERM)
        verdict = worker.until(worker.folder.verdict, "there is a verdict")
        told = time.monotonic()
        while is_held(worker.lease):
            time.sleep(0.005)
        assert time.monotonic() - told < 30
        assert worker.end() == verdict
    assert (verdict.status, verdict.error) == ("stopped", None)
    found = usable(run.checkpoints)
    assert found is not None and (found.name, found.epoch) == ("last", worker.rows()[-1]["epoch"])


@pytest.mark.fault
def test_f12_a_killed_data_loader_process_is_named(prepare: Prepare) -> None:
    """The card has the words of the data loader, with the process that was killed and what to lower."""
    with Worker(prepare(training={"epochs": 10_000, "num_workers": 2}).request) as worker:
        worker.until(worker.rows, "an epoch is finished")
        child = next(pid for pid in worker.members() if pid != worker.process.pid)
        os.kill(child, signal.SIGKILL)
        verdict = worker.end()
    assert verdict.status == "failed" and verdict.error is not None
    assert verdict.error.type == "DataLoaderKilled"
    assert "DataLoader worker" in verdict.error.message  # torch has two wordings, by who sees it first
    assert f" {child})" in verdict.error.message
    assert "Num Workers" in verdict.error.advice


@pytest.mark.fault
def test_f55_a_gpu_that_is_gone_when_training_starts(prepare: Prepare) -> None:
    """The card names the GPU that cannot be used, and where to look."""
    run = prepare(hardware={"devices": ["gpu:0"]})
    with Worker(run.request, {"CUDA_VISIBLE_DEVICES": ""}) as worker:
        verdict = worker.end()
    assert verdict.error is not None
    assert (verdict.error.type, verdict.error.message) == (
        "StartFailed",
        "gpu:0 cannot be used: CUDA finds no GPU.",
    )
    assert "nvidia-smi" in verdict.error.advice


class Dripping(BaseHTTPRequestHandler):
    """A model hub at the end of a very slow line."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        for name, value in (("ETag", '"1"'), ("X-Repo-Commit", "0" * 40), ("Content-Length", str(10**8))):
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        if not self.path.endswith(".safetensors"):
            self.send_error(404)
            return
        self.do_HEAD()
        with suppress(OSError):
            while True:
                self.wfile.write(b"x" * 1000)
                time.sleep(0.05)

    def log_message(self, *told: object) -> None:
        pass


@pytest.mark.fault
def test_f17_stop_while_weights_are_downloaded(prepare: Prepare, tmp_path: Path) -> None:
    """Before training has begun the worker does not wait for what it is doing: it is stopped, not lost."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        where = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(tmp_path / "cache")}
        run = prepare(model={"backbone": "test_efficientnet", "pretrained": True})
        with Worker(run.request, where) as worker:
            worker.until(lambda: list((tmp_path / "cache").rglob("*.incomplete")), "the download has begun")
            worker.folder.request_stop()
            verdict = worker.end()
        hub.shutdown()
    assert (verdict.status, verdict.error) == ("stopped", None)
    assert not run.checkpoints.exists()


FALLEN = """
import torch
from aistudio.engine.reporter import Reporter
begin = Reporter.on_train_epoch_start
def fail(self, trainer, module):
    if trainer.current_epoch == 2:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure\\nCompile with TORCH_USE_CUDA_DSA.")
    begin(self, trainer, module)
Reporter.on_train_epoch_start = fail
"""


@pytest.mark.fault
def test_f55_a_gpu_that_fails_while_it_trains(prepare: Prepare) -> None:
    """The card says what CUDA said and where to look; what was learned up to the last finished epoch is kept."""
    run = prepare(training={"epochs": 5})
    with Worker(run.request, prelude=FALLEN) as worker:
        verdict = worker.end()
    assert verdict.status == "failed" and verdict.error is not None
    assert (verdict.error.type, verdict.error.message) == ("DeviceLost", "CUDA error: unspecified launch failure")
    assert "nvidia-smi" in verdict.error.advice and "Resume" in verdict.error.advice
    found = usable(run.checkpoints)
    assert found is not None and found.epoch == 2


@pytest.mark.fault
def test_f02_a_killed_worker_is_resumed_by_the_next(prepare: Prepare) -> None:
    """With real processes: no epoch is missing, and the losses are those of a run without a break."""
    changes = {"training": {"epochs": 8}, "optimizer": {"kind": "SGD", "lr": 0.05, "momentum": 0.9}}
    whole = prepare(**changes)()
    slow = "import aistudio.engine.reporter as r, time; e = r.Reporter.on_train_batch_end\n"
    slow += "r.Reporter.on_train_batch_end = lambda *a: (time.sleep(0.1), e(*a))[1]"
    run = prepare(**changes)
    with Worker(run.request, prelude=slow) as worker:
        worker.until(lambda: len(worker.rows()) >= 2, "two epochs are finished")
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
    remove_unfinished(worker.folder.path)  # as the studio does when it judges a lost run
    with Worker(run.next(seconds_before=50.0).request) as resumed:
        assert resumed.end().status == "completed"
    first = int(resumed.rows()[0]["epoch"] or 0)
    assert [row["epoch"] for row in resumed.rows()] == list(range(first, 9))
    assert resumed.losses() == whole.losses[3 * first :]


@pytest.mark.fault
@pytest.mark.parametrize("why", ["another attempt", "taken back", "another worker"])
def test_f06_a_worker_that_comes_too_late_leaves(why: str, prepare: Prepare) -> None:
    """It touches nothing: the run has another number by now, waits no more, or another process has its lease."""
    worker = Worker(prepare().request)
    document = {"attempt": 2 if why == "another attempt" else 1, "status": "queued"}
    if why == "taken back":
        document["status"] = "created"
    write_json(worker.lease.parent / "experiment.json", document)
    held = Lease.acquire(worker.lease) if why == "another worker" else None
    with held or nullcontext(), worker:
        assert worker.process.wait(600) == 0, worker.folder.log_tail()
    assert (worker.folder.worker(), worker.folder.verdict(), worker.folder.events.exists()) == (None, None, False)
