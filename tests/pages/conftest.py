"""A user with the patience that a loaded machine needs."""

from functools import partial

import pytest
from nicegui.testing import User

from tests.fixtures import PATIENCE


@pytest.fixture
def user(user: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """NiceGUI's own gives up after 0.3 s, while what a page waits for is written to a disk by a thread."""
    monkeypatch.setattr(user, "should_see", partial(user.should_see, retries=round(PATIENCE / 0.1)))
    monkeypatch.setattr(user, "should_not_see", partial(user.should_not_see, retries=round(PATIENCE / 0.05)))
    return user
