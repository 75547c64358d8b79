"""The three columns, and what keeps them up to date."""

import asyncio
from functools import partial

from nicegui import app, background_tasks, ui

from aistudio.jobs.run import Run
from aistudio.schema.experiment import Experiment, ExperimentRequest
from aistudio.schema.project import Project
from aistudio.service import experiments
from aistudio.service.news import News, NewsReader
from aistudio.studio import Studio
from aistudio.ui.dialogs import attempt
from aistudio.ui.scope import Scope
from pages.actor import PAGE
from pages.training.configuration import Configuration
from pages.training.drafts import Drafts
from pages.training.experiments import ExperimentList
from pages.training.results import Results

COLUMNS = ("Experiments", "Configuration", "Results")
GONE = "The experiment of that address is gone. If it was deleted, the trash on the Projects page may have it."


class TrainingPage:
    """Which experiment is selected stands in the URL; everything else is read from the studio."""

    def __init__(self, studio: Studio, project: Project) -> None:
        self.studio = studio
        self.project = project
        self.selected: str | None = None
        self._client = ui.context.client
        self.drafts = Drafts(app.storage.user)  # of this browser, also when another one's change is drawn here
        self._news: dict[str, News] = {}
        self._refreshing = True  # until the columns are there
        self._drawing = asyncio.Lock()  # one at a time, or what was read before would be drawn after what is newer
        self._revs: dict[str, int] = {}
        self.dialogs = ui.element("div")  # questions stay open while the columns change below them
        ui.label("Train").classes("only-read").props("role=heading aria-level=1")
        with ui.element("div").classes("page-fill"):
            if project.damage:
                with ui.row().classes("page-note bad items-center gap-3").props("role=alert"):
                    ui.label(f"The images cannot be read. {project.damage}")
                    ui.link("Go to Data", f"/projects/{project.id}/dataset")
            with ui.element("div").classes("column-tabs"):
                with ui.tabs(on_change=lambda event: self._look_at(str(event.value))) as self._seen:
                    for name in COLUMNS:
                        ui.tab(name).props("no-caps")
                self._stop = ui.button(icon="stop", on_click=self._on_stop).props("flat dense color=negative")
                self._stop.props["aria-label"] = "Stop Training"
            with ui.element("div").classes("columns3 shows-experiments") as self._columns:
                self.list = ExperimentList(self)
                self.configuration = Configuration(self)
                self.results = Results(self)
        self._seen.set_value(COLUMNS[0])
        self._scope = Scope()
        self._scope.follow(partial(studio.feed.follow, NewsReader(studio)), self._changed)

    @property
    def gone(self) -> bool:
        """Nobody looks at it any more."""
        return self._scope.is_deleted

    def _look_at(self, column: str) -> None:
        """Which column is seen where there is no room for all three."""
        self._columns.classes(replace=f"columns3 shows-{column.lower()}")
        self.offer_stop()

    def offer_stop(self) -> None:
        """Where one column is seen at a time, Stop stays in sight: beside the tabs, or below the results."""
        self._stop.set_visibility(self.results.can_stop and "shows-results" not in self._columns.classes)

    async def _on_stop(self) -> None:
        await self.results.stop()

    async def start(self, selected: str | None) -> None:
        found = await asyncio.to_thread(experiments.all_experiments, self.studio, self.project.id)
        known = {experiment.id for experiment in found}
        if selected not in known:
            if selected is not None:
                ui.notify(GONE, type="warning", timeout=8000, close_button="Close", multi_line=True)
            selected = found[-1].id if found else None
        await self.list.fill(found, selected)
        await self.select(selected, push=False)
        self._refresh()

    async def select(self, eid: str | None, push: bool = True) -> None:
        self.selected = eid
        self.configuration.leave()
        if push:
            self.list.mark(eid)
        path = f"/projects/{self.project.id}/training"
        target = f"{path}?experiment={eid}" if eid else path
        (ui.navigate.history.push if push else ui.navigate.history.replace)(target)
        async with self._drawing:
            experiment = await self.get(eid) if eid and self.selected == eid else None
            if self.selected != eid:  # another one was selected meanwhile
                return
            if experiment is not None:
                self._is_newest(experiment)
            with self._client:
                await self.configuration.show(experiment)
                if self.selected == eid:
                    await self.results.show(experiment)

    async def follow(self, eid: str | None) -> None:
        """The selected one is gone, with its address; the list has chosen another one."""
        await self.select(eid, push=False)

    async def new(self) -> None:
        experiment = await attempt(experiments.create, self.studio, PAGE, self.project.id, ExperimentRequest())
        if experiment is not None:
            await self.add(experiment)

    async def add(self, experiment: Experiment) -> None:
        """A new one, which is selected at once."""
        await self.list.put(experiment)
        await self.select(experiment.id)

    async def started(self, experiment: Experiment) -> None:
        """Train was pressed: the first thing wanted is how it goes, whichever tab was chosen before."""
        if experiment.id == self.selected:
            self._seen.set_value(COLUMNS[2])
            self.results.begin()
        await self.saved(experiment)

    async def saved(self, experiment: Experiment) -> None:
        """The configuration column stored or started it. It is read once more: it may have gone on since."""
        async with self._drawing:
            newest = await self.get(experiment.id)
            if newest is not None and self._is_newest(newest):
                await self.list.put(newest)
                await self._show(newest)

    def _changed(self, news: News) -> None:
        """Collects what is new; one task at a time draws it, and of each experiment only the newest."""
        if news.project == self.project.id:
            self._news[news.id] = news
            if not self._refreshing:
                self._refresh()

    def _refresh(self) -> None:
        self._refreshing = True
        background_tasks.create(self._draw(), name="refresh")

    async def _draw(self) -> None:
        try:
            while self._news and not self.gone:
                news = self._news.pop(next(iter(self._news)))
                with self._client:
                    await self._put(news)
        finally:  # a fault of one change must not keep the next from being drawn
            self._refreshing = False

    async def _put(self, news: News) -> None:
        experiment = news.experiment
        if experiment is None:
            self._revs.pop(news.id, None)  # it may come back from the trash
            self.list.remove(news.id)
            return
        async with self._drawing:
            if self._is_newest(experiment):
                self.list.draw(experiment, news.origin)
                await self._show(experiment, news.run)

    async def _show(self, experiment: Experiment, said: Run | None = None) -> None:
        if experiment.id == self.selected:
            await self.configuration.update(experiment)
        if experiment.id == self.selected:  # still
            await self.results.show(experiment, said)

    def _is_newest(self, experiment: Experiment) -> bool:
        """What was read before this page saved something must not be drawn over it."""
        if experiment.is_damaged:
            return True
        newest = max(experiment.rev, self._revs.get(experiment.id, 0))
        self._revs[experiment.id] = newest
        return experiment.rev == newest

    async def get(self, eid: str) -> Experiment | None:
        """None for one that is gone."""
        return await asyncio.to_thread(experiments.find, self.studio, self.project.id, eid)
