"""Projects: all of them, a new one, and the demo."""

import asyncio
from functools import partial

from nicegui import ui

from aistudio.errors import AIStudioError
from aistudio.schema.project import Import, Project, ProjectRequest
from aistudio.service import demo, projects
from aistudio.studio import Studio
from aistudio.tasks import TASKS
from aistudio.ui.dialogs import ask_text, attempt, complain, confirm
from aistudio.ui.words import counted
from pages.actor import PAGE
from pages.frame import frame
from pages.trash import open_trash


def create(studio: Studio) -> None:
    @ui.page("/")
    def start() -> None:
        ui.navigate.to("/projects")

    @ui.page("/projects", response_timeout=30)
    async def page() -> None:
        frame(studio, "Projects")
        await ProjectsPage(studio).show()


class ProjectsPage:
    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        with ui.column().classes("page"):
            with ui.row().classes("w-full items-center"):
                ui.label("Projects").classes("page-title").props("role=heading aria-level=1")
                ui.space()
                trash = ui.button("Trash", icon="delete_outline", on_click=self._trash).props("flat color=primary")
                trash.props["aria-label"] = "Trash"
                self.demo = ui.dropdown_button(
                    "Try the demo project", icon="bolt", split=True, auto_close=True, on_click=lambda: self._demo()
                )
                self.demo.props["toggle-aria-label"] = "Choose a demo project"
                self.demo.props("outline color=primary no-caps")
                with self.demo:
                    for one in demo.DEMOS:
                        ui.item(f"{one.title}: {one.about}", on_click=partial(self._demo, one))
                ui.button("New Project", icon="add", on_click=self._new)
            self.busy = ui.column().classes("panel panel-pad w-full")
            self.cards = ui.element("div").classes("w-full")
        self.busy.set_visibility(False)

    async def show(self) -> None:
        found = await asyncio.to_thread(projects.all_projects, self.studio)
        self.cards.clear()
        with self.cards:
            if not found:
                _welcome()
            with ui.element("div").classes("cards"):
                for project in found:
                    self._card(project)

    def _card(self, project: Project) -> None:
        kind = next((one for one in TASKS if one.key == project.task), None)
        with ui.column().classes("panel card") as card:
            card.props["aria-label"] = project.name
            card.props("tabindex=0 role=link")
            with ui.row().classes("w-full items-center no-wrap gap-2"):
                ui.icon(kind.icon if kind else "error_outline", color="primary" if kind else "negative", size="20px")
                ui.label(project.name).classes("font-semibold text-sm cut flex-1")
                self._menu(project)
            if project.task:
                ui.label(kind.name if kind else f"Unknown task {project.task}").classes("badge")
            if project.damage:
                what = "Its data" if project.task else "It"
                ui.label(f"{what} cannot be read. {project.damage}").classes("reason bad")
            else:
                ui.label(f"{counted(project.images, 'image')} · {counted(project.experiments, 'experiment')}").classes(
                    "muted numbers"
                )
            if project.task:
                ui.label(f"Created {project.created_at.astimezone():%d %b %Y, %H:%M}").classes("faint")
        target = f"/projects/{project.id}/{'training' if project.experiments else 'dataset'}"
        card.on("click", lambda: ui.navigate.to(target), [])
        card.on("keydown.enter", lambda: ui.navigate.to(target), [])

    def _menu(self, project: Project) -> None:
        button = ui.button(icon="more_vert").props("flat round dense size=sm color=grey-6")
        button.props["aria-label"] = f"Menu of {project.name}"
        button.on("click.stop", lambda: None, [])
        with button, ui.menu():
            if project.task:
                ui.menu_item("Rename", on_click=lambda: self._rename(project)).props("role=menuitem")
            ui.menu_item("Delete", on_click=lambda: self._delete(project)).props("role=menuitem")

    async def _rename(self, project: Project) -> None:
        with self.cards:
            name = await ask_text("Rename project", "Name", project.name, "Rename")
            if name:
                await attempt(projects.rename, self.studio, PAGE, project.id, name, project.rev)
                await self.show()

    async def _delete(self, project: Project) -> None:
        what = f"{counted(project.images, 'image')} and {counted(project.experiments, 'experiment')} go to the trash."
        what = "All that is in it goes to the trash." if project.damage else what
        with self.cards:
            if not await confirm(f"Delete {project.name}?", what, "Delete"):
                return
            try:
                await asyncio.to_thread(projects.delete, self.studio, PAGE, project.id)
            except (AIStudioError, OSError) as error:
                complain(error)
            await self.show()

    async def _trash(self) -> None:
        if await open_trash(self.studio):
            await self.show()

    async def _new(self) -> None:
        with ui.dialog() as dialog, ui.card().classes("panel w-96"):
            dialog.props["aria-label"] = "New project"
            ui.label("New project").classes("text-base font-semibold")
            name = ui.input("Name").classes("w-full").props("autofocus maxlength=100")
            kind = ui.select({one.key: one.name for one in TASKS}, label="Task", value=TASKS[0].key).classes("w-full")
            ui.label(TASKS[0].description).classes("faint")
            with ui.row().classes("w-full justify-end gap-2"):
                ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat color=grey-7")
                ui.button("Create", on_click=lambda: dialog.submit(True)).bind_enabled_from(name, "value", _is_name)
            name.on("keydown.enter", lambda: dialog.submit(True) if _is_name(name.value) else None, [])
        if await dialog and _is_name(name.value):
            request = ProjectRequest(name=name.value, task=kind.value or TASKS[0].key)
            project = await attempt(projects.create, self.studio, PAGE, request)
            if project is not None:
                ui.navigate.to(f"/projects/{project.id}/dataset")
        dialog.delete()

    async def _demo(self, chosen: demo.Demo = demo.DIGITS) -> None:
        """Makes a demo project and goes to its first run."""
        self.demo.disable()
        self.busy.clear()
        self.busy.set_visibility(True)
        state: dict[str, Import] = {}
        with self.busy:
            ui.label(f"Making the demo project: {chosen.about}").classes("panel-title")
            bar = ui.linear_progress(0, show_value=False).props("rounded")
            text = ui.label("Writing the images").classes("muted numbers")
            ui.timer(0.2, lambda: _progress(bar, text, state))
        made = await attempt(demo.start, self.studio, PAGE, lambda job: state.update(job=job), chosen)
        if made is not None:
            project, experiment = made
            ui.navigate.to(f"/projects/{project.id}/training?experiment={experiment.id}")
        self.busy.set_visibility(False)
        self.demo.enable()


def _progress(bar: ui.linear_progress, text: ui.label, state: dict[str, Import]) -> None:
    job = state.get("job")
    if job is not None and job.total:
        bar.set_value(job.done / job.total)
        text.set_text(f"{job.done:,} of {job.total:,} images")


def _is_name(text: str) -> bool:
    return bool(text and text.strip())


def _welcome() -> None:
    with ui.column().classes("empty panel"):
        ui.icon("hub", size="40px", color="primary")
        ui.label("Train an image model without writing code").classes("text-base font-semibold")
        ui.label("Make a project, import a folder of images, split it, press Train.")
        ui.label("Or try the demo project: real images, and a trained model in about a minute.")
