"""How long the studio's loop, its lists and its charts take when there is a lot of everything."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aistudio.jobs import curves
from aistudio.jobs.devices import Declared
from aistudio.jobs.run import Run
from aistudio.jobs.slots import Slots, release
from aistudio.jobs.tail import Tail
from aistudio.schema.events import StepsLogged
from aistudio.schema.experiment import Experiment, MainMetric, Status
from aistudio.service import experiments
from aistudio.store.workspace import new_id
from aistudio.studio import Studio
from tests.fixtures import TINY, gpu, new_project, settings_in
from tests.jobs.fakes import Pretending

pytestmark = pytest.mark.slow
ROUNDS = 5
EXPERIMENTS = 1000
STEPS = 1_000_000
METRIC = MainMetric(name="val_accuracy", direction="max")


@pytest.mark.parametrize("status", ["created", "queued"])
def test_a_thousand_experiments(status: Status, tmp_path: Path) -> None:
    """Goals: one pass of the loop over 1,000 experiments in 50 ms, idle or waiting, the list of them in 1 s."""
    studio = Studio(settings_in(tmp_path), Pretending("refuse"), Declared([gpu(0)]), device_leases=tmp_path / "devices")
    held = Slots(tmp_path / "devices").take(["GPU-0"], "somebody else")
    assert not isinstance(held, str)
    studio.workspace.lock("a benchmark")
    pid = new_project(studio)
    for number in range(EXPERIMENTS):
        _create(studio, pid, number, status)
    print(f"\n{status}")
    _tell("start: taking up what an earlier server left", [_seconds(studio.manager.start)])
    studio.manager.close()
    _tell("the list, first time", [_seconds(lambda: experiments.all_experiments(studio, pid))])
    _tell("the list", [_seconds(lambda: experiments.all_experiments(studio, pid)) for _ in range(ROUNDS)])
    _tell("one pass of the loop (goal 50 ms)", [_seconds(lambda: _pass(studio)) for _ in range(ROUNDS)])
    assert {one.status for one in experiments.all_experiments(studio, pid)} == {status}
    studio.workspace.unlock()
    release(held)


@pytest.mark.parametrize("steps_per_line", [50, 1])
def test_a_million_steps(steps_per_line: int, tmp_path: Path) -> None:
    """Goals: opened in 1.5 s, what was appended since read in 50 ms, at most 2,000 points per curve sent."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join(_line(first, steps_per_line) for first in range(1, STEPS + 1, steps_per_line)))
    opened, appended, tables, rows = [], [], [], 0
    for _ in range(3):
        run, tail = Run(METRIC), Tail(path)
        opened.append(_seconds(lambda run=run, tail=tail: _follow(run, tail)))  # type: ignore[misc]
        first = len(run.step_rows) + 1
        with path.open("a") as file:
            file.write(_line(first, steps_per_line))
        appended.append(_seconds(lambda run=run, tail=tail: _follow(run, tail)))  # type: ignore[misc]
        tables.append(_seconds(lambda run=run: curves.table(run, 2000)))  # type: ignore[misc]
        rows = len(curves.table(run, 2000).rows)
        assert rows <= 2000
    print(f"\n{path.stat().st_size / 1e6:.0f} MB, {steps_per_line} steps per line")
    _tell("opened (goal 1,500 ms)", opened)
    _tell("one line appended (goal 50 ms)", appended)
    _tell(f"{rows} points for the page", tables)


def _create(studio: Studio, pid: str, number: int, status: Status) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    folder = studio.workspace.project(pid).new_experiment(new_id())
    config = {**TINY, "hardware": {"devices": ["gpu:0"]}}
    new = Experiment(id=folder.id, name=f"{number}", created_at=at, config=config, main_metric=METRIC, schema=1)
    folder.create(new.model_copy(update={"status": status, "position": number, "attempt": 1}))


def _pass(studio: Studio) -> None:
    for step in studio.manager._steps():
        step()


def _follow(run: Run, tail: Tail) -> None:
    for event in tail.read():
        run.feed(event)


def _line(first: int, count: int) -> str:
    elapsed = [step / 100 for step in range(first, first + count)]
    losses: list[float | None] = [1 / step for step in range(first, first + count)]
    event = StepsLogged(time=1.0, epoch=1, step=first, elapsed=elapsed, train_loss=losses, lr=[0.001] * count)
    return event.model_dump_json() + "\n"


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _tell(what: str, seconds: list[float]) -> None:
    print(f"{what}: {1000 * statistics.median(seconds):,.1f} ms")
