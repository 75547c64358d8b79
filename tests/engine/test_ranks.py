"""Two processes share a run: as one to the outside, and neither outlives the other."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from aistudio.engine.checkpoints import load
from aistudio.engine.data.batches import Share
from aistudio.engine.data.loaders import Loading, val_batches
from aistudio.engine.ranks import CPU_PROCESSES
from aistudio.engine.tasks.classification import create
from aistudio.schema.events import CheckpointSaved, Planned
from aistudio.tasks.classification import ClassificationConfig
from tests.engine.conftest import CLASSES, Data, Prepare, make_data
from tests.engine.worker import Worker

pytestmark = [pytest.mark.engine, pytest.mark.fault]
TWO = {CPU_PROCESSES: "2"}
LATE = """
import os, time
from aistudio.engine.ranks import die_with_parent
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.01)
    die_with_parent(parent)
    print("it lives on")
"""


def measured(checkpoint: dict[str, Any], data: Data) -> dict[str, float]:
    """The metrics of a checkpoint, in this one process over the whole validation set."""
    config = ClassificationConfig.model_validate_json(checkpoint["config"])
    module = create(config, CLASSES, None)
    module.model.load_state_dict(checkpoint["model"])
    module.eval()
    with torch.no_grad():
        for batch in val_batches(
            data.samples("val"), module.val_pipeline, Loading(config.training, Share(), False, lambda: None)
        ):
            module.validation_step(batch, 0)
    return module.measured()


def test_two_processes_measure_what_one_would(prepare: Prepare, data: Data) -> None:
    """With 15 images to validate on: the last one of the second process is a repetition that must not count."""
    run = prepare(training={"epochs": 2, "batch_size": 4})
    with Worker(run.request, TWO) as worker:
        worker.until(worker.ranks, "there are two processes")
        verdict = worker.end()
    assert (verdict.status, verdict.error) == ("completed", None)
    plan = next(event for event in worker.events() if isinstance(event, Planned))
    assert plan.steps_per_epoch == 6  # 45 images: 23 for each, in batches of 4
    assert [row["step"] for row in worker.rows()] == [6, 12]
    assert len([event for event in worker.events() if isinstance(event, CheckpointSaved)]) >= 3
    expected = measured(load(run.checkpoints / "last.ckpt"), data)
    assert {name: worker.rows()[-1][name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_f14_a_lost_process_ends_the_run(prepare: Prepare) -> None:
    """Of a run on two devices one process is killed: within 30 seconds it has failed, and nothing of it is left."""
    run = prepare(training={"epochs": 1000, "batch_size": 4, "num_workers": 1})
    with Worker(run.request, TWO) as worker:
        worker.until(worker.rows, "an epoch is finished")
        os.kill(worker.ranks()[0], signal.SIGKILL)
        at = time.monotonic()
        verdict = worker.end(30)
        assert time.monotonic() - at < 30
    assert verdict.status == "failed" and verdict.error is not None
    assert verdict.error.type == "WorkerLost"
    assert "Process 2 of 2 was killed by SIGKILL" in verdict.error.message


def test_f14_what_ends_the_second_process_is_what_is_told(prepare: Prepare, tmp_path: Path) -> None:
    """It fails while the first one waits for it in a collective operation, which would be for ever."""
    own = make_data(tmp_path / "own")
    (own.folder.images / "46.png").unlink()  # the second to validate on: only the second process reads it
    run = prepare(of=own, training={"batch_size": 4})
    with Worker(run.request, TWO) as worker:
        verdict = worker.end()
    assert verdict.status == "failed" and verdict.error is not None
    assert (verdict.error.type, verdict.error.message) == ("DatasetMissing", "The image file 46.png is gone.")


@pytest.mark.slow
def test_stop_ends_both(prepare: Prepare) -> None:
    run = prepare(training={"epochs": 1000, "batch_size": 4})
    with Worker(run.request, TWO) as worker:
        worker.until(worker.rows, "an epoch is finished")
        worker.folder.request_stop()
        verdict = worker.end()
    assert (verdict.status, verdict.error) == ("stopped", None)
    assert load(run.checkpoints / "last.ckpt")["epoch"] == len(worker.rows())


GUARDED = """
import sys, time
from pathlib import Path
from aistudio.engine import ranks
from aistudio.engine.job import Job
ranks.GRACE_SECONDS = 0.0
Job(Path(sys.argv[1])).spread(2)
time.sleep(600)
"""


def test_f27_a_lost_process_ends_the_run_where_no_verdict_can_be_written(tmp_path: Path) -> None:
    """The other one is lost at once, for want of a request."""
    (tmp_path / "verdict.json").mkdir()
    command = [sys.executable, "-c", GUARDED, str(tmp_path)]
    done = subprocess.run(command, stderr=subprocess.DEVNULL, start_new_session=True, timeout=60)
    assert done.returncode == 1


SLOW = """
import time
from aistudio.engine.reporter import Reporter
end = Reporter.on_train_batch_end
def slow(*given):
    time.sleep(2)
    end(*given)
Reporter.on_train_batch_end = slow
"""


@pytest.mark.slow
def test_stop_does_not_wait_for_many_slow_steps(prepare: Prepare) -> None:
    """Each of them may take seconds: so the processes ask each other after each one, not after eight."""
    run = prepare(training={"epochs": 1000, "batch_size": 2})
    with Worker(run.request, TWO, prelude=SLOW) as worker:
        worker.until(worker.losses, "a step is done")
        done = len(worker.losses())
        worker.folder.request_stop()
        verdict = worker.end()
    assert (verdict.status, verdict.error) == ("stopped", None)
    assert len(worker.losses()) <= done + 3


@pytest.mark.slow
def test_the_second_process_dies_with_the_first(prepare: Prepare) -> None:
    run = prepare(training={"epochs": 1000, "batch_size": 4})
    with Worker(run.request, TWO) as worker:
        worker.until(worker.rows, "an epoch is finished")
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
        deadline = time.monotonic() + 60
        while worker.members() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not worker.members()


def test_a_process_whose_parent_ended_before_it_could_ask_ends_too() -> None:
    """Its output is read until nobody can write there any more."""
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True, timeout=600)
    assert (done.stdout, done.stderr) == ("", "")


TERM = """
import os, signal
from aistudio.engine.reporter import Reporter
told = []
def term(reporter, trainer, *given):
    if trainer.current_epoch == 1 and not told:
        told.append(None)
        {how}
Reporter.on_train_batch_start = term
"""


@pytest.mark.parametrize(
    "how",
    ["os.kill(os.getpid(), signal.SIGTERM)", pytest.param("os.killpg(0, signal.SIGTERM)", marks=pytest.mark.slow)],
    ids=["first", "both"],
)
def test_f09_sigterm_stops_both(how: str, prepare: Prepare) -> None:
    """Sent to the first process alone, or to both: they leave together, and none waits for the other for ever."""
    run = prepare(training={"epochs": 1000, "batch_size": 4})
    with Worker(run.request, TWO, prelude=TERM.format(how=how)) as worker:
        verdict = worker.end(60)
    assert (verdict.status, verdict.error) == ("stopped", None)
    assert [row["epoch"] for row in worker.rows()] == [1]
    assert load(run.checkpoints / "last.ckpt")["epoch"] == 1
