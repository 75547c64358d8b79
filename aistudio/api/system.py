"""`/api/health`, `/api/devices`, `/api/system`, `/api/tasks`, `/api/formats`, `/api/folders`."""

from typing import Any

from fastapi import APIRouter

from aistudio import __version__
from aistudio.schema.device import Device
from aistudio.schema.folders import FolderList
from aistudio.schema.project import Finding
from aistudio.schema.system import MachineLoad
from aistudio.service import datasets, folders, system
from aistudio.studio import Actor, Studio
from aistudio.tasks import TASKS

REST = Actor(origin="rest")


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(tags=["system"])

    @router.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @router.get("/devices")
    def devices() -> list[Device]:
        return studio.devices.devices()

    @router.get("/system")
    def load() -> MachineLoad:
        """How busy the server's machine is at this moment, or was a few seconds ago."""
        return system.load(studio)

    @router.get("/tasks")
    def tasks() -> list[dict[str, Any]]:
        """Tasks that can be trained, each with its default config and the JSON schema of its config."""
        return [
            {
                "key": task.key,
                "name": task.name,
                "description": task.description,
                "annotation": task.annotation,
                "metrics": dict(task.metrics),
                "default_config": task.default_config(),
                "schema": task.config.model_json_schema(),
            }
            for task in TASKS
        ]

    @router.get("/formats")
    def list_formats() -> list[Finding]:
        """Formats that can be imported, each with what it brings."""
        return datasets.all_formats()

    @router.get("/folders")
    def list_folders(path: str | None = None) -> FolderList:
        """Folders of the server that may be imported; without a path those to begin with."""
        return folders.folders(studio, path)

    return router
