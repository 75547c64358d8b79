"""What tests of pages do with them: begin with experiments, fill fields, wait, hold an answer back."""

import asyncio
from collections.abc import Callable
from threading import Event
from types import ModuleType
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from aistudio.schema.experiment import ExperimentRequest
from aistudio.service import experiments
from aistudio.studio import Studio
from tests.fixtures import ME, PATIENCE, TINY, add_images, add_split, new_project


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


def another(studio: Studio, pid: str, eid: str) -> str:
    """An experiment that differs in its epochs, which are 5."""
    config = experiments.get(studio, pid, eid).config
    other = {**config, "training": {**config["training"], "epochs": 5}}
    return experiments.create(studio, ME, pid, ExperimentRequest(config=other)).id


async def open_first_of_two(user: User, studio: Studio) -> tuple[str, str, str]:
    """The project and its experiments, the first of which is selected."""
    pid, first = new_one(studio)
    second = another(studio, pid, first)
    await user.open(f"/projects/{pid}/training?experiment={first}")
    await user.should_see("Everything is saved.")
    return pid, first, second


async def save_another_rate(user: User, studio: Studio, pid: str, eid: str) -> None:
    field(user, "Learning Rate").clear().type("0.01")
    await user.should_see("Unsaved changes")
    user.find(kind=ui.button, content="Save").click()
    await until(lambda: experiments.get(studio, pid, eid).config["optimizer"]["lr"] == 0.01)


def new_one(studio: Studio) -> tuple[str, str]:
    """A project that can be trained, and an experiment in it."""
    pid = new_project(studio)
    add_images(studio, pid, {"cat": 20, "dog": 20})
    config = {**TINY, "split": add_split(studio, pid)}
    return pid, experiments.create(studio, ME, pid, ExperimentRequest(config=config)).id


def value_of(user: User, label: str) -> str | None:
    (found,) = field(user, label).elements
    value: str | None = found.value
    return value


class Gate:
    """Holds the first call of a function that `holds` says yes to, in the thread that made it.

    `late`: what it answers is found before, and only told afterwards.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        module: ModuleType,
        name: str,
        holds: Callable[..., bool] = lambda *_, **__: True,
        late: bool = False,
    ) -> None:
        self._reached, self._open, self._answered = Event(), Event(), Event()
        real = getattr(module, name)

        def held(*arguments: Any, **named: Any) -> Any:
            if self._reached.is_set() or not holds(*arguments, **named):
                return real(*arguments, **named)
            known = [real(*arguments, **named)] if late else []
            self._reached.set()
            assert self._open.wait(PATIENCE)
            try:
                return known[0] if late else real(*arguments, **named)
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
