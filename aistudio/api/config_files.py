"""`/api/projects/{pid}/experiments/…`: configurations as files, and as code."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import PlainTextResponse

from aistudio.api.system import REST
from aistudio.errors import BadInput
from aistudio.schema.experiment import Experiment
from aistudio.schema.project import Name
from aistudio.service import code, config_files
from aistudio.studio import Studio

YAML = "application/yaml"  # RFC 9512


class YamlResponse(PlainTextResponse):
    media_type = YAML


class PythonResponse(PlainTextResponse):
    media_type = "text/x-python"


def routes(studio: Studio) -> APIRouter:
    router = APIRouter(prefix="/projects/{pid}/experiments", tags=["experiments"])

    @router.get("/{eid}/config.yaml", response_class=YamlResponse)
    def export_config(pid: str, eid: str) -> str:
        return config_files.to_yaml(studio, pid, eid)

    @router.post("/config.yaml", status_code=201)
    def import_config(pid: str, body: Annotated[bytes, Body(media_type=YAML)], name: Name | None = None) -> Experiment:
        """A new experiment with the configuration in the body; what it leaves out takes the defaults.

        `detail` of the answer says which split was taken, if it is not the one that was named.
        """
        return config_files.create(studio, REST, pid, _text(body), name)

    @router.get("/{eid}/code", response_class=PythonResponse)
    def code_of(pid: str, eid: str) -> str:
        """A standalone script: it trains the experiment without AI Studio, on this machine."""
        return code.script(studio, pid, eid)

    return router


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("The file is not text in UTF-8.", "Save it as UTF-8.") from None
