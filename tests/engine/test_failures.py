"""What users read when a run fails."""

import errno

import pytest
import torch

from aistudio.catalog.failures import ADVICE
from aistudio.engine.failures import LONGEST_MESSAGE, failure
from aistudio.errors import CorruptImage, NonFiniteLoss

pytestmark = pytest.mark.engine
KILLED = "DataLoader worker (pid 7) is killed by signal: Killed. "
SINGLE = "Expected more than 1 value per channel when training, got input size torch.Size([1, 8, 1, 1])"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NonFiniteLoss("The loss is no number."), "NonFiniteLoss"),
        (torch.OutOfMemoryError("CUDA out of memory."), "OutOfMemory"),
        (MemoryError(), "OutOfMemory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "OutOfMemory"),
        (OSError(errno.ENOSPC, "No space left on device"), "DiskFull"),
        (RuntimeError(KILLED), "DataLoaderKilled"),
        (ValueError(SINGLE), "Mismatch"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError"),
    ],
)
def test_reasons(error: Exception, reason: str) -> None:
    told = failure(error)
    assert told.type == reason
    assert told.message and "\n" not in told.message
    assert told.advice == ADVICE.get(reason, "")


def test_the_cause_counts() -> None:
    """torch.save reports a full disk as an error of its own."""
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("unexpected pos 64 vs 0") from error
    except RuntimeError as error:
        assert failure(error).type == "DiskFull"


def test_own_advice_is_kept_and_the_traceback_told() -> None:
    try:
        raise CorruptImage("a.png\nis damaged.", "Look at it.")
    except CorruptImage as error:
        told = failure(error)
    assert (told.message, told.advice) == ("a.png is damaged.", "Look at it.")
    assert "test_own_advice" in told.traceback


def test_long_messages_are_cut() -> None:
    assert len(failure(ValueError("x" * 5000)).message) == LONGEST_MESSAGE
