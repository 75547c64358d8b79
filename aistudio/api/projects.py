"""`/api/projects`."""

from fastapi import APIRouter

from aistudio.api.system import REST
from aistudio.schema.project import Project, ProjectChange, ProjectRequest
from aistudio.service import projects
from aistudio.studio import Studio


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/projects", tags=["projects"])

    @router.get("")
    def list_projects() -> list[Project]:
        return projects.all_projects(studio)

    @router.post("", status_code=201)
    def create_project(request: ProjectRequest) -> Project:
        return projects.create(studio, REST, request)

    @router.get("/{pid}")
    def get_project(pid: str) -> Project:
        return projects.get(studio, pid)

    @router.patch("/{pid}")
    def rename_project(pid: str, change: ProjectChange) -> Project:
        return projects.rename(studio, REST, pid, change.name, change.rev)

    @router.delete("/{pid}", status_code=204)
    def delete_project(pid: str) -> None:
        projects.delete(studio, REST, pid)

    return router
