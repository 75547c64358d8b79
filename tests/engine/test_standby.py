"""A warm worker: several jobs, one after the other, and an end with whoever started it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aistudio.jobs.launchers.local import FIXED
from aistudio.schema.events import PreviewJobRequest, PreviewSource
from aistudio.store.lease import is_held
from aistudio.store.previews import PreviewFolder
from tests.engine.conftest import Data
from tests.engine.worker import ROOT


def request(data: Data, seed: int, count: int = 1) -> PreviewJobRequest:
    images = [PreviewSource(id=one.id, name=one.path.name, path=str(one.path)) for one in data.samples("train")[:count]]
    return PreviewJobRequest(
        project="p", task="classification", version=1, images=images, pipeline="train",
        transforms=[{"kind": "HorizontalFlip"}], backbone="resnet18", pretrained=True, seed=seed, epoch=0,
    )  # fmt: skip


def start(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "aistudio.engine", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **FIXED},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.fault
def test_it_does_what_stdin_names_and_ends_when_nothing_comes(tmp_path: Path, data: Data) -> None:
    folders = [PreviewFolder(tmp_path / f"job-{seed}") for seed in range(3)]
    for seed, folder in enumerate(folders):
        folder.job.write_request(request(data, seed))
    folders[1].job.write_request(request(data, 1).model_copy(update={"transforms": [{"kind": "Nonsense"}]}))
    with start(tmp_path, "--standby", "1") as worker:
        assert worker.stdin is not None
        worker.stdin.write(b"".join(f"{folder.path}\n".encode() for folder in folders))
        worker.stdin.flush()
        assert worker.wait(300) == 0
    verdicts = [folder.job.verdict() for folder in folders]
    assert [verdict and verdict.status for verdict in verdicts] == ["completed", "failed", "completed"]
    assert verdicts[1] is not None and verdicts[1].error is not None
    assert "do not fit this version" in verdicts[1].error.message
    for folder in (folders[0], folders[2]):
        preview = folder.read()
        assert preview is not None and len(preview.images[0].pictures) == 2
        assert not is_held(folder.path / "lease.lock")
        identity = folder.job.worker()
        assert identity is not None and identity.pid == worker.pid


def test_the_same_job_runs_from_a_shell(tmp_path: Path, data: Data) -> None:
    folder = PreviewFolder(tmp_path / "job")
    folder.job.write_request(request(data, 0, count=2))
    with start(tmp_path, str(folder.path)) as worker:
        assert worker.wait(300) == 0
    preview = folder.read()
    assert preview is not None
    assert [len(image.pictures) for image in preview.images] == [2, 2]


@pytest.mark.fault
def test_it_ends_with_whoever_started_it(tmp_path: Path, data: Data) -> None:
    """Also in the middle of a job, whose idle time is far away."""
    folder = PreviewFolder(tmp_path / "job")
    endless = request(data, 0).model_copy(update={"images": request(data, 0).images * 20_000})
    folder.job.write_request(endless)
    with start(tmp_path, "--standby", "1000") as worker:
        assert worker.stdin is not None
        worker.stdin.write(f"{folder.path}\n".encode())
        worker.stdin.flush()
        while folder.job.worker() is None or not list(folder.path.glob("*.png")):
            assert worker.poll() is None
        worker.stdin.close()
        assert worker.wait(300) == 0
    assert folder.job.verdict() is None
    assert not is_held(folder.path / "lease.lock")
