"""Right column: where the run stands and what came out."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.jobs.run import Run
from aistudio.schema.experiment import Experiment, Failure
from aistudio.service import experiments
from aistudio.ui.words import counted, duration, percent
from pages.training.actions import Actions
from pages.training.charts import Charts
from pages.training.status import COLOUR, ICON, PHASE, WORD

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


class Results:
    """Built anew when another experiment or another status is shown; within one, labels change in place."""

    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._shown: tuple[str, str] | None = None
        self._charts: Charts | None = None
        with ui.column().classes("panel column").props("role=region aria-label=Results"):
            with ui.element("div").classes("column-head"):
                ui.label("Results").classes("panel-title").props("role=heading aria-level=2")
            self._body = ui.element("div").classes("column-body")
            self._actions = Actions(page, ui.element("div").classes("column-foot"))

    async def show(self, experiment: Experiment | None) -> None:
        shown = (experiment.id, experiment.status) if experiment else None
        if shown != self._shown or shown is None:
            self._shown = shown
            self._build(experiment)
        if experiment is None or experiment.status == "created":
            return
        said = await asyncio.to_thread(experiments.run_of, self._page.studio, self._page.project.id, experiment.id)
        if self._shown == shown:
            self._update(experiment, said)

    def _build(self, experiment: Experiment | None) -> None:
        self._body.clear()
        self._charts = None
        self._actions.show(experiment)
        with self._body:
            if experiment is None or experiment.status == "created":
                with ui.column().classes("empty"):
                    ui.label("Not yet trained.").classes("text-base font-semibold")
                    ui.label('Click "Train" to start training.')
                return
            self._head(experiment)
            if experiment.error is not None:
                self._failure(experiment, experiment.error)
            if experiment.status == "queued":
                self._waiting = ui.label().classes("muted")
            else:
                self._tiles = Tiles(experiments.task_of(self._page.studio, self._page.project.id).metrics)
                self._charts = Charts(experiments.task_of(self._page.studio, self._page.project.id).metrics)
                self._log(experiment)

    def _head(self, experiment: Experiment) -> None:
        with ui.column().classes("w-full gap-2"):
            with ui.row().classes("w-full items-center justify-between gap-2"):
                with ui.row().classes("items-center gap-1 text-sm font-semibold").props("role=status"):
                    ui.label("Status:")
                    ui.label(f"{ICON[experiment.status]} {WORD[experiment.status]}").classes(COLOUR[experiment.status])
                self._facts = ui.label().classes("muted numbers")
            self._bar = ui.linear_progress(0, show_value=False, size="6px").props("rounded")
            self._bar.props["aria-label"] = "Training progress"
            self._bar.set_visibility(experiment.status == "training")
            self._notes = ui.label().classes("wait text-xs").style("white-space: pre-line")
            self._notes.set_visibility(False)

    def _update(self, experiment: Experiment, said: Run) -> None:
        if self._charts is not None and self._charts.generation not in (None, said.generation):
            self._build(experiment)  # a resumed run took back what an earlier attempt had begun
        self._facts.set_text(_facts(experiment))
        if experiment.status == "queued":
            self._waiting.set_text(_waiting(experiment))
            return
        progress = experiment.progress
        self._bar.set_value(progress.step / progress.steps if progress.steps else 0)
        if experiment.phase == "stopping":
            self._actions.stopping()
        self._notes.set_text(_notes(experiment, said))
        self._notes.set_visibility(bool(self._notes.text))
        self._tiles.update(experiment)
        if self._charts is not None:
            self._charts.update(said, ended=not experiment.active)

    def _failure(self, experiment: Experiment, error: Failure) -> None:
        with ui.column().classes("failure").props("role=alert"):
            ui.label(f"Error: {error.message}").classes("font-semibold")
            if error.advice:
                ui.label(error.advice).classes("muted")
            if error.type == "OutOfMemory":
                offer = ui.button("Copy with half the batch, twice the multiplier", icon="content_copy")
                offer.props("outline dense color=primary").on_click(lambda: self._actions.smaller_batch(experiment))
        if error.traceback:
            with ui.expansion("Show full traceback").props("dense").classes("w-full"), ui.element("pre").classes("log"):
                ui.label(error.traceback)

    def _log(self, experiment: Experiment) -> None:
        with ui.expansion("Console").props("dense").classes("w-full") as fold:
            text = ui.element("pre").classes("log")

        async def read() -> None:
            if fold.value:
                log = await asyncio.to_thread(experiments.log, self._page.studio, self._page.project.id, experiment.id)
                text.clear()
                with text:
                    ui.label(log or "Nothing was printed.")

        fold.on_value_change(read)


class Tiles:
    """Each recorded metric: large of the best epoch, small of the last."""

    def __init__(self, metrics: Mapping[str, str]) -> None:
        self._labels: dict[str, tuple[ui.label, ui.label]] = {}
        with ui.column().classes("w-full gap-2") as self._box:
            ui.label("Metrics").classes("section-title").props("role=heading aria-level=3")
            with ui.element("div").classes("tiles"):
                for name, title in {**metrics, "val_loss": "Loss"}.items():
                    with ui.column().classes("tile"):
                        ui.label(title).classes("tile-name")
                        self._labels[name] = (ui.label().classes("tile-value"), ui.label().classes("tile-last"))
            self._best = ui.label().classes("muted numbers")

    def update(self, experiment: Experiment) -> None:
        best, last = experiment.metrics.best, experiment.metrics.last
        self._box.set_visibility(best is not None)
        if best is None or last is None:
            return
        for name, (value, small) in self._labels.items():
            words = _loss if name == "val_loss" else percent
            value.set_text(words(best.get(name)))
            small.set_text(f"last {words(last.get(name))}")
        total = experiment.progress.epochs
        self._best.set_text(f"Best Epoch: {experiment.best_epoch}/{total}")


def _loss(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _facts(experiment: Experiment) -> str:
    progress = experiment.progress
    if experiment.status == "queued":
        return f"Position {experiment.position}" if experiment.position else "Starting…"
    if experiment.status != "training":
        return f"Duration: {duration(experiment.duration_seconds) or '–'}"
    parts = [f"Epoch: {progress.epoch}/{progress.epochs}"] if progress.epochs else []
    if progress.steps:
        parts.append(f"{progress.step / progress.steps:.0%}")
    if experiment.phase in PHASE:
        parts.append(PHASE[experiment.phase])
    elif progress.steps and not progress.step:
        parts.append("First step…")
    if progress.eta_seconds is not None and experiment.phase != "stopping":
        parts.append(f"ETA: {duration(progress.eta_seconds)}")
    return " · ".join(parts)


def _waiting(experiment: Experiment) -> str:
    if experiment.waiting_for in (None, "its start"):
        return "Starting…"
    return f"Waiting for {experiment.waiting_for}."


def _notes(experiment: Experiment, said: Run) -> str:
    """What the user should know beside the numbers, a line each."""
    lines = [experiment.detail] if experiment.detail else []
    if said.skipped:
        lines.append(f"{counted(said.skipped, 'image')} could not be read and was left out; see the console.")
    return "\n".join([*lines, *said.warnings[-3:]])
