"""What can be done with a run: stop it, go on with it, add epochs, start over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from nicegui import ui
from pydantic import ValidationError

from aistudio.errors import AIStudioError, ChangedData, DamagedCheckpoint
from aistudio.jobs.run import Run
from aistudio.schema.experiment import Experiment, ResumeRequest
from aistudio.service import experiments, splits
from aistudio.service.offers import Offer
from aistudio.ui.dialogs import answer, attempt, complain, confirm
from aistudio.ui.once import once
from aistudio.ui.words import counted, duration
from pages.actor import PAGE

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


TINY_SHARE = 0.01  # of the peak: a rate below it changes next to nothing
_CONFIRMED = {
    ChangedData: ("Go on with other images?", "accept_changed_dataset"),
    DamagedCheckpoint: ("Go on from the checkpoint before?", "accept_previous_checkpoint"),
}


class Actions:
    """The buttons at the foot of the results; which ones depends on the status."""

    def __init__(self, page: "TrainingPage", foot: ui.element) -> None:
        self._page = page
        self._foot = foot
        self._stop: ui.button | None = None
        self._on: ui.button | None = None
        self._active: Experiment | None = None

    @property
    def can_stop(self) -> bool:
        return self._active is not None

    async def stop(self) -> None:
        if self._active is not None:
            await self._on_stop(self._active)

    def show(self, experiment: Experiment | None) -> None:
        self._active = experiment if experiment is not None and experiment.active else None
        self._page.offer_stop()
        self._foot.clear()
        self._stop = self._on = None
        self._foot.set_visibility(experiment is not None and experiment.status != "created")
        if experiment is None or experiment.status == "created":
            return
        with self._foot:
            if experiment.active:
                ui.space()
                self._stop = self._button("Stop Training", "stop", lambda: self._on_stop(experiment), "negative")
                return
            self._why = ui.label(_why_not(experiment)).classes("reason flex-1")
            if experiment.status != "completed":
                self._on = self._button("Resume", "play_arrow", lambda: self._on_resume(experiment), "primary")
                self._on.set_enabled(experiment.resumable)
            else:
                self._on = self._button("More Epochs", "add", lambda: self._on_more(experiment), "primary")
            self._button("Restart", "restart_alt", lambda: self._on_restart(experiment), "primary")

    async def check(self, experiment: Experiment) -> None:
        """A run whose split was deleted cannot go on."""
        on = self._on
        if on is not None:
            split = experiment.config.get("split")
            gone = await asyncio.to_thread(splits.why_gone, self._page.studio, self._page.project.id, split)
            if gone and on is self._on and not on.is_deleted:
                on.disable()
                self._why.set_text(f"{gone} Restore it from the trash to go on, or duplicate the experiment.")

    def stopping(self) -> None:
        if self._stop is not None:
            self._stop.disable()

    def _button(self, text: str, icon: str, action: Callable[[], Awaitable[None]], colour: str) -> ui.button:
        return ui.button(text, icon=icon, on_click=once(action)).props(f"outline color={colour}")

    async def _on_stop(self, experiment: Experiment) -> None:
        now = await self._page.get(experiment.id) or experiment  # it is drawn once, and has gone on since
        with self._page.dialogs:
            detail = "It leaves the queue and can be started again."
            if now.status != "queued":
                studio, pid = self._page.studio, self._page.project.id
                detail = given_up(await asyncio.to_thread(experiments.said, studio, pid, now))
            if await confirm(f"Stop {now.name}?", detail, "Stop Training"):
                await self._do(experiments.stop, experiment)

    async def _on_resume(self, experiment: Experiment) -> None:
        with self._page.dialogs:
            await self._resume(experiment, ResumeRequest())

    async def _on_more(self, experiment: Experiment) -> None:
        with self._page.dialogs:
            request = await _ask_for_epochs(experiment)
            if request is not None:
                await self._resume(experiment, request)

    async def _resume(self, experiment: Experiment, request: ResumeRequest) -> None:
        """Asks once more when it would go on from an earlier epoch, or with other images than it began with."""
        studio, pid = self._page.studio, self._page.project.id
        try:
            await asyncio.to_thread(experiments.resume, studio, PAGE, pid, experiment.id, request)
        except (DamagedCheckpoint, ChangedData) as error:
            question, accepted = _CONFIRMED[type(error)]
            if await confirm(question, error.message, "Resume", danger=False):
                await self._resume(experiment, request.model_copy(update={accepted: True}))
        except (AIStudioError, OSError) as error:
            complain(error)

    async def _on_restart(self, experiment: Experiment) -> None:
        with self._page.dialogs:
            detail = "Its results and checkpoints go to the trash; the configuration stays and can be edited."
            if await confirm(f"Restart {experiment.name}?", detail, "Restart"):
                await self._do(experiments.restart, experiment)

    async def take(self, offer: Offer, experiment: Experiment) -> None:
        """Makes the copy that a failed run is offered, and selects it."""
        with self._page.dialogs:
            copy = await attempt(offer.make, self._page.studio, PAGE, self._page.project.id, experiment.id)
            if copy is not None:
                await self._page.add(copy)

    async def _do(self, function: Callable[..., Experiment], experiment: Experiment, *more: object) -> None:
        await attempt(function, self._page.studio, PAGE, self._page.project.id, experiment.id, *more)


async def _ask_for_epochs(experiment: Experiment) -> ResumeRequest | None:
    with ui.dialog() as dialog, ui.card().classes("panel w-96"):
        dialog.props["aria-label"] = f"More epochs for {experiment.name}"
        ui.label(f"More epochs for {experiment.name}").classes("text-base font-semibold")
        last = (experiment.metrics.last or {}).get("lr")
        shown = "its last learning rate" if last is None else f"its last learning rate, {last:.2g},"
        done = counted(experiment.progress.epoch, "epoch")
        ui.label(f"It has trained {done}: the added ones run at {shown} unless you give one.").classes("muted")
        if last is not None and last < TINY_SHARE * float(experiment.config["optimizer"]["lr"]):
            ui.label("That is next to nothing: give a rate, or hardly anything will be learned.").classes("wait")
        if stopping := experiment.config["training"].get("early_stopping"):
            patience = counted(int(stopping["patience"]), "epoch")
            ui.label(f"Early Stopping ends them sooner after {patience} without a better one.").classes("muted")
        epochs = ui.input("More Epochs", value="5").props("autofocus inputmode=numeric").classes("w-full")
        rate = ui.input("Learning Rate", placeholder="the last one" if last is None else f"{last:.2g}").classes(
            "w-full"
        )
        for field in (epochs, rate):
            field.on("keydown.enter", lambda: _submit(dialog, epochs, rate), [])
        with ui.row().classes("w-full justify-end gap-2"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat color=grey-7")
            ui.button("Train", on_click=lambda: _submit(dialog, epochs, rate))
    request: ResumeRequest | None = await answer(dialog)
    return request


def _submit(dialog: ui.dialog, epochs: ui.input, rate: ui.input) -> None:
    """Closes the dialog with the request, or says which of the two values is wrong."""
    epochs.error = rate.error = None
    try:
        dialog.submit(
            ResumeRequest.model_validate({"more_epochs": epochs.value, "lr": (rate.value or "").strip() or None})
        )
    except ValidationError as error:
        wrong = {str(one["loc"][0]) for one in error.errors()}
        epochs.error = "A whole number from 1 to 10000." if "more_epochs" in wrong else None
        rate.error = "A number above 0 and at most 10." if "lr" in wrong else None


def given_up(said: Run) -> str:
    """What Stop costs: the epoch that is under way, and before the end of the first one all there is."""
    done, (steps, seconds) = len(said.epoch_rows), said.unfinished
    lost = f"Epoch {done + 1} is given up: {counted(steps, 'step')}, {duration(seconds)}. " if steps else ""
    if not done:
        return f"{lost}No epoch is finished yet, so there will be no checkpoint to resume from."
    return f"{lost}What was learned up to epoch {done} is kept, and Resume goes on from there."


def _why_not(experiment: Experiment) -> str:
    if experiment.status in ("failed", "stopped") and not experiment.resumable:
        return "There is no checkpoint to resume from: no epoch was finished."
    if experiment.resumable:
        return f"Resume goes on after epoch {experiment.resume_epoch or experiment.progress.epoch}."
    return ""
