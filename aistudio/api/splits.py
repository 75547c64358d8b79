"""`/api/projects/{pid}/splits`."""

from fastapi import APIRouter

from aistudio.api.system import REST
from aistudio.schema.experiment import Experiment
from aistudio.schema.split import (
    FoldsPlan,
    FoldsRequest,
    GroupBy,
    GroupCrossings,
    GroupReport,
    LeakReport,
    Split,
    SplitPlan,
    SplitRequest,
)
from aistudio.service import splits
from aistudio.studio import Studio


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/projects/{pid}/splits", tags=["splits"])

    @router.get("")
    def list_splits(pid: str) -> list[Split]:
        return splits.all_splits(studio, pid)

    @router.post("", status_code=201)
    def create_split(pid: str, request: SplitRequest) -> Split:
        return splits.create(studio, REST, pid, request)

    @router.post("/preview")
    def preview_split(pid: str, plan: SplitPlan) -> Split:
        return splits.preview(studio, pid, plan)

    @router.post("/preview/leaks")
    def preview_leaks(pid: str, plan: SplitPlan) -> LeakReport:
        return splits.preview_leaks(studio, pid, plan)

    @router.post("/preview/folds")
    def preview_folds(pid: str, plan: FoldsPlan) -> list[Split]:
        return splits.preview_folds(studio, pid, plan)

    @router.post("/preview/groups")
    def preview_groups(pid: str, by: GroupBy) -> GroupReport:
        return splits.preview_groups(studio, pid, by)

    @router.post("/folds", status_code=201)
    def create_folds(pid: str, request: FoldsRequest) -> list[Split]:
        return splits.create_folds(studio, REST, pid, request)

    @router.post("/source", status_code=201)
    def keep_source(pid: str) -> Split:
        return splits.keep_source(studio, REST, pid)

    @router.get("/{sid}/leaks")
    def get_leaks(pid: str, sid: str) -> LeakReport:
        return splits.leaks(studio, pid, sid)

    @router.post("/{sid}/leaks/groups")
    def check_groups(pid: str, sid: str, by: GroupBy) -> GroupCrossings:
        """Which groups cross the subsets of a split, whatever it was made by."""
        return splits.group_crossings(studio, pid, sid, by)

    @router.get("/{sid}/users")
    def get_users(pid: str, sid: str) -> list[Experiment]:
        """The experiments that use it."""
        return splits.users(studio, pid, sid)

    @router.get("/{sid}")
    def get_split(pid: str, sid: str) -> Split:
        return splits.get(studio, pid, sid)

    @router.delete("/{sid}", status_code=204)
    def delete_split(pid: str, sid: str, folds: bool = False) -> None:
        """`folds`: with all that were made together with it."""
        (splits.delete_folds if folds else splits.delete)(studio, REST, pid, sid)

    return router
