"""`/api/queue`."""

from fastapi import APIRouter

from aistudio.api.system import REST
from aistudio.schema.experiment import QueueOrder, QueuePlace
from aistudio.service import experiments
from aistudio.studio import Studio


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/queue", tags=["queue"])

    @router.get("")
    def queue() -> list[QueuePlace]:
        return experiments.queue(studio)

    @router.put("")
    def reorder(order: QueueOrder) -> list[QueuePlace]:
        """Those that are left out stay behind, in their order."""
        return experiments.reorder(studio, REST, order.experiments)

    return router
