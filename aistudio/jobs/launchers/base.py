"""What a launcher is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Handle(Protocol):
    """Whatever a launcher needs to find its job again."""


class Launcher(Protocol):
    def launch(self, folder: Path, env: Mapping[str, str]) -> Handle:
        """Starts the job of that folder; `env` is added to the environment."""
        ...

    def alive(self, handle: Handle) -> bool: ...
