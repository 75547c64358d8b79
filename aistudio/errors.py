"""Every error that AI Studio raises on purpose: each says what happened and what to do.

AIStudioError
├── BadInput                 the request itself is wrong
│   ├── InvalidConfig        config values out of range; carries one FieldError per field
│   └── ImportRefused        a data set that cannot be imported
├── PathRefused              a server path outside the allowed roots
├── NotFound                 no such project, split, experiment, image …
├── Conflict                 the present state forbids it
│   ├── ChangedData          a run would go on with other images than it began with; may be confirmed
│   ├── DamagedCheckpoint    a run would go on from the checkpoint before the last one; may be confirmed
│   ├── Superseded           the same page asked for something newer before this had begun
│   └── StaleRevision        somebody else saved first; carries the current document
├── PreflightFailed          Train was pressed, but the run could not succeed; may carry a fix
├── WorkspaceLocked          another process writes this workspace
├── Damaged                  a stored file cannot be read; the original is kept
├── Refused                  a server said no to its client, in its own words
├── Unreachable              no server answers its client
└── JobFailed                raised in a worker; its class name is the reason code of the run
    ├── OutOfMemory
    ├── NonFiniteLoss
    ├── DiskFull
    ├── DatasetMissing
    ├── DatasetChanged
    ├── CorruptImage
    ├── DataLoaderKilled
    ├── DeviceLost           a GPU that failed, or that the driver took away, in mid run
    ├── WeightsUnavailable
    ├── StartFailed
    ├── WorkerLost
    └── Mismatch             the request and the code or data do not fit together
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class AIStudioError(Exception):
    """The root: `str(error)` is one sentence for the user, `advice` is what to do about it."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class BadInput(AIStudioError):
    pass


@dataclass(frozen=True)
class Fix:
    """What a button could do about it: `label` is its text, `patch` the config values that it sets, by path."""

    label: str
    patch: Mapping[str, Any]


@dataclass(frozen=True)
class FieldError:
    """One wrong value: `path` is where (`optimizer.lr`), `title` what the form calls it, `message` what is allowed."""

    path: str
    title: str
    message: str
    fix: Fix | None = None


class InvalidConfig(BadInput):
    def __init__(self, fields: list[FieldError]) -> None:
        super().__init__(" ".join(f"{field.title}: {field.message}" for field in fields))
        self.fields = fields


class ImportRefused(BadInput):
    pass


class PathRefused(AIStudioError):
    pass


class NotFound(AIStudioError):
    pass


class Conflict(AIStudioError):
    pass


class ChangedData(Conflict):
    pass


class DamagedCheckpoint(Conflict):
    pass


class Superseded(Conflict):
    pass


class StaleRevision(Conflict):
    def __init__(self, message: str, current: dict[str, Any]) -> None:
        super().__init__(message, "Reload to see the other change, then save again.")
        self.current = current


class PreflightFailed(AIStudioError):
    def __init__(self, message: str, advice: str = "", fix: Fix | None = None) -> None:
        super().__init__(message, advice)
        self.fix = fix


class WorkspaceLocked(AIStudioError):
    pass


class Damaged(AIStudioError):
    pass


class Refused(AIStudioError):
    pass


class Unreachable(AIStudioError):
    pass


class JobFailed(AIStudioError):
    @property
    def reason(self) -> str:
        return type(self).__name__


class OutOfMemory(JobFailed):
    pass


class NonFiniteLoss(JobFailed):
    pass


class DiskFull(JobFailed):
    pass


class DatasetMissing(JobFailed):
    pass


class DatasetChanged(JobFailed):
    pass


class CorruptImage(JobFailed):
    pass


class DataLoaderKilled(JobFailed):
    pass


class DeviceLost(JobFailed):
    pass


class WeightsUnavailable(JobFailed):
    pass


class StartFailed(JobFailed):
    pass


class WorkerLost(JobFailed):
    pass


class Mismatch(JobFailed):
    pass
