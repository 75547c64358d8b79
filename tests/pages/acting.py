"""What tests of pages do with them: fill fields, wait, hold an answer back, and read the addresses that were set."""

import asyncio
from collections.abc import Callable
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from tests.fixtures import PATIENCE


def field(user: User, label: str) -> UserInteraction[ui.input]:
    """The input with exactly this label: `find` would take those that only contain it, too."""
    found = {one for one in user.find(kind=ui.input).elements if one.props.get("label") == label}
    return UserInteraction(user, found, label)


def menu(user: User, label: str) -> ui.select:
    return next(one for one in user.find(kind=ui.select).elements if one.props.get("label") == label)


def button(user: User, name: str) -> ui.button:
    return next(one for one in user.find(kind=ui.button).elements if one.text == name)


def press(user: User, element: ui.element) -> None:
    """This one, which may stand in a part of the page that was looked up before."""
    UserInteraction(user, {element}, None).click()


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.05)


class Gate:
    """Holds the first call of a function that `holds` says yes to, in the thread that made it."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, holds: Callable[..., bool]
    ) -> None:
        self._reached, self._open, self._answered = Event(), Event(), Event()
        real = getattr(module, name)

        def held(*arguments: Any, **named: Any) -> Any:
            if self._reached.is_set() or not holds(*arguments, **named):
                return real(*arguments, **named)
            self._reached.set()
            assert self._open.wait(PATIENCE)
            try:
                return real(*arguments, **named)
            finally:
                self._answered.set()

        monkeypatch.setattr(module, name, held)

    async def reached(self) -> None:
        await until(self._reached.is_set)

    async def open(self) -> None:
        """Until the page has heard the answer."""
        self._open.set()
        await until(self._answered.is_set)
        await asyncio.sleep(0.2)
