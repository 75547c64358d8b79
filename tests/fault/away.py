"""A studio in a process of its own that does what it is asked, and can be killed while it does it."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aistudio.errors import AIStudioError, Conflict
from aistudio.jobs.pressure import Patience
from aistudio.studio import Studio
from tests.fault.servers import die_before, kill, start
from tests.fixtures import PATIENCE, settings_in
from tests.jobs.fakes import Pretending

STOPPING = Patience(term=2, kill=1)


class Away:
    """`ask` calls a function of the service with the studio; what it raises on purpose is raised here."""

    def __init__(self, folder: Path, behaviour: str) -> None:
        self._pipe, its = multiprocessing.Pipe()
        self._process = start(_serve, folder, behaviour, its)
        its.close()  # so that its end is heard of
        self._answer()

    def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        self._pipe.send((function, args))
        return self._answer()

    def ask_and_kill(self, changes: int, function: Callable[..., Any], *args: Any) -> bool:
        """It is killed just before its so-manieth change to the disk, or once it has answered; whether it has."""
        self._pipe.send((_die_before, (changes,)))
        self._answer()
        try:
            self._pipe.send((function, args))
            self._answer()
        except (EOFError, ConnectionError):  # of the second kind if it died before it had read the question
            return False
        finally:
            self.kill()
        return True

    def kill(self) -> None:
        kill(self._process)
        self._pipe.close()

    def close(self) -> None:
        self.ask(Studio.close)
        self.kill()

    def _answer(self) -> Any:
        assert self._pipe.poll(PATIENCE), "the studio does not answer"
        answer, kind = self._pipe.recv()
        if kind is not None:
            raise kind(answer)
        return answer


def _serve(folder: Path, behaviour: str, pipe: Connection) -> None:
    """Of an error it says no more than that it is a Conflict: not each can be made anew from what pickle keeps."""
    leases = folder / "devices"
    studio = Studio(settings_in(folder), Pretending(behaviour), None, STOPPING, leases).open("a server")
    pipe.send((None, None))
    while True:
        function, args = pipe.recv()
        try:
            pipe.send((function(studio, *args), None))
        except AIStudioError as error:
            pipe.send((str(error), Conflict if isinstance(error, Conflict) else AIStudioError))


def _die_before(_: Studio, changes: int) -> None:
    die_before(changes)


def expect(studio: Studio, behaviour: str) -> None:
    """How the workers will behave that are started from now on."""
    launcher = studio.manager._launcher
    assert isinstance(launcher, Pretending)
    launcher._behaviours[:] = [behaviour]
