"""Edits that were not saved: one draft for each browser and experiment, kept through reloads and restarts."""

from collections.abc import MutableMapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Draft:
    """`rev` and `base` are the revision and the config of the experiment that the edits began on."""

    rev: int
    base: dict[str, Any]
    config: dict[str, Any]


class Drafts:
    """Of one browser, whose storage this is."""

    def __init__(self, storage: MutableMapping[str, Any]) -> None:
        self._storage = storage

    def get(self, eid: str) -> Draft | None:
        found = self._all().get(eid)
        return Draft(found["rev"], found["base"], deepcopy(found["config"])) if found else None

    def put(self, eid: str, draft: Draft) -> None:
        self._storage["drafts"] = {**self._all(), eid: asdict(draft)}

    def forget(self, eid: str) -> None:
        if eid in self._all():
            self._storage["drafts"] = {key: value for key, value in self._all().items() if key != eid}

    def _all(self) -> dict[str, Any]:
        drafts: dict[str, Any] = self._storage.get("drafts", {})
        return drafts
