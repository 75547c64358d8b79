"""Real parts in small: images of a few pixels, projects ready to train, studios that clean up after themselves."""

import os
import random
import secrets
import signal
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from aistudio.jobs.devices import Declared
from aistudio.jobs.launchers.base import Launcher
from aistudio.jobs.pressure import Patience
from aistudio.jobs.previewer import PreviewLimits
from aistudio.schema.device import Device
from aistudio.schema.experiment import Experiment, ExperimentRequest
from aistudio.schema.project import Import, ImportRequest, ProjectRequest
from aistudio.schema.split import Ratios, SplitRequest
from aistudio.service import datasets, experiments, projects, splits
from aistudio.settings import Settings
from aistudio.store.dataset import DatasetFolder, NewImage
from aistudio.studio import Actor, Studio

Found = TypeVar("Found")
ME = Actor(origin="test")
GIB = 2**30
PATIENCE = 60.0
TINY: dict[str, Any] = {
    "model": {"backbone": "resnet10t", "pretrained": False},
    "scheduler": {"kind": "Cosine"},
    "training": {"epochs": 2, "batch_size": 8, "num_workers": 0},
    "augmentations": {
        "train": [{"kind": "Resize", "height": 32, "width": 32}],
        "val": [{"kind": "Resize", "height": 32, "width": 32}],
    },
    "hardware": {"devices": ["cpu"]},
}


def png(colour: tuple[int, int, int] = (200, 30, 30), width: int = 8, height: int = 8) -> bytes:
    """A PNG file of one colour."""
    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def draw_classes(folder: Path, counts: Mapping[str, int]) -> Path:
    """Class folders whose images are all different, each class around a colour of its own."""
    dice = random.Random(0)
    for number, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for image in range(count):
            colour = tuple(min(255, 80 * ((number >> bit) & 1) + 40 + dice.randrange(60)) for bit in range(3))
            (folder / name / f"{image:03d}.png").write_bytes(png((colour[0], colour[1], colour[2]), 16 + image % 5, 16))
    return folder


def settings_in(folder: Path) -> Settings:
    """A server of its own below that folder, which is also what it may import from."""
    return Settings(
        workspace=folder / "workspace", state_dir=folder / "state", data_root=(folder,), port=free_port(), open=False
    )


def gpu(index: int) -> Device:
    return Device(id=f"gpu:{index}", name="Card", uuid=f"GPU-{index}", memory_total=24 * GIB, memory_free=20 * GIB)


@contextmanager
def running(
    folder: Path,
    gpus: Sequence[Device] = (),
    launcher: Launcher | None = None,
    holder: str = "a test",
    patience: Patience | None = None,
    device_leases: Path | None = None,
    preview_limits: PreviewLimits | None = None,
    cpu_runs: int = 1,
) -> Iterator[Studio]:
    """An open studio. Whatever it started has ended when this is left."""
    leases = device_leases or folder / "devices"
    settings = settings_in(folder).model_copy(update={"cpu_runs": cpu_runs})
    studio = Studio(settings, launcher, Declared(gpus), patience, leases, preview_limits).open(holder)
    try:
        yield studio
    finally:
        studio.close()  # first, or it would start the next in the queue
        end_workers(studio.settings.workspace)


def workers(workspace: Path) -> list[int]:
    """Processes whose command line names something in the workspace."""
    mark = f"{workspace}/".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if mark in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def end_workers(workspace: Path) -> None:
    for pid in workers(workspace):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not workers(workspace), "the workers are gone")


def until(look: Callable[[], Found | None], what: str, seconds: float = PATIENCE) -> Found:
    """Waits for something true and returns it."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain until {what}"
        time.sleep(0.02)
    return found


def free_port() -> int:
    """Below those that the system gives to connections by itself, or one could take it before the server does."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def new_project(studio: Studio, name: str = "Pets") -> str:
    return projects.create(studio, ME, ProjectRequest(name=name, task="classification")).id


def fill_dataset(folder: DatasetFolder, counts: Mapping[str, int]) -> DatasetFolder:
    """What an import leaves, made at once."""
    folder.images.mkdir(parents=True)
    folder.thumbnails.mkdir()
    labels = [label for label, count in enumerate(counts.values()) for _ in range(count)]
    images = []
    for number, label in enumerate(labels, start=1):
        data = png((40 + 80 * label % 200, number % 256, 90), 8, 8)
        (folder.images / f"{number}.png").write_bytes(data)
        (folder.thumbnails / f"{number}.jpg").write_bytes(data)
        images.append(NewImage(f"{list(counts)[label]}/{number}.png", f"{number}.png", 8, 8, len(data), "0", label))
    folder.create(list(counts), images)
    return folder


def add_images(studio: Studio, pid: str, counts: Mapping[str, int]) -> DatasetFolder:
    """A new version of the data set."""
    staged = studio.workspace.staging / f"ready-{time.monotonic_ns()}"
    fill_dataset(DatasetFolder(staged), counts)
    return studio.workspace.project(pid).adopt_dataset(staged)


def add_split(studio: Studio, pid: str, name: str = "80/20") -> str:
    return splits.create(studio, ME, pid, SplitRequest(name=name, ratios=Ratios(train=0.8, val=0.2, test=0))).id


def ready_project(studio: Studio, counts: Mapping[str, int] | None = None) -> str:
    """A project with images and a split."""
    pid = new_project(studio)
    add_images(studio, pid, counts or {"cats": 20, "dogs": 20})
    add_split(studio, pid)
    return pid


def new_experiment(studio: Studio, pid: str, name: str | None = None, **training: Any) -> str:
    """With the tiny config; `training` changes that part of it, `hardware` the devices."""
    hardware = training.pop("hardware", TINY["hardware"])
    config = {**TINY, "training": {**TINY["training"], **training}, "hardware": hardware}
    return experiments.create(studio, ME, pid, ExperimentRequest(name=name, config=config)).id


def until_status(studio: Studio, pid: str, eid: str, *statuses: str, seconds: float = PATIENCE) -> Experiment:
    until(lambda: experiments.get(studio, pid, eid).status in statuses, f"{eid} is {' or '.join(statuses)}", seconds)
    return experiments.get(studio, pid, eid)


def finish_import(studio: Studio, pid: str, source: Path, **options: Any) -> Import:
    job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(source), **options))
    until(
        lambda: datasets.get_import(studio, pid, job.id).status not in ("checking", "importing"),
        "the import has ended or asks",
    )
    return datasets.get_import(studio, pid, job.id)


def contents(folder: Path, skip: Sequence[str] = ()) -> dict[str, bytes]:
    """Every file with its bytes, and every empty folder."""
    return {
        name: path.read_bytes() if path.is_file() else b"an empty folder"
        for path in sorted(folder.rglob("*"))
        if path.is_file() or not any(path.iterdir())
        if not (name := path.relative_to(folder).as_posix()).startswith(tuple(skip))
    }
