"""Run as a process in place of the engine: keeps its promises to the studio, but only pretends to train.

`fake_worker.py FOLDER BEHAVIOUR`: finish, fail (for want of memory), weightless (fails for want of weights), hang
(ignores Stop), loop (until Stop), crash, segv, refuse (ends at once), late (never says who it is), leave (a child that
keeps the lease), epochs (trains as long as it was asked, with checkpoints, and can go on; the last epoch does not begin
while a file `hold` lies in the folder of the experiment).
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from aistudio.schema.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    PhaseEntered,
    Planned,
    Resumed,
    Started,
    StepsLogged,
    TrainRequest,
    Verdict,
)
from aistudio.schema.experiment import Failure, total_epochs
from aistudio.store import checkpoint_writer
from aistudio.store.atomic import read_json
from aistudio.store.checkpoints import description
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import Lease
from aistudio.store.process import identity

EPOCH_SECONDS = 0.1
STEPS = 2
HOLD = "hold"


def main(folder: Path, behaviour: str) -> None:
    if behaviour == "refuse":
        sys.exit("the engine is missing")
    if behaviour == "late":
        time.sleep(300)
    job = JobFolder(folder)
    request = job.request()
    assert isinstance(request, TrainRequest)
    lease = Lease.acquire(folder.parent / "lease.lock")
    document = read_json(folder.parent / "experiment.json")
    wanted = document["attempt"] == request.attempt and document["status"] in ("queued", "training")
    if lease is None or job.worker() or not wanted:
        return
    job.write_worker(identity(request.attempt))
    threading.Thread(target=beat, args=(job,), daemon=True).start()
    say(job, Started(time=time.time(), attempt=request.attempt))
    if behaviour == "epochs":
        conclude(job, request.attempt, train(job, request))
        return
    say(job, Planned(time=time.time(), epochs=3, steps_per_epoch=STEPS))
    say(job, PhaseEntered(time=time.time(), phase="epoch"))
    say(job, StepsLogged(time=time.time(), epoch=1, step=1, elapsed=[0.1, 0.2], train_loss=[2.0, None], lr=[0.1, 0.1]))
    row = {"epoch": 1.0, "step": 2.0, "time": 0.3, "train_loss": 2.0, "val_loss": 1.0, "lr": 0.1, "val_accuracy": 0.5}
    say(job, EpochFinished(time=time.time(), row=row, best=True))
    behave(job, request.attempt, behaviour)


def behave(job: JobFolder, attempt: int, behaviour: str) -> None:
    if behaviour in ("crash", "segv"):
        os.kill(os.getpid(), signal.SIGKILL if behaviour == "crash" else signal.SIGSEGV)
    if behaviour == "leave" and os.fork():
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour in ("hang", "leave"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(300)
    if behaviour == "loop":
        while not job.stop_requested() and not (job.path / "finish").exists():
            time.sleep(0.02)
    conclude(
        job,
        attempt,
        "stopped" if job.stop_requested() else "failed" if behaviour in FAILURES else "completed",
        behaviour,
    )


FAILURES = {
    "fail": Failure(
        type="OutOfMemory",
        message="Memory ran out.",
        traceback="Traceback (most recent call last):\ntorch.OutOfMemoryError",
    ),
    "weightless": Failure(type="WeightsUnavailable", message="The weights could not be downloaded: no connection."),
}


def conclude(job: JobFolder, attempt: int, status: str, behaviour: str = "") -> None:
    error = FAILURES.get(behaviour) if status == "failed" else None
    job.write_verdict(
        Verdict.model_validate({"attempt": attempt, "status": status, "error": error, "finished_at": time.time()})
    )


def train(job: JobFolder, request: TrainRequest) -> str:
    """Epoch after epoch, as the engine does: steps, row, checkpoint. The unfinished one is given up."""
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    checkpoints = job.path.parent / "checkpoints"
    started, done = time.monotonic() - request.seconds_before, 0
    if request.resume:
        found = description(checkpoints / f"{request.resume}.ckpt")
        assert found is not None
        done = int(found["epoch"])
        say(job, Resumed(time=time.time(), epoch=done, checkpoint=request.resume))
    epochs = total_epochs(request.config["training"]["epochs"], request.extensions)
    say(job, Planned(time=time.time(), epochs=epochs, steps_per_epoch=STEPS))
    say(job, PhaseEntered(time=time.time(), phase="epoch"))
    if checkpoints.exists():
        checkpoint_writer.tidy(checkpoints)
        checkpoint_writer.secure(checkpoints)
    if request.resume:
        say(job, finished(done, time.monotonic() - started))
    for epoch in range(done + 1, epochs + 1):
        while epoch == epochs and (job.path.parent / HOLD).exists() and not (asked.is_set() or job.stop_requested()):
            time.sleep(0.02)
        for step in range((epoch - 1) * STEPS + 1, epoch * STEPS + 1):
            if asked.is_set() or job.stop_requested():
                return "stopped"
            now = time.monotonic() - started
            logged = {"epoch": epoch, "step": step, "elapsed": [now], "train_loss": [1 / epoch]}
            say(job, StepsLogged(time=time.time(), lr=[schedule(step, epochs)], **logged))
            time.sleep(EPOCH_SECONDS / STEPS)
        say(job, finished(epoch, time.monotonic() - started))
        save(job, checkpoints, epoch)
    return "completed"


def schedule(step: int, epochs: int) -> float:
    return round(1 - step / (STEPS * epochs + 1), 9)


def finished(epoch: int, seconds: float) -> EpochFinished:
    row = {"epoch": epoch, "step": epoch * STEPS, "time": seconds, "val_loss": 1 / epoch, "val_accuracy": epoch / 1e4}
    return EpochFinished(time=time.time(), row={name: float(value) for name, value in row.items()}, best=True)


def save(job: JobFolder, folder: Path, epoch: int) -> None:
    """With the steps of the engine's own saves, only that no tensors are in it."""
    weights = f"weights of epoch {epoch} ".encode() * 2000
    checkpoint_writer.save(folder, "last", lambda file: file.write(weights), {"epoch": epoch})
    say(job, CheckpointSaved(time=time.time(), name="last", epoch=epoch))


def beat(job: JobFolder) -> None:
    while True:
        job.heartbeat.touch()
        time.sleep(0.2)


def say(job: JobFolder, event: Event) -> None:
    with job.events.open("a") as file:
        file.write(event.model_dump_json() + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
