"""Centre column: the configuration as a form, Save and Train."""

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from nicegui import ui

from aistudio.errors import AIStudioError, FieldError, InvalidConfig, StaleRevision
from aistudio.schema.difference import differences, merged, patched
from aistudio.schema.experiment import Experiment, ExperimentChange
from aistudio.schema.preview import PipelineName
from aistudio.service import experiments
from aistudio.tasks.base import TaskConfig
from aistudio.ui.dialogs import complain, in_words
from aistudio.ui.form import Form
from pages.actor import PAGE
from pages.training.conflict import choose
from pages.training.drafts import Draft
from pages.training.extras import Extras
from pages.training.files import Files
from pages.training.foot import Foot, Stand
from pages.training.missing import Missing
from pages.training.offered import Offered
from pages.training.preview import open_preview
from pages.training.trouble import Trouble

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


class Configuration:
    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self._experiment: Experiment | None = None
        self._form: Form | None = None
        self._errors: list[FieldError] = []
        self._rev = 0  # the revision that the form began on, and its config
        self._base: dict[str, Any] = {}
        self._turn = 0  # how often it was drawn: an older drawing that is still under way ends itself
        self._extras: Extras | None = None
        self._offered = Offered(page)
        with ui.column().classes("panel column column-config").props("role=region aria-label=Configuration"):
            with ui.element("div").classes("column-head"):
                ui.label("Configuration").classes("panel-title").props("role=heading aria-level=2")
                self._draft = ui.label("Unsaved changes").classes("badge wait")
                ui.space()
                self._discard = ui.button("Discard", on_click=self._on_discard).props(
                    "flat dense size=sm color=primary"
                )
                self._files = Files(page, lambda: self._form.value if self._form else None, self.fill)
            self._body = ui.element("div").classes("column-body")
            self._missing = Missing(page)
            self._trouble = Trouble(self._mend)
            self._foot = Foot(self._on_save, self._on_train)

    def leave(self) -> None:
        """Another experiment was selected: until its form is there, nothing that is pressed means the one before."""
        self._experiment = None
        self._turn += 1

    async def show(self, experiment: Experiment | None) -> None:
        """The form of this experiment, with the draft of this browser if there is one."""
        self._turn += 1
        turn = self._turn
        if await self._missing.show(experiment):
            experiment = None
        if experiment is not None:
            await self._offered.gather(experiment, self._form)
        if turn != self._turn:  # another one was selected meanwhile
            return
        self._experiment, self._errors = experiment, []
        self._trouble.clear()
        self._files.show(experiment)
        self._body.set_visibility(experiment is not None)
        if experiment is None:
            self._refresh_buttons()
            return
        await self._fill(experiment)
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

    async def _fill(self, experiment: Experiment) -> None:
        frozen = _started(experiment)
        draft = None if frozen else self._page.drafts.get(experiment.id)
        config = draft.config if draft else deepcopy(experiment.config)
        self._rev, self._base = (draft.rev, draft.base) if draft else (experiment.rev, experiment.config)
        if self._form is None:
            await self._build(config, frozen)
        else:
            self._form.fill(config, frozen, self._offered.defaults)
            for suggest, menu in self._offered.menus.items():
                self._form.offer(suggest, menu)  # afterwards, or what another experiment chose would stay in them

    async def _build(self, config: dict[str, Any], frozen: bool) -> None:
        """Once for a page: all experiments of a project have the same type of config."""
        form = Form(config, self._edited, self._offered.menus, frozen, self._offered.defaults, self._on_preview)
        extras = Extras(self._page.studio, self._page.project, form)
        self._form, self._extras = form, extras
        task = experiments.task_of(self._page.studio, self._page.project.id)
        with self._body:
            for name in task.config.model_fields:
                if name != "task":
                    await asyncio.sleep(0)  # section by section, so that others are served meanwhile
                    with form.add_section(task.config, name):
                        extras.add_to(name)

    def _edited(self) -> None:
        experiment, form = self._experiment, self._form
        if experiment is None or form is None or experiment.status != "created":
            return
        if form.value == experiment.config:
            self._page.drafts.forget(experiment.id)
            self._rev, self._base = experiment.rev, experiment.config
        else:
            self._page.drafts.put(experiment.id, Draft(self._rev, self._base, form.value))
        self._trouble.clear()
        self._validate()

    def _validate(self) -> None:
        form = self._form
        if form is None:
            return
        task = experiments.task_of(self._page.studio, self._page.project.id)
        config: TaskConfig | None = None
        try:
            config = task.parse(form.value)
            self._errors = []
        except InvalidConfig as error:
            self._errors = error.fields
        form.show(self._errors)
        if self._extras is not None:
            begun = self._experiment is not None and _started(self._experiment)
            self._extras.update(config, self._errors, self._offered.devices, begun)
        self._refresh_buttons()

    async def fill(self, config: dict[str, Any]) -> None:
        """Other values altogether, as an unsaved edit."""
        if self._experiment is not None and self._experiment.status == "created":
            self._page.drafts.put(self._experiment.id, Draft(self._rev, self._base, config))
            await self.show(self._experiment)

    async def _mend(self, patch: Mapping[str, Any]) -> None:
        if self._form is not None:
            await self.fill(patched(self._form.value, patch))

    async def _on_discard(self) -> None:
        if self._experiment is not None:
            self._page.drafts.forget(self._experiment.id)
            await self.show(self._experiment)

    async def _on_preview(self, path: tuple[str, ...]) -> None:
        if self._form is not None:
            pipeline: PipelineName = "val" if path[-1] == "val" else "train"
            with self._page.dialogs:
                await open_preview(self._page, deepcopy(self._form.value), pipeline)

    def _refresh_buttons(self) -> None:
        experiment, config = self._experiment, self._form.value if self._form else {}
        draft = experiment is not None and experiment.status == "created" and self._is_draft()
        self._draft.set_visibility(draft)
        self._discard.set_visibility(draft)
        stand = Stand(
            draft=draft,
            stale=draft and experiment is not None and self._rev != experiment.rev,
            errors=self._errors,
            has_split=config.get("split") is not None,
            deleted_split=self._offered.deleted_split(config),
        )
        self._foot.show(experiment, stand)

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
        sent = deepcopy(form.value)
        change = ExperimentChange(rev=self._rev, config=sent)
        try:
            stored = await self._call(experiments.change, experiment.id, change)
        except (AIStudioError, OSError) as error:
            if not self._shows(experiment):
                complain(error)
            elif isinstance(error, StaleRevision):
                return await self._settle(Experiment.model_validate(error.current))
            else:
                self._refused(error)
            return False
        self._page.drafts.forget(experiment.id)
        if self._shows(experiment):
            self._experiment, self._rev, self._base = stored, stored.rev, stored.config
            if form.value == sent:  # else more was typed meanwhile
                form.fill(deepcopy(stored.config), False, self._offered.defaults)
            self._edited()
        await self._page.saved(stored)
        return True

    def _shows(self, experiment: Experiment) -> bool:
        """Or another one was selected meanwhile."""
        return self._experiment is not None and self._experiment.id == experiment.id

    async def _settle(self, current: Experiment) -> bool:
        """Another tab saved first: shows what differs and does as the user says. Whether all is stored now."""
        assert self._form is not None
        if current.status != "created":
            await self.update(current)
            return False
        model = experiments.task_of(self._page.studio, self._page.project.id).config
        mine = merged(model, self._base, self._form.value, current.config)
        found = differences(model, current.config, mine)
        self._experiment = current
        with self._page.dialogs:
            answer = await choose(current.name, found) if found else "theirs"
        if not self._shows(current):  # it was deleted meanwhile
            return False
        if answer == "mine":
            self._rev, self._base = current.rev, current.config
            await self.fill(mine)
            return await self._store()
        if answer == "theirs":
            self._page.drafts.forget(current.id)
            await self.show(current)
        self._refresh_buttons()
        return False

    async def _on_train(self) -> None:
        self._foot.starting()
        await self._start()
        self._refresh_buttons()

    async def _start(self) -> None:
        experiment = self._experiment
        if experiment is None or not await self._store():
            return
        try:
            started = await self._call(experiments.train, experiment.id)
        except (AIStudioError, OSError) as error:
            self._refused(error) if self._shows(experiment) else complain(error)
            return
        await self._page.started(started)

    async def _call(self, function: Any, eid: str, *arguments: Any) -> Experiment:
        studio, pid = self._page.studio, self._page.project.id
        result: Experiment = await asyncio.to_thread(function, studio, PAGE, pid, eid, *arguments)
        return result

    def _refused(self, refusal: AIStudioError | OSError) -> None:
        """Errors of single fields go to their fields, and all of them into words above the buttons."""
        error = in_words(refusal)
        if isinstance(error, InvalidConfig) and self._form is not None:
            self._form.show(error.fields)
        self._trouble.show(error)
        self._refresh_buttons()


def _started(experiment: Experiment) -> bool:
    return experiment.status != "created"
