"""The folder of one job: what it was asked, what it said, and its last word."""

import contextlib
import os
from pathlib import Path

from pydantic import ValidationError

from aistudio.errors import Damaged, DiskFull
from aistudio.schema.events import JOB_REQUEST, JobRequest, Verdict, WorkerIdentity
from aistudio.store.atomic import make_folder, read_json, write_json

RESERVED_BYTES = 64 * 1024
NO_ROOM = os.EX_CANTCREAT  # how a worker ends that finds no space to say who it is, and so none for a verdict


class JobFolder:
    """The studio writes `request.json`, `launched.json`, `stop` and `outcome.json`, the worker everything else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = path / "events.jsonl"
        self.log = path / "log.txt"
        self.old_log = path / "log.txt.1"
        self.system = path / "system.jsonl"
        self.heartbeat = path / "heartbeat"
        self.outcome = path / "outcome.json"
        self._request = path / "request.json"
        self._launched = path / "launched.json"
        self._worker = path / "worker.json"
        self._stop = path / "stop"
        self._verdict = path / "verdict.json"
        self._reserve = path / ".verdict.reserve.tmp"

    def write_request(self, request: JobRequest) -> None:
        make_folder(self.path)
        write_json(self._request, request.model_dump(mode="json"))

    def request(self) -> JobRequest:
        """Raises FileNotFoundError or Damaged."""
        try:
            return JOB_REQUEST.validate_python(read_json(self._request))
        except ValidationError as error:
            raise Damaged(f"request.json of {self.path.name} is damaged: {error.errors()[0]['msg']}.") from error

    def write_launched(self, worker: WorkerIdentity) -> None:
        """What the studio knows of a process that has not said who it is: it may hang before it can."""
        write_json(self._launched, worker.model_dump(mode="json"))

    def launched(self) -> WorkerIdentity | None:
        return _identity(self._launched)

    def write_worker(self, worker: WorkerIdentity) -> None:
        write_json(self._worker, worker.model_dump(mode="json"))

    def has_worker(self) -> bool:
        return self._worker.exists()

    def worker(self) -> WorkerIdentity | None:
        return _identity(self._worker)

    def request_stop(self) -> None:
        """An empty file, for which there is room on a full disk too."""
        self._stop.touch()

    def beat(self) -> float | None:
        """When the worker last showed a sign of life, in seconds since 1970."""
        for sign in (self.heartbeat, self._worker):
            with contextlib.suppress(FileNotFoundError):
                return sign.stat().st_mtime
        return None

    def stop_requested(self) -> bool:
        return self._stop.exists()

    def reserve(self) -> None:
        """Takes the space of a verdict, so that there is room to say that the disk is full."""
        try:
            with self._reserve.open("wb") as file:
                file.write(os.urandom(RESERVED_BYTES))  # a disk may keep what is all alike for nothing
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            self._reserve.unlink(missing_ok=True)
            raise

    def write_verdict(self, verdict: Verdict) -> None:
        """Raises DiskFull only where nothing was reserved, or somebody else took it."""
        document = verdict.model_dump(mode="json")
        try:
            write_json(self._verdict, document)
        except DiskFull:
            self._reserve.unlink(missing_ok=True)
            write_json(self._verdict, document)
        self._reserve.unlink(missing_ok=True)

    def verdict(self) -> Verdict | None:
        """None too if what is there cannot be read: then the run ended without a word."""
        with contextlib.suppress(FileNotFoundError, Damaged, ValidationError):
            return Verdict.model_validate(read_json(self._verdict))
        return None

    def log_tail(self, characters: int = 20_000) -> str:
        """The end of what the worker printed, from the start of a line."""
        try:
            with self.log.open("rb") as file:
                file.seek(0, 2)
                start = max(file.tell() - characters, 0)
                file.seek(start)
                text = file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return text.split("\n", 1)[-1] if start else text


def _identity(path: Path) -> WorkerIdentity | None:
    """None too if what is there cannot be read."""
    with contextlib.suppress(FileNotFoundError, Damaged, ValidationError):
        return WorkerIdentity.model_validate(read_json(path))
    return None
