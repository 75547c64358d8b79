"""What all tests share: a process that refuses torch & co., an order, and studios on folders of their own."""

import inspect
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

from aistudio.studio import Studio
from tests import engine_suite
from tests.fixtures import ready_project, running

HEAVY = frozenset({"torch", "torchvision", "lightning", "timm", "torchmetrics", "albumentations", "sklearn"})
HERE = Path(__file__).parent
WITH_TORCH = (HERE / "engine", HERE / "benchmarks")


class Refusal:
    """An import hook: in the process of the studio's tests nothing may import what only the engine may."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in HEAVY:
            raise ImportError(f"{name} may be imported only by aistudio.engine, in a process of its own")
        return None


def pytest_configure(config: pytest.Config) -> None:
    """Property tests draw the same examples each time, lest luck refuses a change; the slow ones go on looking."""
    if "not slow" in config.option.markexpr:
        settings.load_profile("ci")
    if not is_for_engine(config):
        sys.meta_path.insert(0, Refusal())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The engine's tests run in a process of their own, see test_engine_suite.py."""
    return True if is_engine(collection_path) and not is_for_engine(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below engine/ has its marker; async tests run after the others, then browser tests.

    The one that waits for the engine's tests is last, since they run beside all others.
    """
    for item in items:
        if is_engine(item.path):
            item.add_marker("engine")
    items.sort(key=turn)


def pytest_collection_finish(session: pytest.Session) -> None:
    engine_suite.start_if_asked_for(session)


def pytest_unconfigure(config: pytest.Config) -> None:
    engine_suite.close(config)


def turn(item: pytest.Item) -> int:
    if item.name == engine_suite.NAME:
        return 3
    if item.get_closest_marker("browser"):
        return 2
    return 1 if inspect.iscoroutinefunction(getattr(item, "function", None)) else 0


def is_for_engine(config: pytest.Config) -> bool:
    """Whether only tests that may import torch were asked for."""
    paths = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args]
    return bool(paths) and all(is_engine(path) for path in paths)


def is_engine(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in WITH_TORCH)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """An open studio with a CPU and no GPU."""
    with running(tmp_path) as studio:
        yield studio


@pytest.fixture
def workspace(studio: Studio) -> Path:
    return studio.settings.workspace


@pytest.fixture
def pid(studio: Studio) -> str:
    """A project with 20 cats, 20 dogs and a split."""
    return ready_project(studio)
