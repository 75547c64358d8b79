"""The engine's tests in a process that may import torch, beside all others and with the processor time they leave."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAME = "test_engine_suite"


class EngineSuite:
    """`pytest tests/engine` under way."""

    def __init__(self, markers: str) -> None:
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 closed by close(); a pipe would hold it up
        self._process = subprocess.Popen(
            ["nice", "-n", "19", sys.executable, "-m", "pytest", "tests/engine", "-m", markers],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> tuple[int, str]:
        """Its exit status and all it wrote."""
        status = self._process.wait()
        self._output.seek(0)
        return status, self._output.read()

    def close(self) -> None:
        """Nothing of it stays behind when the tests are broken off."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._output.close()


STARTED: pytest.StashKey[EngineSuite] = pytest.StashKey()


def start_if_asked_for(session: pytest.Session) -> None:
    if any(item.name == NAME for item in session.items) and not session.config.option.collectonly:
        session.config.stash[STARTED] = EngineSuite(session.config.option.markexpr)


def close(config: pytest.Config) -> None:
    suite = config.stash.get(STARTED, None)
    if suite is not None:
        suite.close()
