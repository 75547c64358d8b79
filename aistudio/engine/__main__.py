"""`python -m aistudio.engine FOLDER`: runs the job that FOLDER/request.json asks for, and leaves a verdict."""

import importlib
import logging
import multiprocessing
import os
import sys
import time
from pathlib import Path

from aistudio.engine.failures import failure
from aistudio.engine.job import Job, Stopped
from aistudio.schema.events import JobRequest, Started, TrainRequest, Verdict
from aistudio.schema.experiment import Failure
from aistudio.store.atomic import read_json
from aistudio.store.lease import Lease
from aistudio.store.process import identity

JOBS = {"train": "aistudio.engine.train", "import": "aistudio.engine.importing"}


def main(folder: Path) -> int:
    job = Job(folder)
    request = job.folder.request()
    attempt = getattr(request, "attempt", 0)
    if not job.is_main:
        job.watch()
        return _judge(job, request, attempt, leader=False)
    lease = Lease.acquire(_lease_path(folder, request))
    if lease is None or not _wanted(job, request):
        return 0
    with lease:
        job.watch()
        job.folder.write_worker(identity(attempt))
        job.emit(Started(time=time.time(), attempt=attempt))
        return _judge(job, request, attempt, leader=True)


def _lease_path(folder: Path, request: JobRequest) -> Path:
    """Training attempts share the lease of their experiment, so that only one of them can live."""
    return (folder.parent if isinstance(request, TrainRequest) else folder) / "lease.lock"


def _wanted(job: Job, request: JobRequest) -> bool:
    """Whether nobody did this job before, and nobody called it off since (the fence of an attempt)."""
    if job.folder.worker() is not None:
        return False
    if not isinstance(request, TrainRequest):
        return True
    document = read_json(job.folder.path.parent / "experiment.json")
    return document["attempt"] == request.attempt and document["status"] in ("queued", "training")


def _judge(job: Job, request: JobRequest, attempt: int, leader: bool) -> int:
    """Runs the job; whatever happens in it becomes a verdict. One of the two places that catch everything."""
    error: Failure | None = None
    try:
        importlib.import_module(JOBS[request.job]).run(job, request)
        status = "completed"
    except Stopped:
        status = "stopped"
    except BaseException as caught:  # noqa: BLE001
        status, error = "failed", failure(caught)
        print(error.traceback, file=sys.stderr, flush=True)
    if leader:
        job.folder.write_verdict(
            Verdict.model_validate({"attempt": attempt, "status": status, "error": error, "finished_at": time.time()})
        )
    return 0 if status != "failed" else 1


def _leave(code: int) -> None:
    """Ends at once: taking torch apart takes seconds, in which the lease would still be held."""
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    _leave(main(Path(sys.argv[1]).resolve()))
