"""Any exception of a job as a `Failure`: reason code, one sentence, one thing to do, the traceback for experts."""

import errno
import traceback
from collections.abc import Iterator

from aistudio.catalog.failures import ADVICE
from aistudio.errors import AIStudioError
from aistudio.schema.experiment import Failure
from aistudio.store.atomic import is_full

LONGEST_MESSAGE = 400
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")
_DATA_LOADER = ("dataloader worker", "insufficient shared memory")
_DEVICE = (  # what CUDA says when the card or its driver is at fault, and not what was asked of it
    "no cuda-capable device",
    "busy or unavailable",
    "uncorrectable ecc",
    "uncorrectable nvlink",
    "unspecified launch failure",
    "launch timed out",
    "hardware stack error",
    "cuda error: unknown error",
)
_SINGLE_IMAGE = "more than 1 value per channel"


def failure(error: BaseException) -> Failure:
    """Torch is not imported here: its exceptions are known by name and text."""
    reason, message, advice = _told(error)
    trace = "".join(traceback.format_exception(error))
    return Failure(type=reason, message=message, advice=advice or ADVICE.get(reason, ""), traceback=trace)


def _told(error: BaseException) -> tuple[str, str, str]:
    for part in _chain(error):
        if isinstance(part, AIStudioError):
            return type(part).__name__, _sentence(part.message), part.advice
    for part in _chain(error):
        if (reason := reason_of(part)) is not None:
            line = str(part).strip().partition("\n")[0]  # what CUDA adds is for those who write kernels
            return reason, _sentence(line or _ORDINARY[reason]), ""
    return type(error).__name__, _sentence(str(error) or f"{type(error).__name__} was raised."), ""


_ORDINARY = {"OutOfMemory": "Memory ran out.", "DiskFull": "The disk is full."}


def reason_of(error: BaseException) -> str | None:
    """The reason code behind an exception that is not ours."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "OutOfMemory"
    if is_full(error):
        return "DiskFull"
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return "OutOfMemory"
    if isinstance(error, RuntimeError) and any(part in text for part in _DATA_LOADER):
        return "DataLoaderKilled"
    if isinstance(error, RuntimeError) and any(part in text for part in _OUT_OF_MEMORY):
        return "OutOfMemory"
    if isinstance(error, RuntimeError) and any(part in text for part in _DEVICE):
        return "DeviceLost"
    if isinstance(error, ValueError) and _SINGLE_IMAGE in text:
        return "Mismatch"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it came from: `torch.save` hides a full disk behind an error of its own."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
