"""The learning rate over the steps of a run, drawn while its values are typed."""

import asyncio
from copy import deepcopy
from typing import Any

from nicegui import background_tasks, ui

from aistudio.errors import InvalidConfig
from aistudio.schema.project import Project
from aistudio.service import experiments, schedule, splits
from aistudio.studio import Studio
from aistudio.ui.live_chart import COLOURS, Axis, Line, LiveChart
from aistudio.ui.typed import text_of

LINE = (Line("learning rate", COLOURS[0]),)


class RatePreview:
    def __init__(self, studio: Studio, project: Project) -> None:
        self._studio = studio
        self._project = project
        self._turn = 0
        with ui.column().classes("w-full gap-1 rate-preview"):
            self._words = ui.label().classes("faint numbers").props("role=status")
            self._chart = LiveChart("Learning rate preview", LINE, [Axis("Step")], ticks="rate")
        self._words.props["aria-label"] = "Learning rate preview in words"

    def draw(self, config: dict[str, Any]) -> None:
        """Follows the config as it is typed; what is wrong leaves the last good curve."""
        self._turn += 1
        typed = deepcopy(config)  # more is typed while a thread reads it
        background_tasks.create(self._draw(typed, self._turn), name="rate preview")

    async def _draw(self, config: dict[str, Any], turn: int) -> None:
        found = await asyncio.to_thread(self._preview, config)
        if turn != self._turn or self._chart.is_deleted:
            return
        if isinstance(found, str):
            self._words.set_text(f"{found} The curve is drawn once another one is chosen.")
            return
        if found is None:  # the last good curve stays, so that nothing jumps while a value is typed
            self._words.set_text("The curve is drawn once there is a split and all values are valid.")
            return
        self._chart.replace(0, [(step,) for step, _, _ in found.points], [lr for _, _, lr in found.points])
        notes = [
            ((epoch * found.steps_per_epoch,), f"epoch {epoch}" if len(found.drops) < 6 else "")
            for epoch in found.drops
        ]
        band = ((0,), (found.warmup_epochs * found.steps_per_epoch,)) if found.warmup_epochs else None
        self._chart.annotate(notes, band)
        self._words.set_text(_words(found))

    def _preview(self, config: dict[str, Any]) -> schedule.Preview | str | None:
        """A text says which split is gone."""
        task = experiments.task_of(self._studio, self._project.id)
        try:
            parsed = task.parse(config)
        except InvalidConfig:
            return None
        if gone := splits.why_gone(self._studio, self._project.id, parsed.split):
            return gone
        return schedule.preview(self._studio, self._project.id, parsed, float(config["optimizer"]["lr"]))


def _words(found: schedule.Preview) -> str:
    rates = [lr for _, _, lr in found.points]
    warmup = f" · warm-up {found.warmup_epochs / found.epochs:.0%}" if found.warmup_epochs else ""
    steps = f"{found.steps:,} steps, {found.steps_per_epoch:,} in each epoch"
    return f"{steps}{warmup} · peak {_rate(max(rates))} · end {_rate(rates[-1])}"


def _rate(value: float) -> str:
    return text_of(float(f"{value:.2g}"))
