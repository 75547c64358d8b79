"""The pages, and a user with the patience that a loaded machine needs."""

from collections.abc import Iterator
from functools import partial
from importlib import import_module

import pytest
from nicegui.testing import User

from aistudio.studio import Studio
from tests.fixtures import PATIENCE


@pytest.fixture
def user(user: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """NiceGUI's own gives up after 0.3 s, while what a page waits for is written to a disk by a thread."""
    monkeypatch.setattr(user, "should_see", partial(user.should_see, retries=round(PATIENCE / 0.1)))
    monkeypatch.setattr(user, "should_not_see", partial(user.should_not_see, retries=round(PATIENCE / 0.05)))
    return user


@pytest.fixture
def pages(studio: Studio, user: User) -> Iterator[None]:
    """NiceGUI forgets pages after each test, and the modules that made them."""
    for name in ("projects", "dataset", "split", "training"):
        import_module(f"pages.{name}").create(studio)
    yield
