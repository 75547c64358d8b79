"""`/api/trash`."""

from fastapi import APIRouter

from aistudio.api.system import REST
from aistudio.schema.trash import TrashEntry
from aistudio.service import trash
from aistudio.studio import Studio


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/trash", tags=["trash"])

    @router.get("")
    def entries() -> list[TrashEntry]:
        return trash.entries(studio)

    @router.post("/{name}/restore")
    def restore(name: str) -> TrashEntry:
        """Puts it back where it was."""
        return trash.restore(studio, REST, name)

    return router
