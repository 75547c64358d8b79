"""What a launcher is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol


class Handle(Protocol):
    """Whatever a launcher needs to find its job again. The process leads a session of its own."""

    @property
    def pid(self) -> int: ...


class Launcher(Protocol):
    def launch(self, folder: Path, env: Mapping[str, str], leases: Sequence[int] = ()) -> Handle:
        """Starts the job of that folder; `env` is added to the environment.

        `leases`: open files that the job keeps for its life, so that what they stand for is free when it is gone.
        """
        ...

    def alive(self, handle: Handle) -> bool: ...

    def exit_code(self, handle: Handle) -> int | None:
        """How it ended, a signal as a negative number; None while it runs and where nobody can tell."""
        ...

    def end(self, handle: Handle) -> None:
        """Kills the job with all that it has started, if it is alive."""
        ...
