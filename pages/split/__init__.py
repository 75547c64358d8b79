"""Split: which images are for training, validation and test."""

from nicegui import app, ui

from aistudio.studio import Studio
from pages.frame import frame
from pages.split.page import SplitPage


def create(studio: Studio) -> None:
    @ui.page("/projects/{pid}/split", response_timeout=30)
    async def page(pid: str, split: str | None = None) -> None:
        project = frame(studio, "Split", pid)
        if project is not None:
            await SplitPage(studio, project, app.storage.user).start(split)
