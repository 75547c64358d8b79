"""Projects: make, list, rename, delete."""

from contextlib import ExitStack
from datetime import UTC, datetime

from aistudio import tasks
from aistudio.errors import Conflict, Damaged, NotFound, StaleRevision
from aistudio.schema.project import Project, ProjectRequest
from aistudio.store.experiments import now
from aistudio.store.workspace import ProjectFolder, new_id
from aistudio.studio import Actor, Studio


def create(studio: Studio, actor: Actor, request: ProjectRequest) -> Project:
    """Raises BadInput for an unknown task."""
    task = tasks.task(request.task)
    project = Project(id=new_id(), name=request.name, task=task.key, created_at=now())
    studio.record(actor, "create project", project.id)
    return _view(studio.workspace.create_project(project))


def all_projects(studio: Studio) -> list[Project]:
    """Newest first. One that cannot be read is listed with its damage."""
    views = [_view_or_damage(folder) for folder in studio.workspace.projects()]
    return sorted((view for view in views if view), key=lambda one: one.created_at)[::-1]


def get(studio: Studio, pid: str) -> Project:
    return _view(studio.workspace.project(pid))


def rename(studio: Studio, actor: Actor, pid: str, name: str, base_rev: int) -> Project:
    """`base_rev` is the revision that was renamed. Raises StaleRevision if somebody else was faster."""
    folder = studio.workspace.project(pid)
    with studio.workspace.guard(f"project:{pid}"):
        current = folder.read()
        if base_rev != current.rev:
            raise StaleRevision(f"{current.name} was changed elsewhere meanwhile.", current.model_dump(mode="json"))
        folder.write(current.model_copy(update={"name": name, "rev": current.rev + 1}))
    studio.record(actor, "rename project", pid)
    return _view(folder)


def delete(studio: Studio, actor: Actor, pid: str) -> None:
    """Moves it to the trash. Raises Conflict while something of it runs."""
    with ExitStack() as held, studio.workspace.guard(f"experiments:{pid}"):
        folder = studio.workspace.project(pid)
        for experiment in folder.experiments():
            held.enter_context(experiment.lock)  # or one could be started between the question and the move
        held.enter_context(studio.workspace.guard(f"splits:{pid}"))
        if any(experiment.is_active() for experiment in folder.experiments()):
            raise Conflict("An experiment of the project is queued or training.", "Stop it first.")
        if studio.manager.is_importing(pid):
            raise Conflict("Images are being imported into the project.", "Cancel the import first, or wait.")
        for experiment in folder.experiments():
            studio.manager.forget(experiment)
        studio.workspace.trash.put(folder.path, "project", _title(folder))
    studio.record(actor, "delete project", pid)


def _title(folder: ProjectFolder) -> str:
    try:
        return folder.read().name
    except Damaged:
        return folder.id


def _view_or_damage(folder: ProjectFolder) -> Project | None:
    """None for one that was deleted a moment ago."""
    try:
        return _view(folder)
    except FileNotFoundError:
        return None
    except Damaged as error:
        start = datetime.fromtimestamp(0, UTC)
        return Project(id=folder.id, name=f"Project {folder.id}", task="", created_at=start, damage=str(error))


def _view(folder: ProjectFolder) -> Project:
    project = folder.read()
    images, damage = 0, ""
    try:
        dataset = folder.dataset()
        images = dataset.count() if dataset else 0
    except (Damaged, NotFound) as error:  # the rest of the project is there all the same
        damage = str(error)
    update = {"images": images, "experiments": len(folder.experiments()), "damage": damage}
    return project.model_copy(update=update)
