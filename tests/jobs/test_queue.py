"""Who may start next, what the others wait for, and what there is to compute on."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aistudio.jobs.devices import Glance, Nvml
from aistudio.jobs.launchers.local import FIXED, PASSED_ON
from aistudio.jobs.queue import Entry, Waiting, cards, duration, full, ready, waiting
from aistudio.schema.experiment import Experiment, MainMetric
from aistudio.schema.project import ImportRequest
from aistudio.service import datasets
from aistudio.studio import Studio
from tests.fixtures import ME, draw_classes, gpu, new_project, until

START = datetime(2026, 1, 1, tzinfo=UTC)


def entry(
    name: str,
    *devices: str,
    minute: int = 0,
    running: bool = False,
    position: int | None = None,
    seconds: float | None = None,
    blocked: str | None = None,
    lost: tuple[str, ...] = (),
) -> Entry:
    experiment = Experiment(
        id=name,
        name=name,
        status="training" if running else "queued",
        created_at=START,
        queued_at=START + timedelta(minutes=minute),
        position=position,
        config={"hardware": {"devices": devices or ("cpu",)}},
        main_metric=MainMetric(name="a", direction="max"),
        schema=1,
    )
    return Entry(name, experiment, devices or ("cpu",), running, seconds, blocked, lost)


def names(entries: list[Entry]) -> list[str]:
    return [one.key for one in entries]


def test_the_cpu_runs_one_at_a_time_and_who_came_first_is_first() -> None:
    assert names(ready([entry("b", minute=2), entry("a", minute=1)])) == ["a"]
    assert ready([entry("a", running=True), entry("b")]) == []


def test_the_cpu_runs_as_many_as_it_was_told_to() -> None:
    queue = [entry("x", running=True), entry("a"), entry("b", minute=1)]
    assert names(ready(queue, cpu_runs=2)) == ["a"]
    assert names(ready(queue, cpu_runs=3)) == ["a", "b"]
    assert (full(queue), full(queue, cpu_runs=2)) == ({"cpu"}, set())
    fewer = [entry("x", running=True), entry("y", running=True), entry("a")]
    assert ready(fewer, cpu_runs=1) == []
    card = [entry("x", "gpu:0", running=True), entry("a", "gpu:0")]
    assert ready(card, cpu_runs=2) == []


def test_who_waits_for_one_of_several_places_is_told_when_there_is_one() -> None:
    queue = [
        entry("x", running=True, seconds=700),
        entry("y", running=True, seconds=60),
        entry("a", seconds=120),
        entry("b", minute=1, seconds=60),
        entry("c", minute=2),
    ]
    assert [(one.waiting_for, one.seconds) for one in waiting(queue, cpu_runs=2)] == [
        ("the CPU, used by x and y, free in about 1m", 60),
        ("the CPU, used by x and y, behind a in the queue, free in about 3m", 180),
        ("the CPU, used by x and y, behind a and b in the queue, free in about 4m", 240),
    ]
    assert [one.seconds for one in waiting(queue, cpu_runs=1)] == [700, 820, 880]
    assert waiting(queue, cpu_runs=3)[0].waiting_for == "its start"
    unknown = [entry("x", running=True), entry("y", running=True, seconds=60), entry("z", running=True), entry("a")]
    assert waiting(unknown, cpu_runs=3)[0].waiting_for == "the CPU, used by x and 2 more, free in about 1m"
    assert waiting(unknown, cpu_runs=2)[0].seconds is None
    elsewhere = [entry("x", running=True, seconds=9), entry("a", blocked="used by a run elsewhere"), entry("b")]
    assert [one.waiting_for for one in waiting(elsewhere, cpu_runs=2)] == [
        "the CPU, used by a run elsewhere",
        "the CPU, used by a run elsewhere, behind a in the queue",
    ]


def test_two_gpus_run_two_in_parallel() -> None:
    queue = [entry("a", "gpu:0"), entry("b", "gpu:1", minute=1), entry("c", "gpu:0", minute=2)]
    assert names(ready(queue)) == ["a", "b"]
    assert names(ready([entry("x", running=True), *queue])) == ["a", "b"]


def test_who_waits_for_two_gpus_is_not_overtaken_on_one_of_them() -> None:
    queue = [
        entry("x", "gpu:0", running=True),
        entry("both", "gpu:0", "gpu:1", minute=1),
        entry("c", "gpu:1", minute=2),
    ]
    assert ready(queue) == []


def test_who_waits_for_a_card_that_is_lost_keeps_no_other_from_those_behind() -> None:
    queue = [
        entry("both", "gpu:0", "gpu:1", lost=("gpu:1",), seconds=60),
        entry("one", "gpu:0", minute=1),
    ]
    assert names(ready(queue, unseen={"gpu:1"})) == ["one"]
    assert waiting(queue) == [
        Waiting("both", 1, "GPU 1, which the driver does not see now"),
        Waiting("one", 2, "its start", 0.0),
    ]


def test_a_position_goes_before_the_time() -> None:
    queue = [entry("a", minute=1, position=2), entry("b", minute=2, position=1)]
    assert names(ready(queue)) == ["b"]


def test_each_is_told_what_it_waits_for() -> None:
    queue = [
        entry("x", "gpu:0", running=True),
        entry("first", "cpu"),
        entry("second", "cpu", minute=1),
        entry("both", "gpu:0", "gpu:1", minute=2),
        entry("last", "gpu:1", minute=3),
    ]
    assert waiting(queue) == [
        Waiting("first", 1, "its start", 0.0),
        Waiting("second", 2, "the CPU, behind first in the queue"),
        Waiting("both", 3, "GPU 0, used by x"),
        Waiting("last", 4, "GPU 1, behind both in the queue"),
    ]


def test_a_wait_is_told_where_it_is_known() -> None:
    queue = [
        entry("x", "gpu:0", running=True, seconds=700),
        entry("a", "gpu:0", seconds=60),
        entry("b", "gpu:0", minute=1),
        entry("c", "gpu:0", minute=2),
        entry("other", "gpu:1", minute=3, seconds=5, blocked="used by a server elsewhere"),
        entry("both", "gpu:0", "gpu:1", minute=4),
    ]
    told = {one.key: (one.waiting_for, one.seconds) for one in waiting(queue)}
    assert told == {
        "a": ("GPU 0, used by x for about 12m", 700),
        "b": ("GPU 0, used by x, behind a in the queue, free in about 13m", 760),
        "c": ("GPU 0, used by x, behind a and b in the queue", None),
        "other": ("GPU 1, used by a server elsewhere", None),
        "both": (
            "GPU 0, used by x, behind a and 2 more in the queue; "
            "GPU 1, used by a server elsewhere, behind other in the queue",
            None,
        ),
    }


def test_durations_are_as_exact_as_estimates_are() -> None:
    assert [duration(seconds) for seconds in (0, 45.4, 60, 725, 3599, 7500)] == [
        "1s", "45s", "1m", "12m", "1h 00m", "2h 05m"
    ]  # fmt: skip


def test_a_worker_sees_only_its_own_gpus() -> None:
    seen = [gpu(0), gpu(1).model_copy(update={"uuid": None})]
    assert cards(["cpu"], seen) == []
    assert cards(["gpu:0"], seen) == ["GPU-0"]
    assert cards(["gpu:0", "gpu:1"], seen) == ["GPU-0", "1"]


def probe(code: str, seconds: float = 60.0) -> Nvml:
    return Nvml(seconds=seconds, keep=1000.0, command=[sys.executable, "-I", "-c", code])


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no",
        "[]",
        "{}",
        "5",
        '"x"',
        '{"problem": null}',
        '{"problem": null, "gpus": [{}]}',
        '{"problem": 1, "gpus": []}',
    ],
)
def test_garbage_from_the_driver_means_no_gpu(answer: str) -> None:
    nvml = probe(f"print({answer!r})")
    assert [device.id for device in nvml.devices()] == ["cpu"]
    assert nvml.problem == "The NVIDIA driver could not be asked: its answer makes no sense."


def test_a_failing_driver_means_no_gpu() -> None:
    crashed = probe("import os; os.kill(os.getpid(), 11)")
    missing = Nvml(command=["/nowhere/probe"])
    for nvml in (crashed, missing):
        assert [device.id for device in nvml.devices()] == ["cpu"]
        assert (nvml.problem or "").startswith("The NVIDIA driver could not be asked: ")


@pytest.mark.fault
def test_a_hanging_driver_hangs_nobody() -> None:
    nvml = probe("import time; time.sleep(60)", seconds=0.3)
    assert [device.id for device in nvml.devices()] == ["cpu"]
    assert nvml.problem == "The NVIDIA driver did not answer within 0.3 s."
    assert [device.id for device in nvml.devices()] == ["cpu"]


@pytest.mark.fault
def test_who_only_glances_never_waits_for_a_hanging_driver(tmp_path: Path) -> None:
    hang = tmp_path / "hang"
    answer = f'{{"problem": null, "gpus": [{gpu(0).model_dump_json()}]}}'
    code = f"import os, time\nwhile os.path.exists({str(hang)!r}): time.sleep(0.05)\nprint({answer!r})"
    nvml = Nvml(seconds=60, keep=0.0, command=[sys.executable, "-I", "-c", code])
    glance = Glance(nvml, soon=0.01, keep=2.0)
    seen = until(glance.devices, "the driver has answered")
    assert [device.id for device in seen] == ["cpu", "gpu:0"]
    hang.touch()
    until(lambda: glance.devices() is None, "an old answer is none")
    hang.unlink()
    until(glance.devices, "it answers again")


def test_a_driver_that_answers_is_believed_for_a_moment(tmp_path: Path) -> None:
    card = gpu(0).model_dump_json()
    mark = tmp_path / "asked"
    nvml = probe(f"open({str(mark)!r}, 'a').write('x'); print('{{\"problem\": null, \"gpus\": [{card}]}}')")
    assert [device.id for device in nvml.devices()] == ["cpu", "gpu:0"]
    assert nvml.devices()[1] == gpu(0)
    assert (nvml.problem, mark.read_text()) == (None, "x")


def test_the_real_probe_answers() -> None:
    nvml = Nvml(seconds=60)
    devices = nvml.devices()
    assert devices[0].id == "cpu"
    assert devices[0].memory_total >= devices[0].memory_free > 0
    assert len(devices) > 1 or (nvml.problem or "").startswith("No NVIDIA GPU: ")


def test_no_secret_of_the_server_reaches_a_worker(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AISTUDIO_TOKEN", "AISTUDIO_PORT", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "NICEGUI_STORAGE_PATH"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    monkeypatch.setenv("http_proxy", "me:secret@proxy.example:3128")
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/mirror")
    monkeypatch.setenv("TORCH_HOME", "/models")
    pid = new_project(studio)
    draw_classes(tmp_path / "pets", {"cats": 3000, "dogs": 3000})
    job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(tmp_path / "pets")))
    worker = until(studio.workspace.import_job(job.id).worker, "the worker is there")
    place = Path(f"/proc/{worker.pid}")
    environ = dict(part.split("=", 1) for part in (place / "environ").read_text().split("\0") if part)
    assert set(environ) <= {*PASSED_ON, *FIXED, "CUDA_VISIBLE_DEVICES", "LC_CTYPE"}
    assert not [value for value in environ.values() if "secret" in value]
    assert environ["HTTPS_PROXY"] == "http://proxy.example:3128" and environ["http_proxy"] == "proxy.example:3128"
    assert environ["HF_ENDPOINT"] == "https://hub.example/mirror"
    assert (environ["TORCH_HOME"], environ["CUDA_VISIBLE_DEVICES"]) == ("/models", "")
    argv = (place / "cmdline").read_text().split("\0")
    assert argv[:-1] == [sys.executable, "-m", "aistudio.engine", str(studio.workspace.import_job(job.id).path)]
    assert os.getsid(worker.pid) == worker.pid
    datasets.cancel_import(studio, ME, pid, job.id)
