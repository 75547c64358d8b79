"""The REST application: every resource under /api, documented at /api/docs."""

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.routing import compile_path
from starlette.staticfiles import StaticFiles

from aistudio import __version__
from aistudio.api import config_files, datasets, experiments, previews, problems, projects, queue, splits, system, trash
from aistudio.studio import Studio


def create_api(studio: Studio) -> FastAPI:
    app = FastAPI(
        title="AI Studio", version=__version__, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None
    )
    problems.install(app)
    for room in (system, projects, datasets, splits, experiments, config_files, previews, queue, trash):
        app.include_router(room.routes(studio), prefix="/api")
    app.mount("/api/docs/static", StaticFiles(packages=[("fastapi_swagger", "resources")]))
    app.include_router(_documentation(), prefix="/api")
    return app


def _documentation() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/api/openapi.json",
            title="AI Studio REST",
            swagger_js_url="/api/docs/static/swagger-ui-bundle.js",
            swagger_css_url="/api/docs/static/swagger-ui.css",
            swagger_favicon_url="/api/docs/static/favicon-32x32.png",
        )

    @router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def unknown(path: str, request: Request) -> None:
        known = request.app.openapi()["paths"].items()
        takes = {way.upper() for one, ways in known if compile_path(one)[0].match(f"/api/{path}") for way in ways}
        if takes and request.method not in takes:
            allowed = ", ".join(sorted(takes))
            raise HTTPException(405, f"/api/{path} takes {allowed}, not {request.method}.", {"Allow": allowed})
        raise HTTPException(404, f"There is no /api/{path}; see /api/docs.")

    return router
