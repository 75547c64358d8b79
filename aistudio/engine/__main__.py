"""`python -m aistudio.engine FOLDER`: runs the job that FOLDER/request.json asks for, and leaves a verdict.

`python -m aistudio.engine --standby SECONDS` makes previews ready to start, and runs each FOLDER that stdin names until
none came for so long.
"""

import importlib
import logging
import os
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from aistudio.engine import ranks, standby
from aistudio.engine.ending import leave
from aistudio.engine.failures import failure
from aistudio.engine.job import Job, Stopped
from aistudio.errors import DiskFull
from aistudio.schema.events import JobRequest, Started, TrainRequest
from aistudio.schema.experiment import Failure
from aistudio.store.atomic import is_full, read_json
from aistudio.store.job_folder import NO_ROOM
from aistudio.store.lease import Lease
from aistudio.store.process import identity

JOBS = {
    "train": "aistudio.engine.train",
    "import": "aistudio.engine.importing",
    "preview": "aistudio.engine.preview",
}


def main(folder: Path, alone: bool = True) -> int:
    """The lease is never given back: the kernel takes it when the process is gone.

    Unless there are more jobs to come (`alone` false): then it is, and whoever asks ends a job by ending the process.
    """
    job = Job(folder)
    request = job.folder.request()
    job.attempt = getattr(request, "attempt", 0)
    if not job.is_main:
        ranks.die_with_first()
        job.watch()
        return _judge(job, request)
    lease = Lease.acquire(_lease_path(folder, request))
    if lease is None or not _wanted(job, request):
        return 0
    if alone:
        job.watch()
    try:
        if isinstance(request, TrainRequest):
            job.folder.reserve()
        job.folder.write_worker(identity(job.attempt))
    except (OSError, DiskFull) as error:
        if not isinstance(error, DiskFull) and not is_full(error):
            raise
        code = NO_ROOM
    else:
        code = _judge(job, request)
    if not alone:
        lease.release()
    return code


def stand_by(seconds: float) -> int:
    importlib.import_module(JOBS["preview"])
    standby.serve(partial(main, alone=False), seconds)
    return 0


def _lease_path(folder: Path, request: JobRequest) -> Path:
    """Training attempts share the lease of their experiment, so that only one of them can live."""
    return (folder.parent if isinstance(request, TrainRequest) else folder) / "lease.lock"


def _wanted(job: Job, request: JobRequest) -> bool:
    """Whether nobody did this job before, and nobody called it off since (the fence of an attempt)."""
    if job.folder.worker() is not None:
        return False
    if not isinstance(request, TrainRequest):
        return not job.folder.outcome.exists()
    document = read_json(job.folder.path.parent / "experiment.json")
    return document["attempt"] == request.attempt and document["status"] in ("queued", "training")


def _judge(job: Job, request: JobRequest) -> int:
    """Runs the job; whatever happens in it becomes a verdict. One of the two places that catch everything."""
    error: Failure | None = None
    job.may_leave = isinstance(request, TrainRequest)
    try:
        job.emit(Started(time=time.time(), attempt=job.attempt))
        importlib.import_module(JOBS[request.job]).run(job, request)
        status = "completed"
    except Stopped:
        status = "stopped"
    except BaseException as caught:  # noqa: BLE001
        status, error = "failed", job.blame(failure(caught))
        with suppress(OSError):  # it may be the log's disk that is full
            print(error.traceback, file=sys.stderr, flush=True)
        if not job.is_main:
            ranks.tell(error)
    job.conclude(status, error)
    return 0 if status != "failed" else 1


if __name__ == "__main__":
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    leave(stand_by(float(sys.argv[2])) if sys.argv[1] == "--standby" else main(Path(sys.argv[1]).resolve()))
