"""Run as a process in place of the engine: keeps its promises to the studio, but only pretends to train.

`fake_worker.py FOLDER BEHAVIOUR`: finish, fail, hang (ignores Stop), loop (until Stop), crash, refuse (ends at once),
leave (a child that keeps the lease).
"""

import os
import signal
import sys
import time
from pathlib import Path

from aistudio.schema.events import (
    EpochFinished,
    Event,
    PhaseEntered,
    Planned,
    Started,
    StepsLogged,
    TrainRequest,
    Verdict,
)
from aistudio.schema.experiment import Failure
from aistudio.store.atomic import read_json
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import Lease
from aistudio.store.process import identity


def main(folder: Path, behaviour: str) -> None:
    if behaviour == "refuse":
        sys.exit("the engine is missing")
    job = JobFolder(folder)
    request = job.request()
    assert isinstance(request, TrainRequest)
    lease = Lease.acquire(folder.parent / "lease.lock")
    document = read_json(folder.parent / "experiment.json")
    if lease is None or job.worker() or document["attempt"] != request.attempt or document["status"] == "created":
        return
    job.write_worker(identity(request.attempt))
    say(job, Started(time=time.time(), attempt=request.attempt))
    say(job, Planned(time=time.time(), epochs=3, steps_per_epoch=2))
    say(job, PhaseEntered(time=time.time(), phase="epoch"))
    say(job, StepsLogged(time=time.time(), epoch=1, step=1, elapsed=[0.1, 0.2], train_loss=[2.0, None], lr=[0.1, 0.1]))
    row = {"epoch": 1.0, "step": 2.0, "time": 0.3, "train_loss": 2.0, "val_loss": 1.0, "lr": 0.1, "val_accuracy": 0.5}
    say(job, EpochFinished(time=time.time(), row=row, best=True))
    behave(job, request.attempt, behaviour)


def behave(job: JobFolder, attempt: int, behaviour: str) -> None:
    if behaviour == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "leave" and os.fork():
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour in ("hang", "leave"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(300)
    if behaviour == "loop":
        while not job.stop_requested() and not (job.path / "finish").exists():
            time.sleep(0.02)
    status = "stopped" if job.stop_requested() else "failed" if behaviour == "fail" else "completed"
    error = Failure(type="OutOfMemory", message="Memory ran out.") if status == "failed" else None
    job.write_verdict(
        Verdict.model_validate({"attempt": attempt, "status": status, "error": error, "finished_at": time.time()})
    )


def say(job: JobFolder, event: Event) -> None:
    with job.events.open("a") as file:
        file.write(event.model_dump_json() + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
