"""One at a time, in order; a newer request of a page takes the place of one that waits."""

import threading
from collections.abc import Callable

import pytest

from aistudio.errors import Superseded
from aistudio.jobs.turns import Turns
from tests.fixtures import until


class Asked(threading.Thread):
    """Takes a turn and keeps it until told; notes its name when its turn begins."""

    def __init__(self, turns: Turns, page: str | None, name: str, began: list[str]) -> None:
        super().__init__(name=name, daemon=True)
        self.superseded = False
        self.enough = threading.Event()
        self._work: Callable[[], None] = lambda: self._take(turns, page, began)
        self.start()
        until(lambda: name in began or self.superseded or turns.waiting(), "it is known")

    def run(self) -> None:
        try:
            self._work()
        except Superseded:
            self.superseded = True

    def _take(self, turns: Turns, page: str | None, began: list[str]) -> None:
        with turns.take(page):
            began.append(self.name)
            assert self.enough.wait(60)


def test_one_after_the_other_and_only_the_newest_of_a_page() -> None:
    turns, began = Turns(), list[str]()
    asked = [Asked(turns, None, "first", began)]
    following = [("a", "a1", 1), ("b", "b1", 2), (None, "n1", 3), ("a", "a2", 3), (None, "n2", 4)]
    for page, name, wanted in following:
        asked.append(Asked(turns, page, name, began))
        until(lambda wanted=wanted: turns.waiting() == wanted, f"{name} waits")  # type: ignore[misc]
        until(lambda name=name: asked[1].superseded or name != "a2", "the older one of page a gave way")  # type: ignore[misc]
    assert began == ["first"]
    for one in (asked[0], asked[2], asked[3], asked[4], asked[5]):
        until(lambda one=one: one.name in began, f"{one.name} has its turn")  # type: ignore[misc]
        assert began[-1] == one.name
        one.enough.set()
    for one in asked:
        one.join(60)
    assert began == ["first", "b1", "n1", "a2", "n2"]


def test_one_that_has_begun_is_not_superseded() -> None:
    turns, began = Turns(), list[str]()
    older = Asked(turns, "a", "older", began)
    newer = Asked(turns, "a", "newer", began)
    older.enough.set()
    newer.enough.set()
    for one in (older, newer):
        one.join(60)
    assert began == ["older", "newer"] and not older.superseded


def test_a_turn_that_fails_lets_the_next_one_go_on() -> None:
    turns = Turns()
    with pytest.raises(KeyError), turns.take("a"):
        raise KeyError
    with turns.take("a"):
        assert turns.waiting() == 0
