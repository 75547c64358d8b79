"""Centre column: the configuration as a form, Save and Train."""

import asyncio
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.errors import AIStudioError, FieldError, InvalidConfig, StaleRevision
from aistudio.schema.experiment import Experiment, ExperimentChange
from aistudio.schema.training import Hardware, Training, effective_batch_size
from aistudio.service import experiments
from aistudio.studio import Actor
from aistudio.ui.dialogs import complain
from aistudio.ui.fields import Menu
from aistudio.ui.form import Form
from pages.training import drafts, menus

if TYPE_CHECKING:
    from pages.training.page import TrainingPage

PAGE = Actor(origin="page")


class Configuration:
    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._experiment: Experiment | None = None
        self._form: Form | None = None
        self._errors: list[FieldError] = []
        self._rev = 0  # the revision that the form began on
        self._batch: ui.label | None = None
        self._turn = 0  # how often it was drawn: an older drawing that is still under way ends itself
        with ui.column().classes("panel column").props("role=region aria-label=Configuration"):
            with ui.element("div").classes("column-head"):
                ui.label("Configuration").classes("panel-title").props("role=heading aria-level=2")
                self._draft = ui.label("Unsaved changes").classes("badge wait")
                self._draft.set_visibility(False)
            self._body = ui.element("div").classes("column-body")
            with ui.element("div").classes("column-foot"):
                self._reason = ui.label().classes("reason flex-1").props("role=status")
                self._save = ui.button("Save", on_click=self._on_save).props("outline color=primary")
                self._train = ui.button("Train", icon="play_arrow", on_click=self._on_train)

    async def show(self, experiment: Experiment | None) -> None:
        """Draws the form of this experiment, with the draft of this browser if there is one."""
        self._experiment, self._form, self._errors = experiment, None, []
        self._turn += 1
        turn = self._turn
        if experiment is None:
            self._body.clear()
            with self._body, ui.column().classes("empty"):
                ui.label("No experiment selected").classes("text-base font-semibold")
                ui.label("Make one with New Experiment.")
            self._refresh_buttons()
            return
        studio, pid = self._page.studio, self._page.project.id
        offered = await asyncio.to_thread(menus.menus, studio, pid)
        defaults = await asyncio.to_thread(experiments.default_config, studio, pid)
        if turn != self._turn:  # another one was selected meanwhile
            return
        self._body.clear()
        with self._body:
            await self._build(experiment, offered, defaults)
        if turn == self._turn:
            self._validate()

    async def update(self, experiment: Experiment) -> None:
        """The document changed elsewhere: a run has started, or another tab saved."""
        if self._must_be_drawn(experiment):
            await self.show(experiment)
        else:
            old, self._experiment = self._experiment, experiment
            if old is not None and old.config == experiment.config and self._rev == old.rev:
                self._rev = experiment.rev  # a new name does not get in the way of the draft
            self._refresh_buttons()

    def _must_be_drawn(self, experiment: Experiment) -> bool:
        old, form = self._experiment, self._form
        if old is None or form is None or old.id != experiment.id or _started(old) != _started(experiment):
            return True
        return old.config != experiment.config and form.value == old.config  # else a draft would be lost

    async def _build(self, experiment: Experiment, offered: dict[str, Menu], defaults: dict[str, Any]) -> None:
        turn, self._batch = self._turn, None
        draft = None if _started(experiment) else drafts.get(experiment.id)
        config = draft.config if draft else deepcopy(experiment.config)
        self._rev = draft.rev if draft else experiment.rev
        self._form = Form(config, self._edited, offered, readonly=_started(experiment), defaults=defaults)
        task = experiments.task_of(self._page.studio, self._page.project.id)
        for name in task.config.model_fields:
            if name != "task":
                await asyncio.sleep(0)  # section by section, so that others are served meanwhile
                if turn != self._turn:
                    return
                section = self._form.add_section(task.config, name)
                if name == "hardware":
                    with section:
                        self._batch = ui.label().classes("muted numbers")

    def _edited(self) -> None:
        experiment, form = self._experiment, self._form
        if experiment is None or form is None or experiment.status != "created":
            return
        if form.value == experiment.config:
            drafts.forget(experiment.id)
            self._rev = experiment.rev
        else:
            drafts.put(experiment.id, drafts.Draft(self._rev, form.value))
        self._validate()

    def _validate(self) -> None:
        form = self._form
        if form is None:
            return
        task = experiments.task_of(self._page.studio, self._page.project.id)
        try:
            task.parse(form.value)
            self._errors = []
        except InvalidConfig as error:
            self._errors = error.fields
        form.show(self._errors)
        self._show_batch(form.value)
        self._refresh_buttons()

    def _show_batch(self, config: dict[str, Any]) -> None:
        if self._batch is None:
            return
        if any(error.path.startswith(("training", "hardware")) for error in self._errors):
            self._batch.set_text("Effective batch size: –")
        else:
            training, hardware = (
                Training.model_validate(config["training"]),
                Hardware.model_validate(config["hardware"]),
            )
            self._batch.set_text(effective_batch_size(training, hardware))

    def _refresh_buttons(self) -> None:
        experiment = self._experiment
        created = experiment is not None and experiment.status == "created"
        draft = created and self._is_draft()
        self._draft.set_visibility(draft)
        self._save.set_enabled(draft and not self._errors)
        self._train.set_enabled(created and not self._errors and self._has_split())
        self._reason.set_text(self._why(created, draft))
        self._reason.classes(add="bad" if self._errors else "", remove="" if self._errors else "bad")

    def _why(self, created: bool, draft: bool) -> str:
        """What stands in the way of Save or Train, in words."""
        if self._experiment is None:
            return ""
        if not created:
            queued = self._experiment.status == "queued"
            return "Read-only while it waits." if queued else "Read-only: this is what the run was started with."
        if self._errors:
            first = self._errors[0]
            return f"{first.title}: {first.message}"
        if not self._has_split():
            return "Choose a split first; there is none yet if the menu is empty: make one on the Split page."
        if draft and self._rev != self._experiment.rev:
            return "The experiment was changed elsewhere meanwhile; your edits are kept as a draft."
        return "" if draft else "Everything is saved."

    def _has_split(self) -> bool:
        return self._form is None or self._form.value.get("split") is not None

    def _is_draft(self) -> bool:
        return self._form is not None and self._experiment is not None and self._form.value != self._experiment.config

    async def _on_save(self) -> None:
        if await self._store():
            ui.notify("Saved", type="positive", timeout=1500)

    async def _store(self) -> bool:
        """Saves the form if it differs from what is stored; whether all is stored now."""
        experiment, form = self._experiment, self._form
        if experiment is None or form is None:
            return False
        if not self._is_draft():
            return True
        change = ExperimentChange(rev=self._rev, config=deepcopy(form.value))
        try:
            stored = await self._call(experiments.change, experiment.id, change)
        except StaleRevision as error:
            self._experiment = Experiment.model_validate(error.current)
            self._rev = self._experiment.rev
            ui.notify(f"{error.message} Press Save again to put yours in its place.", type="warning", timeout=8000)
            self._refresh_buttons()
            return False
        except AIStudioError as error:
            self._refused(error)
            return False
        drafts.forget(experiment.id)
        self._experiment, self._rev = stored, stored.rev
        form.value.update(deepcopy(stored.config))
        self._refresh_buttons()
        await self._page.saved(stored)
        return True

    async def _on_train(self) -> None:
        self._train.disable()
        if not await self._store() or self._experiment is None:
            self._refresh_buttons()
            return
        try:
            started = await self._call(experiments.train, self._experiment.id)
        except AIStudioError as error:
            self._refused(error)
            return
        await self.update(started)
        await self._page.saved(started)

    async def _call(self, function: Any, eid: str, *arguments: Any) -> Experiment:
        studio, pid = self._page.studio, self._page.project.id
        result: Experiment = await asyncio.to_thread(function, studio, PAGE, pid, eid, *arguments)
        return result

    def _refused(self, error: AIStudioError) -> None:
        """Errors of single fields go to their fields, and all of them into words at the buttons."""
        if isinstance(error, InvalidConfig) and self._form is not None:
            self._form.show(error.fields)
        complain(error)
        self._refresh_buttons()


def _started(experiment: Experiment) -> bool:
    return experiment.status != "created"
