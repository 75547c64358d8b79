"""Demo projects: one for digits, one of drawn images for each task that can be trained."""

import pytest

from aistudio.service import demo
from aistudio.studio import Studio
from aistudio.tasks import TASKS, task
from tests.fixtures import ME


def test_each_task_has_one_of_drawn_images() -> None:
    assert {one.task for one in demo.DEMOS if one.sample == "shapes"} == {one.key for one in TASKS}


@pytest.mark.parametrize("chosen", demo.DEMOS, ids=lambda one: one.title)
def test_it_needs_no_download_and_starts(chosen: demo.Demo, studio: Studio) -> None:
    config = task(chosen.task).parse(chosen.config)
    assert config.model_dump()["model"]["pretrained"] is False
    project, experiment = demo.start(studio, ME, demo=chosen)
    assert project.name == chosen.title
    assert experiment.status in ("queued", "training")
    assert experiment.config["split"]
    again, _ = demo.start(studio, ME, demo=chosen)
    assert again.name == f"{chosen.title} 2"
