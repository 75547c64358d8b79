"""Train: experiments on the left, the configuration in the middle, results on the right."""

from nicegui import ui

from aistudio.studio import Studio
from pages.frame import frame
from pages.training.page import TrainingPage


def create(studio: Studio) -> None:
    @ui.page("/projects/{pid}/training", response_timeout=30)
    async def page(pid: str, experiment: str | None = None) -> None:
        project = frame(studio, "Train", pid)
        if project is not None:
            await TrainingPage(studio, project).start(experiment)
