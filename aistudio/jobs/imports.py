"""One import under way: follows its worker, and swaps the finished data set in."""

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aistudio.errors import Damaged, NotFound
from aistudio.jobs.launchers.base import Handle
from aistudio.jobs.run import ImportRun
from aistudio.jobs.tail import Tail
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import Import, ImportStatus
from aistudio.store import source_split
from aistudio.store.atomic import read_json, write_json
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import is_held
from aistudio.store.workspace import Workspace, remove_tree

START_GRACE_SECONDS = 10.0  # of a worker that an earlier server may have launched
OWN_GRACE_SECONDS = 60.0  # of one that is known to live
OUTCOME = "outcome.json"


@dataclass
class ImportWatch:
    """The studio's own word on how it ended is `outcome.json`; after that nothing changes any more."""

    workspace: Workspace
    job: JobFolder
    request: ImportJobRequest
    handle: Handle | None = None
    launched_at: float = field(default_factory=time.monotonic)
    run: ImportRun = field(default_factory=ImportRun)
    ended: bool = False

    def __post_init__(self) -> None:
        self._tail = Tail(self.job.events)

    def look(self, alive: bool) -> bool:
        """Takes in what is new; True if anything changed. Idempotent like `Watch.look`.

        `alive`: whether the launched worker runs, or may run because another server launched it a moment ago.
        """
        if self.ended:
            return False
        if self._outcome() is not None:
            self.follow()
            self.ended = True
            return True
        held = is_held(self.job.path / "lease.lock")
        changed = self.follow()
        if held or (self.job.worker() is None and self._may_start(alive)):
            return changed
        if self._waits():
            return changed
        self._end()
        return True

    def follow(self) -> bool:
        found = False
        for event in self._tail.read():
            self.run.feed(event)
            found = True
        return found

    def view(self) -> Import:
        outcome = self._outcome()
        status: ImportStatus = outcome["status"] if outcome else self.run.status
        return Import(
            id=self.job.path.name,
            status=status,
            done=self.run.done,
            total=self.run.total,
            report=self.run.report,
            error=outcome["error"] if outcome else None,
            source=self.request.source,
            storage=self.request.storage,
            ended_at=self._ended_at() if outcome else None,
        )

    def _may_start(self, alive: bool) -> bool:
        grace = START_GRACE_SECONDS if self.handle is None else OWN_GRACE_SECONDS
        return alive and time.monotonic() - self.launched_at < grace

    def accept(self) -> None:
        """What was checked may become the data set."""
        write_json(self.job.path / "accepted.json", {"accepted_at": time.time()})

    def _is_accepted(self) -> bool:
        return (self.job.path / "accepted.json").exists()

    def _waits(self) -> bool:
        """Whether the work is done and the user is asked about it."""
        if self.run.status != "review" or self.job.stop_requested() or self._is_accepted():
            return False
        verdict = self.job.verdict()
        return verdict is not None and verdict.status == "completed"

    def _end(self) -> None:
        """Says how it ended last: until then a crash changes nothing, the next server comes here again."""
        staged = Path(self.request.target)
        status, error = self._conclude(staged)
        remove_tree(staged)
        for name in ("sample", "unpacked"):
            remove_tree(self.job.path / name)
        if self.request.upload is not None:
            Path(self.request.upload).unlink(missing_ok=True)
        write_json(self.job.path / OUTCOME, {"status": status, "error": error})
        self.ended = True

    def _conclude(self, staged: Path) -> tuple[ImportStatus, str | None]:
        verdict = self.job.verdict()
        if verdict is None:
            return "failed", "The import ended without a word: it was killed, or the machine was restarted."
        if verdict.status == "stopped":
            return "cancelled", None
        if verdict.error is not None:
            return "failed", f"{verdict.error.message} {verdict.error.advice}".strip()
        if self.run.status == "review" and not self._is_accepted():
            return "cancelled", None
        try:
            project = self.workspace.project(self.request.project)
            if staged.exists():  # else it was swapped in just before a crash
                project.adopt_dataset(staged)
            with self.workspace.guard(f"splits:{project.id}"):
                source_split.keep(project)
        except NotFound:
            return "failed", "The project was deleted meanwhile."
        return "done", None

    def _ended_at(self) -> datetime:
        return datetime.fromtimestamp((self.job.path / OUTCOME).stat().st_mtime, UTC)

    def _outcome(self) -> dict[str, Any] | None:
        """None too if what is there cannot be read: it is found out again."""
        with contextlib.suppress(FileNotFoundError, Damaged):
            return read_json(self.job.path / OUTCOME)
        return None
