"""Edits that were not saved: one draft for each browser and experiment, kept through reloads and restarts."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from nicegui import app


@dataclass(frozen=True)
class Draft:
    """`rev` is the revision of the experiment that the edits began on."""

    rev: int
    config: dict[str, Any]


def get(eid: str) -> Draft | None:
    found = _all().get(eid)
    return Draft(found["rev"], deepcopy(found["config"])) if found else None


def put(eid: str, draft: Draft) -> None:
    app.storage.user["drafts"] = {**_all(), eid: {"rev": draft.rev, "config": deepcopy(draft.config)}}


def forget(eid: str) -> None:
    if eid in _all():
        app.storage.user["drafts"] = {key: value for key, value in _all().items() if key != eid}


def _all() -> dict[str, Any]:
    drafts: dict[str, Any] = app.storage.user.get("drafts", {})
    return drafts
