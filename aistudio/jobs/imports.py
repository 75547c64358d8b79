"""One import under way: follows its worker, and swaps the finished data set in."""

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aistudio.errors import Damaged, NotFound
from aistudio.jobs.pressure import Patience, Pressure, end, end_group
from aistudio.jobs.run import ImportRun
from aistudio.jobs.tail import Tail
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import Import, ImportStatus
from aistudio.store import source_split
from aistudio.store.atomic import read_json, write_json
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import is_held
from aistudio.store.process import is_running, orphans
from aistudio.store.workspace import Workspace, remove_tree

WORDLESS = "The import ended without a word: it was killed, or the machine was restarted."
START_GRACE_SECONDS = 10.0  # of a worker that nobody knows: a server was killed when it may have launched it


@dataclass
class ImportWatch:
    """The studio's own word on how it ended is `outcome.json`; after that nothing changes any more."""

    workspace: Workspace
    job: JobFolder
    request: ImportJobRequest
    patience: Patience = field(default_factory=Patience)
    since: float = field(default_factory=time.monotonic)
    run: ImportRun = field(default_factory=ImportRun)
    ended: bool = False

    def __post_init__(self) -> None:
        self._tail = Tail(self.job.events)
        self._pressure = Pressure(self.patience)

    def look(self) -> bool:
        """Takes in what is new; True if anything changed. Idempotent like `Watch.look`."""
        if self.ended:
            return False
        if self._outcome() is not None:
            self.follow()
            self.ended = True
            return True
        starts = self._starts()  # asked before reading, as is the lease, so that a worker's last words are read
        held = is_held(self.job.path / "lease.lock")
        changed = self.follow()
        if held:
            self._press()
        if held or starts or self._waits():
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

    def _starts(self) -> bool:
        """Whether a worker may still say who it is. One that takes too long for that, or is not wanted, is ended."""
        if self.job.worker() is not None:
            return False
        launched, seconds = self.job.launched(), time.monotonic() - self.since
        if launched is None:
            return seconds < START_GRACE_SECONDS
        if not is_running(launched):
            return False
        if seconds > self.patience.start or self.job.stop_requested():
            end_group(launched)
        return True

    def _press(self) -> None:
        """Ends what outlived its main process, and a worker that does not stop."""
        worker = self.job.worker()
        if worker is None:
            return
        if not is_running(worker):
            end(orphans(worker))
        elif self.job.stop_requested():
            self._pressure.apply(worker)

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
        write_json(self.job.outcome, {"status": status, "error": error})
        self.ended = True

    def _conclude(self, staged: Path) -> tuple[ImportStatus, str | None]:
        verdict = self.job.verdict()
        if verdict is None and self.job.stop_requested():
            return "cancelled", None
        if verdict is None:
            return "failed", WORDLESS
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
        return datetime.fromtimestamp(self.job.outcome.stat().st_mtime, UTC)

    def _outcome(self) -> dict[str, Any] | None:
        """None too if what is there cannot be read: it is found out again."""
        with contextlib.suppress(FileNotFoundError, Damaged):
            return read_json(self.job.outcome)
        return None
