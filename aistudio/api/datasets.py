"""`/api/projects/{pid}/dataset`: imports and images."""

import mimetypes
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.requests import ClientDisconnect

from aistudio.api.system import REST
from aistudio.schema.project import (
    Dataset,
    DatasetVersion,
    ImagePage,
    ImageRecord,
    Import,
    ImportOptions,
    ImportRequest,
    OnProblems,
    ProblemPage,
    Subset,
)
from aistudio.schema.statistics import Statistics
from aistudio.service import check_report, datasets, versions
from aistudio.store.dataset import Sort
from aistudio.store.upload import Upload
from aistudio.studio import Studio

PIECE = 2**20
mimetypes.add_type("image/jpeg", ".jfif")  # which only some systems know
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/projects/{pid}/dataset", tags=["dataset"])
    _add_imports(router, studio)
    _add_upload(router, studio)
    _add_images(router, studio)
    return router


def _add_imports(router: APIRouter, studio: Studio) -> None:
    @router.post("/imports", status_code=202)
    def start_import(pid: str, request: ImportRequest) -> Import:
        return datasets.start_import(studio, REST, pid, request)

    @router.get("/imports")
    def list_imports(pid: str) -> list[Import]:
        return datasets.all_imports(studio, pid)

    @router.get("/imports/{iid}")
    def get_import(pid: str, iid: str) -> Import:
        return datasets.get_import(studio, pid, iid)

    @router.post("/imports/{iid}/accept", status_code=202)
    def accept_import(pid: str, iid: str) -> Import:
        return datasets.accept_import(studio, REST, pid, iid)

    @router.post("/imports/{iid}/cancel", status_code=202)
    def cancel_import(pid: str, iid: str) -> Import:
        return datasets.cancel_import(studio, REST, pid, iid)


def _add_upload(router: APIRouter, studio: Studio) -> None:
    @router.put("/upload", status_code=202, openapi_extra={"requestBody": {"content": {"application/zip": {}}}})
    async def upload(
        pid: str,
        request: Request,
        form: Annotated[str, Query(alias="format", max_length=64)] = "auto",
        on_problems: OnProblems = "skip",
    ) -> Import:
        """A zip file as the body of the request, then an import like any other."""
        options = ImportOptions(format=form, on_problems=on_problems)
        said = request.headers.get("content-length", "")
        length = int(said) if said.isdecimal() else None
        arriving = await run_in_threadpool(datasets.begin_upload, studio, pid, options, length)
        try:
            await _receive(request, arriving)
            return await run_in_threadpool(datasets.finish_upload, studio, REST, pid, options, arriving)
        except ClientDisconnect:
            await run_in_threadpool(arriving.abandon)
            raise HTTPException(400, "The upload was cut off; send the file again.") from None
        except BaseException:
            await run_in_threadpool(arriving.abandon)
            raise


async def _receive(request: Request, arriving: Upload) -> None:
    """In pieces of a megabyte, written by other threads."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size >= PIECE:
            await run_in_threadpool(arriving.write, b"".join(pieces))
            pieces, size = [], 0
    await run_in_threadpool(arriving.write, b"".join(pieces))


def _add_images(router: APIRouter, studio: Studio) -> None:
    @router.get("")
    def get_dataset(pid: str, version: int | None = None) -> Dataset:
        return datasets.summary(studio, pid, version)

    @router.get("/versions")
    def list_versions(pid: str) -> list[DatasetVersion]:
        """Newest first, each with the splits and the experiments that stay with it."""
        return versions.versions(studio, pid)

    @router.get("/statistics")
    def get_statistics(pid: str, version: int | None = None) -> Statistics:
        return datasets.statistics(studio, pid, version)

    @router.get("/images")
    def list_images(
        pid: str,
        page: Annotated[int, Query(ge=1)] = 1,
        page_size: Annotated[int, Query(ge=1, le=1000)] = 60,
        label: Annotated[str | None, Query(alias="class")] = None,
        search: str = "",
        sort: Sort = "id",
        split: str | None = None,
        subset: Subset | None = None,
        problem: str | None = None,
        twins: bool = False,
        version: int | None = None,
    ) -> ImagePage:
        filters = (label, search, sort, split, subset, problem, twins)
        return datasets.images(studio, pid, page, page_size, *filters, version=version)

    @router.get("/problems")
    def list_problems(
        pid: str,
        page: Annotated[int, Query(ge=1)] = 1,
        page_size: Annotated[int, Query(ge=1, le=1000)] = 100,
        kind: str | None = None,
        version: int | None = None,
    ) -> ProblemPage:
        """What the import found, those of images that were left out first."""
        return datasets.problems(studio, pid, page, page_size, kind, version)

    @router.get("/problems.csv", response_class=PlainTextResponse)
    def problems_csv(pid: str, version: int | None = None) -> PlainTextResponse:
        """All of them, as a table."""
        headers = {"Content-Disposition": f'attachment; filename="check-report-{pid}.csv"'}
        found = check_report.table(studio, pid, version)
        return PlainTextResponse(found, media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/images/{number}")
    def get_image(pid: str, number: int, version: int | None = None) -> ImageRecord:
        return datasets.image(studio, pid, number, version)

    @router.get("/images/{number}/file", response_class=FileResponse)
    def image_file(pid: str, number: int, version: int | None = None) -> FileResponse:
        path = datasets.image_file(studio, pid, number, version)
        name = PurePosixPath(datasets.image(studio, pid, number, version).name).name  # it is kept under a number
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind, filename=name, headers=FOREVER if version else None)

    @router.get("/images/{number}/view", response_class=FileResponse)
    def view_image(pid: str, number: int, version: int | None = None) -> FileResponse:
        """The image as browsers can show it: the file itself, or a PNG or JPEG that is made of it."""
        path, kind = datasets.view_file(studio, pid, number, version)
        return FileResponse(path, media_type=kind, headers=FOREVER if version else None)

    @router.get("/images/{number}/mask/view", response_class=FileResponse)
    def view_mask(pid: str, number: int, version: int | None = None) -> FileResponse:
        """A class mask as browsers can read it: red + 256 × green is the number of a pixel."""
        path = datasets.view_mask(studio, pid, number, version)
        return FileResponse(path, media_type="image/png", headers=FOREVER if version else None)

    @router.get("/images/{number}/mask", response_class=FileResponse)
    def mask(pid: str, number: int, version: int | None = None) -> FileResponse:
        path = datasets.mask_file(studio, pid, number, version)
        return FileResponse(path, media_type="image/png", headers=FOREVER if version else None)

    @router.get("/images/{number}/thumbnail", response_class=FileResponse)
    def thumbnail(pid: str, number: int, version: int | None = None) -> FileResponse:
        path = datasets.thumbnail(studio, pid, number, version)
        return FileResponse(path, media_type="image/jpeg", headers=FOREVER if version else None)
