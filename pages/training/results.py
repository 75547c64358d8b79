"""Right column: where the run stands and what came out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from nicegui import ui

from aistudio.jobs.run import Run
from aistudio.schema.experiment import ACTIVE, Experiment
from aistudio.service import experiments
from aistudio.service.offers import Offer, offer
from aistudio.ui.once import once
from aistudio.ui.words import counted, duration, percent
from pages.training.actions import Actions
from pages.training.charts import Charts
from pages.training.status import BEFORE, COLOUR, ICON, PHASE, word
from pages.training.tabs import Tabs

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


class Results:
    """Drawn once; what does not belong to the status is hidden, and labels and charts change in place."""

    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._shown: tuple[str, str] | None = None
        metrics = experiments.task_of(page.studio, page.project.id).metrics
        with ui.column().classes("panel column column-results").props("role=region aria-label=Results"):
            with ui.element("div").classes("column-head"):
                ui.label("Results").classes("panel-title").props("role=heading aria-level=2")
                self._tabs = Tabs(page)
            with ui.element("div").classes("column-body"):
                with ui.column().classes("empty") as self._none:
                    self._none_title = ui.label().classes("text-base font-semibold")
                    self._none_advice = ui.label()
                self._head = Head()
                with self._tabs.draw():
                    self._failure = FailureCard(self._take)
                    self._tiles = Tiles(metrics)
                    self._charts = Charts(metrics)
            self._actions = Actions(page, ui.element("div").classes("column-foot"))

    @property
    def can_stop(self) -> bool:
        return self._actions.can_stop

    async def stop(self) -> None:
        await self._actions.stop()

    def begin(self) -> None:
        """Of the tabs, the one with what comes out."""
        self._tabs.choose_results()

    async def show(self, experiment: Experiment | None, said: Run | None = None) -> None:
        """`said` is what the run has said, where that is known already."""
        started = experiment is not None and experiment.status != "created"
        shown = (experiment.id, experiment.status) if experiment else None
        if shown != self._shown or not started:
            await self._begin(experiment)
        if experiment is None or not started:
            return
        if said is None:
            said = await asyncio.to_thread(experiments.said, self._page.studio, self._page.project.id, experiment)
        if self._shown == shown:
            self._update(experiment, said)

    async def _begin(self, experiment: Experiment | None) -> None:
        """Another experiment, or another status of the same one."""
        before, self._shown = self._shown, (experiment.id, experiment.status) if experiment else None
        started = experiment is not None and experiment.status != "created"
        self._none.set_visibility(not started)
        self._none_title.set_text("Not yet trained." if experiment else "No results yet")
        self._none_advice.set_text(
            'Click "Train" to start training.' if experiment else "The results of the selected experiment stand here."
        )
        self._head.set_visibility(started)
        self._failure.show(experiment)
        self._actions.show(None if experiment is None or experiment.is_damaged else experiment)
        if experiment is not None and not (experiment.active and before in _active(experiment.id)):
            self._restart_charts(experiment)
        if experiment is not None and not experiment.is_damaged:
            await self._actions.check(experiment)
        await self._tabs.show(experiment if started else None)

    def _restart_charts(self, experiment: Experiment) -> None:
        base = f"/api/projects/{self._page.project.id}/experiments/{experiment.id}"
        self._charts.begin(experiment.name, f"{base}/metrics.csv")

    def _update(self, experiment: Experiment, said: Run) -> None:
        if self._charts.generation not in (None, said.generation):
            self._restart_charts(experiment)  # a resumed run took back what an earlier attempt had begun
        self._head.update(experiment, said)
        if experiment.phase == "stopping":
            self._actions.stopping()
        self._tiles.update(experiment)
        self._charts.update(said, ended=not experiment.active)

    async def _take(self, offer: Offer, experiment: Experiment) -> None:
        await self._actions.take(offer, experiment)


class Head:
    """Status, how far it is, and what else the user should know; always in sight above the tabs."""

    def __init__(self) -> None:
        with ui.column().classes("w-full gap-2") as self._box:
            with ui.row().classes("w-full items-center justify-between gap-2"):
                with ui.row().classes("items-center gap-1 text-sm font-semibold").props("role=status"):
                    ui.label("Status:")
                    self._status = ui.label()
                self._facts = ui.label().classes("muted numbers")
            self._bar = ui.linear_progress(0, show_value=False, size="6px").props("rounded")
            self._bar.props["aria-label"] = "Training progress"
            self._waiting = ui.label().classes("muted")
            self._notes = ui.label().classes("wait text-xs").style("white-space: pre-line")

    def set_visibility(self, visible: bool) -> None:
        self._box.set_visibility(visible)

    def update(self, experiment: Experiment, said: Run) -> None:
        status, progress = experiment.status, experiment.progress
        self._status.set_text(f"{ICON[status]} {word(experiment)}")
        self._status.classes(replace=COLOUR[status])
        self._facts.set_text(_facts(experiment))
        self._bar.set_visibility(status == "training")
        begun = progress.steps and experiment.phase not in BEFORE
        self._bar.set_value(progress.step / progress.steps if begun else 0)
        self._waiting.set_visibility(status == "queued")
        self._waiting.set_text(_waiting(experiment))
        self._notes.set_text(_notes(experiment, said))
        self._notes.set_visibility(bool(self._notes.text))


class FailureCard:
    """Why a run failed, what to do, and the whole traceback for those who want it."""

    def __init__(self, take: Callable[[Offer, Experiment], Awaitable[None]]) -> None:
        self._take = take
        self._box = ui.column().classes("w-full gap-2")

    def show(self, experiment: Experiment | None) -> None:
        self._box.clear()
        error = experiment.error if experiment is not None else None
        self._box.set_visibility(error is not None)
        if experiment is None or error is None:
            return
        with self._box:
            with ui.column().classes("failure").props("role=alert"):
                ui.label(f"Error: {error.message}").classes("font-semibold")
                if error.advice:
                    ui.label(error.advice).classes("muted")
                if (found := offer(experiment)) is not None:
                    button = ui.button(found.label, icon="content_copy").props("outline dense color=primary")
                    button.on_click(once(lambda: self._take(found, experiment)))
            if error.traceback:
                with (
                    ui.expansion("Show full traceback").props("dense").classes("w-full"),
                    ui.element("pre").classes("log"),
                ):
                    ui.label(error.traceback)


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
        progress = experiment.progress
        train = f"train loss {_loss(best.get('train_loss'))}, last {_loss(last.get('train_loss'))}"
        epochs = f"Best Epoch: {experiment.best_epoch}/{progress.epochs} · last epoch {progress.epoch}"
        self._best.set_text(f"{epochs} · {train}")


def _active(eid: str) -> list[tuple[str, str]]:
    """What is shown of a run under way, whose next status is of the same run."""
    return [(eid, status) for status in ACTIVE]


def _loss(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if value == 0 or 0.01 <= abs(value) < 1000 else f"{value:.3g}"


def _facts(experiment: Experiment) -> str:
    progress = experiment.progress
    if experiment.status == "queued":
        return f"Position {experiment.position}" if experiment.position else "Starting…"
    if experiment.status != "training":
        return f"Duration: {duration(experiment.duration_seconds) or '–'}"
    if experiment.phase in BEFORE:  # how far an earlier attempt was says nothing about this one
        return PHASE.get(experiment.phase, "Starting…")
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
        was = "was" if said.skipped == 1 else "were"
        lines.append(f"{counted(said.skipped, 'image')} could not be read and {was} left out; see the console.")
    return "\n".join([*lines, *said.warnings[-3:]])
