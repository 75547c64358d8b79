"""What must be true of a workspace whatever happened to it."""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import orjson

from aistudio.jobs.tail import Tail
from aistudio.schema.events import CheckpointSaved, EpochFinished
from aistudio.schema.experiment import Experiment
from aistudio.store.atomic import read_json
from aistudio.store.checkpoints import description, usable
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import is_held
from tests.fixtures import workers

SETTLING_SECONDS = 60.0
LOOKS = 250


def check_invariants(workspace: Path, settled: bool = True) -> None:
    """`settled`: a server watches over it, so after a moment no status may say what is not so any more."""
    deadline = time.monotonic() + (SETTLING_SECONDS if settled else 0)
    while found := [*_always(workspace), *(_settled(workspace) if settled else ())]:
        if time.monotonic() > deadline:
            raise AssertionError("\n".join(found))
        time.sleep(0.1)


def _always(workspace: Path) -> Iterator[str]:
    yield from _unparsed(workspace)
    for folder in _experiments(workspace):
        for attempt in folder.glob("attempt-*"):
            yield from _epochs(attempt)
        yield from _checkpoints(folder)
        running = [pid for pid in workers(workspace) if _names(pid, folder)]
        if len(running) > 1 and not is_held(folder / "lease.lock"):
            yield f"{folder.name} has {len(running)} processes and none has the lease"


def _unparsed(workspace: Path) -> Iterator[str]:
    for path in [*workspace.rglob("*.json"), *workspace.rglob("*.json.prev")]:
        try:
            orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as error:
            yield f"{path} does not parse: {error}"
        except FileNotFoundError:
            continue


def _epochs(attempt: Path) -> Iterator[str]:
    """Epochs of one attempt rise one by one."""
    for before, after in pairwise(epochs_of(JobFolder(attempt))):
        if after != before + 1:
            yield f"{attempt} has epoch {after} after {before}"


def _checkpoints(folder: Path) -> Iterator[str]:
    """What was promised to be saved can be gone on from."""
    attempts = sorted(folder.glob("attempt-*"), key=lambda path: int(path.name[8:]))
    saved = [
        event.epoch
        for attempt in attempts
        for event in Tail(attempt / "events.jsonl").read()
        if isinstance(event, CheckpointSaved)
    ]
    if saved and (found := kept_epoch(folder / "checkpoints", saved[-1])) < saved[-1]:
        yield f"{folder.name}: a checkpoint of epoch {saved[-1]} was promised, there is one of epoch {found}"


def kept_epoch(checkpoints: Path, promised: int) -> int:
    """Which epoch can be gone on from, 0 for none. Looked for again where it is less: a save may be under way."""
    epoch = 0
    for _ in range(LOOKS):
        found = usable(checkpoints)
        epoch = found.epoch if found else 0
        if epoch >= promised:
            break
        time.sleep(0.02)
    return epoch


def _settled(workspace: Path) -> Iterator[str]:
    active = set()
    for folder in _experiments(workspace):
        status, held = Experiment.model_validate(read_json(folder / "experiment.json")).status, _held(folder)
        if status in ("queued", "training"):
            active.add(folder)
        if status == "training" and not held:
            yield f"{folder.name} is training, but nobody has its lease"
        if status not in ("queued", "training") and held:
            yield f"{folder.name} is {status}, but somebody has its lease"
        if folder not in active:
            for checkpoint in (folder / "checkpoints").glob("*.ckpt"):
                if description(checkpoint) is None and usable(folder / "checkpoints") is None:
                    yield f"{checkpoint} is damaged and there is no other"
    for pid in workers(workspace):
        if not any(_names(pid, folder) for folder in active) and not _names(pid, workspace / ".staging"):
            yield f"process {pid} belongs to nothing that is active"
    for temp in workspace.rglob(".*.tmp"):
        if not any(temp.is_relative_to(folder) for folder in active):
            yield f"{temp} was left behind"


def _held(folder: Path) -> bool:
    return is_held(folder / "lease.lock")


def _experiments(workspace: Path) -> list[Path]:
    return [path.parent for path in workspace.glob("projects/*/experiments/*/experiment.json")]


def _names(pid: int, folder: Path) -> bool:
    try:
        return f"{folder}/".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def epochs_of(attempt: JobFolder) -> list[float]:
    return [event.row["epoch"] or 0 for event in Tail(attempt.events).read() if isinstance(event, EpochFinished)]
