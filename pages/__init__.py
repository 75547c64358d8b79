"""The pages: one file each, with `create(studio)`."""

from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from aistudio.studio import Studio
from aistudio.ui import theme
from aistudio.ui.garbage import Garbage
from pages import dataset, projects, split, training

PAGES = (projects, dataset, split, training)


def create_pages(studio: Studio, api: FastAPI, secret: str) -> None:
    """Adds every page to the application that serves REST already."""
    theme.install()
    Garbage().watch()
    for page in PAGES:
        page.create(studio)
    ui.run_with(
        api,
        title="AI Studio",
        favicon="🔷",
        dark=None,
        language="en-US",
        storage_secret=secret,
        session_middleware_kwargs={"session_cookie": f"aistudio_{studio.settings.port}", "same_site": "lax"},
        reconnect_timeout=30,
        gzip_middleware_factory=_gzip,
        show_welcome_message=False,
    )


def _gzip(app: ASGIApp) -> GZipMiddleware:
    """Level 4: a page of 1 MB costs 16 ms of the event loop, at level 9 it is 121 ms."""
    return GZipMiddleware(app, minimum_size=1024, compresslevel=4)
