"""The secret that cookies are signed with: one for all servers of a state folder, and never an empty one."""

import stat
import threading
from pathlib import Path

import pytest

from app import cookie_secret


def test_it_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    made = cookie_secret(tmp_path)
    assert len(made) > 40 and cookie_secret(tmp_path) == made
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.fault
def test_an_empty_one_of_a_server_that_was_killed_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    made = cookie_secret(tmp_path)
    assert len(made) > 40 and cookie_secret(tmp_path) == made
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.fault
def test_servers_that_start_at_once_have_the_same_one(tmp_path: Path) -> None:
    for attempt in range(20):
        state, found = tmp_path / str(attempt), list[str]()
        state.mkdir()
        together = threading.Barrier(4)

        def ask(state: Path = state, found: list[str] = found, together: threading.Barrier = together) -> None:
            together.wait()
            found.append(cookie_secret(state))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4 and len(set(found)) == 1 and len(found[0]) > 40
        assert [path.name for path in state.iterdir()] == ["secret"]
