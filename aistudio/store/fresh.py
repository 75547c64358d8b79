"""Swaps the folder of an experiment for a fresh one: at every moment, and after any crash, one of the two is there."""

import secrets
import shutil
from pathlib import Path

from aistudio.errors import Damaged
from aistudio.schema.experiment import Experiment
from aistudio.store.atomic import read_json, sync_folder, write_json
from aistudio.store.trash import Trash

_PREFIX = "restart-"


def swap(staging: Path, trash: Trash, old: Path, document: Experiment) -> str:
    """Prepares the fresh folder, moves the old one to the trash, moves the fresh one in. Returns the trash entry."""
    wrapper = staging / f"{_PREFIX}{secrets.token_hex(4)}"
    fresh = wrapper / old.name
    fresh.mkdir(parents=True)
    write_json(fresh / "experiment.json", document.model_dump(mode="json", by_alias=True))
    sync_folder(wrapper)
    write_json(wrapper / "place.json", {"place": old.relative_to(trash.root).as_posix()})
    name = trash.put(old, "experiment", document.name, "restarted")
    fresh.rename(old)
    sync_folder(old.parent)
    shutil.rmtree(wrapper, ignore_errors=True)
    return name


def finish(root: Path, staging: Path) -> None:
    """What a killed server began: completed if the old folder is in the trash already, else forgotten."""
    for wrapper in staging.glob(f"{_PREFIX}*"):
        try:
            place = root / str(read_json(wrapper / "place.json").get("place"))
        except (FileNotFoundError, Damaged):
            place = None
        fresh = wrapper / place.name if place else wrapper
        if place and fresh.is_dir() and fresh != wrapper and not place.exists() and place.parent.is_dir():
            fresh.rename(place)
            sync_folder(place.parent)
        shutil.rmtree(wrapper, ignore_errors=True)
