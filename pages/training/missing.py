"""What stands in place of the form where there is none to show, with the way on."""

import asyncio
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.schema.experiment import Experiment
from aistudio.service import splits

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


class Missing:
    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._empty = True
        with ui.column().classes("column-body empty") as self._box:
            self._title = ui.label().classes("text-base font-semibold")
            self._advice = ui.label()
            self._link = ui.link("", "")

    async def show(self, experiment: Experiment | None) -> bool:
        """Whether there is no form to show: no experiment, or one that cannot be read."""
        damaged = experiment is not None and experiment.is_damaged
        self._title.set_text("Its configuration cannot be read" if damaged else "No experiment selected")
        self._advice.set_text("Results say why." if damaged else "Make one with New Experiment.")
        self._link.set_visibility(False)
        self._box.set_visibility(experiment is None or damaged)
        self._empty = experiment is None
        if experiment is None:
            await self._tell_what_training_needs()
        return experiment is None or damaged

    async def _tell_what_training_needs(self) -> None:
        """Without images, or without a split of them, an experiment could not be trained."""
        project = self._page.project
        there = await asyncio.to_thread(splits.all_splits, self._page.studio, project.id)
        if there or project.damage or not self._empty:  # any more
            return
        what, name, page = (
            ("a split", "Split", "split") if project.images else ("images and a split", "Data", "dataset")
        )
        self._title.set_text(f"Training needs {what}")
        self._advice.set_text("Then make an experiment with New Experiment.")
        self._link.set_text(f"Go to {name}")
        self._link.props["href"] = f"/projects/{project.id}/{page}"
        self._link.set_visibility(True)
