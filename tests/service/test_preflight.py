"""What is refused when Train is pressed, and what is not."""

from pathlib import Path
from typing import Any

import pytest

from aistudio.catalog import backbones
from aistudio.errors import PreflightFailed
from aistudio.service.preflight import check
from aistudio.tasks import task
from tests.fixtures import TINY, gpu, ready_project, running

FROZEN = {"model": {**TINY["model"], "freeze_backbone": True}}
KINDS: dict[str, tuple[dict[str, Any], int]] = {
    "AdamW": ({"optimizer": {"kind": "AdamW"}}, 16),
    "momentum": ({"optimizer": {"kind": "SGD", "momentum": 0.9}}, 12),
    "SGD alone": ({"optimizer": {"kind": "SGD", "momentum": 0.0}}, 8),
    "a frozen backbone": ({"optimizer": {"kind": "AdamW"}, **FROZEN}, 4),
}


def test_only_what_cannot_fit_is_refused_for_its_memory(tmp_path: Path) -> None:
    """Bytes of each parameter: its value, its gradient, and what the optimizer remembers of it."""
    backbone = backbones.find(TINY["model"]["backbone"])
    assert backbone is not None
    free = [round(each * backbone.params * 1e6) for each in (3, 5, 9, 13, 17)]
    cards = [gpu(index).model_copy(update={"memory_free": size}) for index, size in enumerate(free)]
    with running(tmp_path, cards) as studio:
        project = studio.workspace.project(ready_project(studio))
        split = project.splits.all()[0].id
        for changes, needed in KINDS.values():
            for card, size in enumerate((3, 5, 9, 13, 17)):
                there = {"split": split, "hardware": {"devices": [f"gpu:{card}"]}}
                config = task("classification").parse({**TINY, **changes, **there})
                if size > needed:
                    check(studio, project, config)
                else:
                    with pytest.raises(PreflightFailed, match="the network alone needs"):
                        check(studio, project, config)
