"""The folder of one experiment: `experiment.json`, its attempts, its checkpoints, its lease."""

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from pydantic import ValidationError

from aistudio.errors import Damaged, NotFound, StaleRevision
from aistudio.schema.experiment import Experiment
from aistudio.store.atomic import make_folder, previous, read_json, remove_unfinished, sync_folder, write_json
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import is_held

NEWEST = 1
Cache = dict[Path, tuple[tuple[int, int, int], Experiment]]


class ExperimentFolder:
    """`lock` guards read-change-write: whoever changes the document holds it. What was read never changes in place."""

    def __init__(self, path: Path, lock: RLock, cache: "Cache") -> None:
        self.path = path
        self.lock = lock
        self._cache = cache
        self.lease = path / "lease.lock"
        self.checkpoints = path / "checkpoints"
        self._document = path / "experiment.json"

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def project(self) -> str:
        return self.path.parent.parent.name

    def read(self) -> Experiment:
        """Raises NotFound or Damaged. A file that did not change is not parsed again."""
        try:
            stat = self._document.stat()
            signature = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            known = self._cache.get(self._document)
            if known is None or known[0] != signature:
                known = self._cache[self._document] = (signature, self._parse())
            return known[1]
        except FileNotFoundError:
            raise NotFound(f"There is no experiment {self.id!r}.") from None
        except ValidationError as error:
            raise Damaged(f"experiment.json of {self.id} is damaged: {error.errors()[0]['msg']}.") from error

    def before(self) -> Experiment | None:
        """What it was before the last change, if that can be read."""
        try:
            return Experiment.model_validate(read_json(previous(self._document)))
        except (FileNotFoundError, Damaged, ValidationError):
            return None

    def forget(self) -> None:
        """Keeps nothing of the document in memory: it is about to go."""
        self._cache.pop(self._document, None)

    def _parse(self) -> Experiment:
        experiment = Experiment.model_validate(read_json(self._document))
        if experiment.schema_version > NEWEST:
            raise Damaged(
                f"experiment.json of {self.id} was written by a newer version of AI Studio.",
                "Open it with that version.",
            )
        return experiment

    def create(self, experiment: Experiment) -> Experiment:
        make_folder(self.path.parent)
        self.path.mkdir()
        write_json(self._document, _dump(experiment))
        sync_folder(self.path.parent)
        return experiment

    def write(self, experiment: Experiment, base_rev: int | None = None) -> Experiment:
        """Stores it as the next revision; `base_rev` is the one the change was made on. Raises StaleRevision."""
        with self.lock:
            current = self.read()
            if base_rev is not None and base_rev != current.rev:
                raise StaleRevision(f"{current.name} was changed elsewhere meanwhile.", _dump(current))
            experiment = experiment.model_copy(update={"rev": current.rev + 1})
            write_json(self._document, _dump(experiment))
            return experiment

    def attempt(self, number: int) -> JobFolder:
        return JobFolder(self.path / f"attempt-{number}")

    def attempts(self) -> list[JobFolder]:
        """Those that really exist, oldest first: a number that only fenced a worker has no folder."""
        found = [path for path in self.path.glob("attempt-*") if path.name[8:].isdigit()]
        return [JobFolder(path) for path in sorted(found, key=lambda path: int(path.name[8:]))]

    def made_from_it(self) -> dict[str, int]:
        """How many evaluations and exports there are of this experiment."""
        return {thing: len(list((self.path / f"{thing}s").glob("*"))) for thing in ("evaluation", "export")}

    def tidy(self) -> None:
        """Removes what a killed worker left half-written. Only while none can be there."""
        for folder in (self.checkpoints, *(job.path for job in self.attempts())):
            remove_unfinished(folder)

    def is_active(self) -> bool:
        """Whether it is queued or training; of one that cannot be read the lease tells."""
        try:
            return self.read().active or self.lease_held()
        except (Damaged, NotFound):
            return self.lease_held()

    def changed_at(self) -> datetime:
        """When something was last added to its folder; stands in where the document cannot be read."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def lease_held(self) -> bool:
        return is_held(self.lease)


def readable(folders: Iterable[ExperimentFolder]) -> list[Experiment]:
    """Those whose document is there and whole."""
    found = []
    for folder in folders:
        with contextlib.suppress(Damaged, NotFound):
            found.append(folder.read())
    return found


def _dump(experiment: Experiment) -> dict[str, Any]:
    return experiment.model_dump(mode="json", by_alias=True)


def now() -> datetime:
    return datetime.now(UTC)
