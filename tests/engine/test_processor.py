"""A run on a CPU uses the cores it was given."""

import os

import pytest
import torch

from aistudio.engine.processor import keep_memory, use_cores

pytestmark = pytest.mark.engine


def test_one_thread_for_each_core_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    use_cores()
    assert torch.get_num_threads() == before
    monkeypatch.delenv("OMP_NUM_THREADS")
    use_cores()
    assert torch.get_num_threads() == len(os.sched_getaffinity(0))
    torch.set_num_threads(before)


def test_memory_is_kept_on_this_system() -> None:
    keep_memory()
    assert float(torch.ones(2**20).sum()) == 2**20
