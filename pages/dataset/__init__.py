"""Data: bring images in, see what is wrong with them, look at what is there."""

from nicegui import ui

from aistudio.studio import Studio
from pages.dataset.page import DataPage
from pages.dataset.view import View
from pages.frame import frame


def create(studio: Studio) -> None:
    @ui.page("/projects/{pid}/dataset", response_timeout=30)
    async def page(pid: str) -> None:
        project = frame(studio, "Data", pid)
        if project is not None:
            await DataPage(studio, project, View.of(ui.context.client.request.query_params)).start()
