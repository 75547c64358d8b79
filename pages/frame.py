"""What is around every page: top bar, project, tabs, light and dark."""

from functools import partial

from nicegui import app, ui

from aistudio.errors import AIStudioError
from aistudio.schema.project import Project
from aistudio.service import projects
from aistudio.service.news import Counts, CountsReader
from aistudio.studio import Studio
from aistudio.tasks import task
from aistudio.ui.colour_scheme import ColourScheme
from aistudio.ui.scope import Scope
from pages.queue import open_queue

TABS = (
    ("Projects", "folder_open", "/projects"),
    ("Data", "photo_library", "/projects/{pid}/dataset"),
    ("Split", "call_split", "/projects/{pid}/split"),
    ("Train", "model_training", "/projects/{pid}/training"),
)


def frame(studio: Studio, active: str, pid: str | None = None) -> Project | None:
    """Draws it; the project, or None where there is none to be read, which leads to a page that says so."""
    ui.context.client.content.classes("p-0 gap-0 w-full")
    scheme = ColourScheme(app.storage.user.get("dark"))
    project = None
    if pid is not None:
        try:
            project = projects.get(studio, pid)
            task(project.task)
        except AIStudioError as error:
            _missing(str(error))
            return None
    ui.page_title(f"{project.name} · {active}" if project else "AI Studio")
    with ui.header().classes("frame-top p-0 gap-0 column"):
        with ui.row().classes("frame-bar items-center w-full"):
            _bar(studio, project, scheme)
        if project is not None:
            with ui.tabs().classes("frame-tabs w-full").props(f"align=left inline-label dense model-value={active}"):
                for label, icon, target in TABS:
                    _tab(label, icon, target.format(pid=project.id))
    return project


def _bar(studio: Studio, project: Project | None, scheme: ColourScheme) -> None:
    with ui.link(target="/projects").classes("brand").props('aria-label="AI Studio"'):
        ui.icon("hub", color="primary", size="22px")
        ui.label("AI Studio").classes("brand-name")
    if project is not None:
        with ui.element("div").classes("frame-project"):
            ui.separator().props("vertical")
            ui.label(project.name).classes("cut font-medium").props["title"] = project.name
            ui.label(task(project.task).name).classes("badge")
    ui.space()
    _running(studio)
    dark = ui.button(icon="dark_mode", on_click=lambda: _toggle_dark(scheme)).props("flat round dense color=primary")
    dark.props["aria-label"] = "Light or dark"


def _running(studio: Studio) -> None:
    """How many runs are on the way and how many wait, kept up to date; a click shows the queue."""
    badge = ui.button(on_click=lambda: open_queue(studio)).props("flat dense size=sm").classes("badge busy")

    def update(now: Counts) -> None:
        badge.set_text(f"● {now.running} running" + (f" · {now.waiting} waiting" if now.waiting else ""))
        badge.set_visibility(now.running + now.waiting > 0)

    read = CountsReader(studio)
    update(read())
    Scope().follow(partial(studio.feed.follow, read), update)


def _tab(label: str, icon: str, target: str) -> None:
    tab = ui.element("q-route-tab").props(f"name={label} label={label} icon={icon} no-caps")
    tab.props["href"] = target


async def _toggle_dark(scheme: ColourScheme) -> None:
    """What is shown is what counts: without a choice of the user it follows the system."""
    dark = not await ui.run_javascript("Quasar.Dark.isActive", timeout=30)
    app.storage.user["dark"] = dark
    scheme.set(dark)


def _missing(message: str) -> None:
    with ui.column().classes("empty"):
        ui.label(message).classes("text-base")
        ui.link("All projects", "/projects")
