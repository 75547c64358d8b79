"""`/api/projects/{pid}/experiments`."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from aistudio.api.stream import stream
from aistudio.api.system import REST
from aistudio.schema.console import Console, Threshold
from aistudio.schema.experiment import (
    Curves,
    DuplicateRequest,
    Experiment,
    ExperimentChange,
    ExperimentRequest,
    ResumeRequest,
)
from aistudio.schema.system import SystemCurves
from aistudio.service import console, experiments, offers, system
from aistudio.studio import Studio


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/projects/{pid}/experiments", tags=["experiments"])
    _add_documents(router, studio)
    _add_runs(router, studio)
    return router


def _add_documents(router: APIRouter, studio: Studio) -> None:
    @router.get("")
    def list_experiments(pid: str) -> list[Experiment]:
        return experiments.all_experiments(studio, pid)

    @router.post("", status_code=201)
    def create_experiment(pid: str, request: ExperimentRequest) -> Experiment:
        return experiments.create(studio, REST, pid, request)

    @router.get("/{eid}")
    def get_experiment(pid: str, eid: str) -> Experiment:
        return experiments.get(studio, pid, eid)

    @router.patch("/{eid}")
    def change_experiment(pid: str, eid: str, change: ExperimentChange) -> Experiment:
        return experiments.change(studio, REST, pid, eid, change)

    @router.delete("/{eid}", status_code=204)
    def delete_experiment(pid: str, eid: str) -> None:
        experiments.delete(studio, REST, pid, eid)


def _add_runs(router: APIRouter, studio: Studio) -> None:
    @router.post("/{eid}/train", status_code=202)
    def train(pid: str, eid: str) -> Experiment:
        return experiments.train(studio, REST, pid, eid)

    @router.post("/{eid}/stop", status_code=202)
    def stop(pid: str, eid: str) -> Experiment:
        return experiments.stop(studio, REST, pid, eid)

    @router.post("/{eid}/resume", status_code=202)
    def resume(pid: str, eid: str, request: ResumeRequest | None = None) -> Experiment:
        """Goes on from the last checkpoint, or from the one before it if that is damaged; `detail` says from which."""
        return experiments.resume(studio, REST, pid, eid, request)

    @router.post("/{eid}/restart")
    def restart(pid: str, eid: str) -> Experiment:
        """Back to `created` with its config; everything that came out moves to the trash."""
        return experiments.restart(studio, REST, pid, eid)

    @router.post("/{eid}/duplicate", status_code=201)
    def duplicate(pid: str, eid: str, request: DuplicateRequest | None = None) -> Experiment:
        wish = request or DuplicateRequest()
        if wish.smaller_batch:
            return offers.smaller_batch(studio, REST, pid, eid)
        if wish.without_pretrained:
            return offers.without_pretrained(studio, REST, pid, eid)
        return experiments.duplicate(studio, REST, pid, eid)

    @router.get("/{eid}/metrics")
    def metrics(pid: str, eid: str, max_points: Annotated[int | None, Query(ge=2)] = None) -> Curves:
        return experiments.metrics(studio, pid, eid, max_points)

    @router.get("/{eid}/metrics.csv", response_class=PlainTextResponse)
    def metrics_csv(pid: str, eid: str) -> PlainTextResponse:
        """Everything that was recorded, none of it thinned."""
        headers = {"Content-Disposition": f'attachment; filename="metrics-{eid}.csv"'}
        table = experiments.metrics_csv(studio, pid, eid)
        return PlainTextResponse(table, media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/{eid}/system")
    def sampled(
        pid: str,
        eid: str,
        max_points: Annotated[int | None, Query(ge=2)] = 2000,
        since: Annotated[int, Query(ge=0)] = 0,
    ) -> SystemCurves:
        return system.system(studio, pid, eid, max_points, since)

    @router.get("/{eid}/console")
    def printed(pid: str, eid: str, since: str | None = None, level: Threshold = "all") -> Console:
        return console.console(studio, pid, eid, since, level)

    @router.get("/{eid}/log", response_class=PlainTextResponse)
    def log(pid: str, eid: str, download: bool = False, attempt: Annotated[int | None, Query(ge=1)] = None) -> Response:
        """The end of what the last attempt printed, or with `download` all that is kept of what an attempt printed."""
        if not download:
            return PlainTextResponse(experiments.log(studio, pid, eid))
        name, parts = console.download(studio, pid, eid, attempt)
        return StreamingResponse(
            parts, media_type="text/plain", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    @router.get("/{eid}/events", response_class=StreamingResponse)
    def events(pid: str, eid: str, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        """Server-sent events: the lines of `events.jsonl` as `run`, the experiment as `experiment` when it changes.

        Ends when the run has ended. `Last-Event-ID` goes on where a lost connection left off.
        """
        experiments.get(studio, pid, eid)
        return StreamingResponse(stream(studio, pid, eid, last_event_id), media_type="text/event-stream")
