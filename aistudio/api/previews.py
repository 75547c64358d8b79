"""`/api/projects/{pid}/previews`."""

from fastapi import APIRouter
from fastapi.responses import FileResponse

from aistudio.schema.preview import Preview, PreviewImage, PreviewPicture, PreviewRequest
from aistudio.service import previews
from aistudio.studio import Studio

A_DAY = {"Cache-Control": "private, max-age=86400"}


class LinkedPicture(PreviewPicture):
    url: str


class LinkedImage(PreviewImage):
    pictures: list[LinkedPicture]  # type: ignore[assignment]


class LinkedPreview(Preview):
    """A preview whose pictures have addresses on this server."""

    images: list[LinkedImage]  # type: ignore[assignment]


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/projects/{pid}/previews", tags=["previews"])

    @router.post("")
    def make_preview(pid: str, request: PreviewRequest) -> LinkedPreview:
        """What an augmentation list does to images of the project, step by step; answers when it is made."""
        return _linked(pid, previews.preview(studio, pid, request))

    @router.get("/{preview_id}/{file}", response_class=FileResponse)
    def preview_picture(pid: str, preview_id: str, file: str) -> FileResponse:
        path = previews.picture(studio, pid, preview_id, file)
        kind = "image/png" if path.suffix == ".png" else "image/jpeg"
        return FileResponse(path, media_type=kind, headers=A_DAY)

    return router


def _linked(pid: str, preview: Preview) -> LinkedPreview:
    document = preview.model_dump()
    for image in document["images"]:
        for picture in image["pictures"]:
            picture["url"] = f"/api/projects/{pid}/previews/{preview.id}/{picture['file']}"
    return LinkedPreview.model_validate(document)
