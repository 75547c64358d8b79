"""The engine's tests ended well; `pytest tests/engine` runs them directly."""

import sys

import pytest

from tests.engine_suite import STARTED


@pytest.mark.engine
def test_engine_suite(pytestconfig: pytest.Config) -> None:
    status, output = pytestconfig.stash[STARTED].wait()
    if status != pytest.ExitCode.OK:  # no tests at all is a failure too
        pytest.fail(f"tests/engine ended with {status}:\n{output}", pytrace=False)


def test_torch_and_what_pulls_it_in_are_refused_here() -> None:
    for name in ("torch", "torch.nn", "lightning", "timm", "albumentations", "sklearn"):
        with pytest.raises(ImportError, match=r"aistudio\.engine"):
            __import__(name)
    assert "torch" not in sys.modules
