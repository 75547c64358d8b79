"""The engine's tests, in a process that may import torch; `pytest tests/engine` runs them directly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.engine
def test_engine_suite(pytestconfig: pytest.Config) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "tests/engine", "-m", pytestconfig.option.markexpr]
    done = subprocess.run(
        command, cwd=pytestconfig.rootpath, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != pytest.ExitCode.OK:  # no tests at all is a failure too
        pytest.fail(f"{Path('tests/engine')} ended with {done.returncode}:\n{done.stdout}", pytrace=False)


def test_torch_and_what_pulls_it_in_are_refused_here() -> None:
    for name in ("torch", "torch.nn", "lightning", "timm", "albumentations", "sklearn"):
        with pytest.raises(ImportError, match=r"aistudio\.engine"):
            __import__(name)
    assert "torch" not in sys.modules
