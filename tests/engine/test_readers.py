"""Processes that open foreign files: what one of them dies of costs its file and nothing else."""

import ctypes
import errno
import faulthandler
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from aistudio.engine.intake.readers import Lost, Readers
from aistudio.errors import ImportRefused


def nothing() -> None:
    """Nobody asks for the end."""


def outcomes(work: Callable[[int], object], total: int = 20, **limits: float) -> dict[int, object]:
    with closing(Readers(work, nothing, count=2, **limits).run(total)) as found:  # type: ignore[arg-type]
        return dict(found)


def test_everything_comes_back_once() -> None:
    assert outcomes(lambda place: place * 2, 1000) == {place: place * 2 for place in range(1000)}
    assert outcomes(lambda place: place, 0) == {}


def crash(place: int) -> int:
    if place in (0, 7, 8):
        faulthandler.disable()
        ctypes.string_at(0)
    return place


def test_a_crash_costs_one_item() -> None:
    found = outcomes(crash)
    assert {place: one for place, one in found.items() if place != one} == dict.fromkeys(
        (0, 7, 8), Lost("makes its reader crash (SIGSEGV)")
    )
    assert len(found) == 20


def test_a_crash_behind_answers_that_nobody_took_yet_costs_one_item_too() -> None:
    """What is given next goes to nobody: that is no reason to give up."""
    found: dict[int, object] = {}
    with closing(Readers(crash, nothing, count=2).run(20)) as outcomes:
        for place, outcome in outcomes:
            found[place] = outcome
            time.sleep(0.05)
    assert {place for place, one in found.items() if isinstance(one, Lost)} == {0, 7, 8}
    assert len(found) == 20


def test_all_may_crash() -> None:
    assert set(outcomes(lambda place: os.kill(os.getpid(), signal.SIGKILL)).values()) == {
        Lost("was being read when its reader was killed, perhaps for want of memory")
    }
    assert set(outcomes(lambda place: os._exit(3)).values()) == {Lost("makes its reader crash (code 3)")}


def endless(place: int) -> int:
    while place == 3:
        pass
    return place


def test_an_endless_loop_costs_one_item() -> None:
    """One that was innocent may be late where the machine stood still: it is in time when there is more of it."""
    others = {place: place for place in range(20) if place != 3}
    for seconds in (1, 10, 60):
        found = outcomes(endless, seconds=seconds)
        assert found.pop(3) == Lost(f"takes longer than {seconds} seconds to read")
        if found == others:
            break
    assert found == others


def test_so_does_what_takes_too_much_memory() -> None:
    found = outcomes(lambda place: len(bytearray(2**31)) if place == 5 else place, memory=2**29)
    assert found.pop(5) == Lost("needs too much memory to be read")
    assert len(found) == 19


def test_an_error_is_raised_here_and_no_process_is_left(capfd: pytest.CaptureFixture[str]) -> None:
    def work(place: int) -> int:
        if place == 4:
            raise ImportRefused("No.", "Do something.")
        return os.getpid()

    met: set[int] = set()
    with pytest.raises(ImportRefused, match=r"No\. Do something\."):
        for _, pid in Readers(work, nothing, count=2).run(1000):
            assert isinstance(pid, int)
            met.add(pid)
    for pid in met:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert "ImportRefused" in capfd.readouterr().err, "the log has where it came from"


def test_the_end_may_be_asked_for_while_all_are_busy() -> None:
    began = time.monotonic()

    def check() -> None:
        if time.monotonic() - began > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Readers(lambda place: time.sleep(3600), check, count=2).run(5))


def test_what_nobody_thought_of_costs_one_item_and_a_full_disk_ends_it(capfd: pytest.CaptureFixture[str]) -> None:
    found = outcomes(lambda place: place > "text" if place == 4 else place)  # type: ignore[operator]
    assert found.pop(4) == Lost("cannot be read: TypeError; the log of the import has more")
    assert len(found) == 19
    assert "not supported between" in capfd.readouterr().err

    def full(place: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        outcomes(full)
