"""A log that stays readable while something stays broken."""

import logging

import pytest

from aistudio.jobs.hush import NotAgain


def test_the_same_message_is_logged_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("hushed")
    log.addFilter(NotAgain(seconds=60))
    for fault in ("first", "first", "second"):
        try:
            raise OSError(5, fault)
        except OSError:
            log.exception("A step failed")
    assert [str((record.exc_info or (0, 0))[1]) for record in caplog.records] == ["[Errno 5] first", "[Errno 5] second"]
    often = logging.getLogger("not hushed")
    often.addFilter(NotAgain(seconds=0))
    often.warning("Again")
    often.warning("Again")
    assert caplog.messages.count("Again") == 2
