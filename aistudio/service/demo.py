"""Demo projects: from nothing to a run in one call, with digits that come with a library or with drawn shapes."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aistudio.errors import AIStudioError, ImportRefused
from aistudio.schema.experiment import Experiment, ExperimentRequest
from aistudio.schema.project import Import, Project, ProjectRequest
from aistudio.schema.split import Ratios, SplitRequest
from aistudio.service import datasets, experiments, projects, splits
from aistudio.studio import Actor, Studio
from aistudio.tasks import TASKS

CONFIG: dict[str, Any] = {
    "model": {"backbone": "resnet10t", "pretrained": False},
    "optimizer": {"kind": "AdamW", "lr": 2e-3, "weight_decay": 0.05},
    "training": {"epochs": 8, "batch_size": 64, "num_workers": 0},
    "augmentations": {
        "train": [
            {"kind": "Affine", "scale": [0.9, 1.1], "rotate": [-10, 10], "shear": [-5, 5], "p": 0.8},
            {"kind": "Normalize", "source": "weights"},
        ],
        "val": [{"kind": "Normalize", "source": "weights"}],
    },
}
EIGHTY_TWENTY = SplitRequest(name="80/20", ratios=Ratios(train=0.8, val=0.2, test=0), seed=0)


@dataclass(frozen=True)
class Demo:
    """`about` says what its images are."""

    title: str
    about: str
    task: str
    sample: str
    config: Mapping[str, Any]


DIGITS = Demo("Digits", "1,797 real handwritten digits", "classification", "digits", CONFIG)
DEMOS = (
    DIGITS,
    *(Demo(f"Shapes, {one.name.lower()}", "drawn images", one.key, "shapes", one.sample_config) for one in TASKS),
)


def start(
    studio: Studio, actor: Actor, progress: Callable[[Import], None] = lambda _: None, demo: Demo = DIGITS
) -> tuple[Project, Experiment]:
    """Makes a project with images and a split, and starts a first experiment. Takes a few seconds.

    `progress` is told how far the import is. Raises ImportRefused if it fails.
    """
    project = projects.create(studio, actor, ProjectRequest(name=_free_name(studio, demo.title), task=demo.task))
    _wait(studio, project.id, datasets.start_sample(studio, actor, project.id, demo.sample), progress)
    given = splits.all_splits(studio, project.id)  # some samples come with one
    split = given[0] if given else splits.create(studio, actor, project.id, EIGHTY_TWENTY)
    request = ExperimentRequest(name="Baseline", config={**demo.config, "split": split.id})
    experiment = experiments.create(studio, actor, project.id, request)
    return projects.get(studio, project.id), experiments.train(studio, actor, project.id, experiment.id)


def _wait(studio: Studio, pid: str, job: Import, progress: Callable[[Import], None]) -> None:
    while job.status in ("checking", "importing"):
        time.sleep(0.1)
        job = datasets.get_import(studio, pid, job.id)
        progress(job)
    if job.status != "done":
        raise ImportRefused(job.error or f"The import was {job.status}.")


def _free_name(studio: Studio, title: str) -> str:
    taken = {project.name for project in projects.all_projects(studio)}
    names = [title, *(f"{title} {number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def wait(studio: Studio, pid: str, eid: str, progress: Callable[[Experiment], None]) -> Experiment:
    """Follows a run to its end; `progress` is told how far it is. Raises AIStudioError unless it completes."""
    while (experiment := experiments.get(studio, pid, eid)).active:
        progress(experiment)
        time.sleep(0.2)
    progress(experiment)
    if experiment.status != "completed":
        failure = experiment.error
        raise AIStudioError(
            failure.message if failure else f"The run was {experiment.status}.", failure.advice if failure else ""
        )
    return experiment
