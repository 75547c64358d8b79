"""What changed is read once for all who follow, and none of it is lost."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from aistudio.jobs.manager import Change
from aistudio.service.news import CountsReader, NewsReader
from aistudio.studio import Studio

FOLLOWERS = 50


@dataclass(frozen=True)
class Numbered:
    """Finds the number of the newest change, as a reader of files finds what stands there by now."""

    name: str = "one"
    reads: list[Change] = field(default_factory=list, compare=False)
    broken: bool = False

    def __call__(self, change: Change) -> Change:
        assert threading.current_thread() is not threading.main_thread()
        if self.broken:
            raise ValueError("cannot be read")
        self.reads.append(change)
        return change


async def test_a_change_is_read_once_for_all(studio: Studio) -> None:
    reads: list[Change] = []
    told: list[tuple[int, Change]] = []
    for number in range(FOLLOWERS):
        studio.feed.follow(Numbered(reads=reads), partial(_note, told, number))
    for name in ("a", "b"):
        studio.manager.notify(Change("project", name))
    await _until(lambda: len(told) == 2 * FOLLOWERS)
    assert reads == [Change("project", "a"), Change("project", "b")]
    assert told == [(number, change) for change in reads for number in range(FOLLOWERS)]


async def test_a_storm_of_changes_is_told_in_few_rounds_and_its_last_one_too(studio: Studio) -> None:
    written = 0
    told: list[int] = []

    def read(_: Change) -> int:
        return written

    def is_told() -> bool:
        return told[-1:] == [written]

    studio.feed.follow(read, told.append)
    for _ in range(3):
        for _ in range(100):
            written += 1
            studio.manager.notify(Change("project", "run"))
            await asyncio.sleep(0)
        await _until(is_told)
    assert len(told) < 60


async def test_others_are_served_between_one_follower_and_the_next(studio: Studio) -> None:
    turns = 0
    turn_of: list[int] = []
    for _ in range(FOLLOWERS):
        studio.feed.follow(Numbered(), lambda _: turn_of.append(turns))
    studio.manager.notify(Change("project", "run"))
    while len(turn_of) < FOLLOWERS:
        turns += 1
        await asyncio.sleep(0)
    assert len(set(turn_of)) == FOLLOWERS


async def test_what_breaks_keeps_nobody_else_from_being_told(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Change] = []
    studio.feed.follow(Numbered("other", broken=True), told.append)
    studio.feed.follow(Numbered(), _break)
    studio.feed.follow(Numbered(), told.append)
    for name in ("a", "b"):
        studio.manager.notify(Change("project", name))
    await _until(lambda: told == [Change("project", "a"), Change("project", "b")])
    assert "could not be read" in caplog.text
    assert "could not be told" in caplog.text


async def test_who_left_is_told_nothing_more(studio: Studio) -> None:
    told: list[Change] = []
    leave = [studio.feed.follow(Numbered(), told.append) for _ in range(2)]
    leave[0]()
    leave[0]()
    studio.manager.notify(Change("project", "a"))
    await _until(lambda: len(told) == 1)
    leave[1]()
    reads: list[Change] = []
    studio.feed.follow(Numbered(reads=reads), told.append)()
    studio.manager.notify(Change("project", "b"))
    await asyncio.sleep(0.3)
    assert (len(told), reads) == (1, [])


def test_pages_of_one_studio_share_what_is_read(studio: Studio) -> None:
    assert NewsReader(studio) == NewsReader(studio)
    assert CountsReader(studio) == CountsReader(studio)


def _note(told: list[tuple[int, Change]], number: int, found: Change) -> None:
    told.append((number, found))


def _break(_: Change) -> None:
    raise ValueError("cannot be drawn")


async def _until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not look():
            await asyncio.sleep(0.01)
