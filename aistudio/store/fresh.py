"""Swaps the folder of an experiment for a fresh one: at every moment, and after any crash, one of the two is there."""

import secrets
import shutil
from pathlib import Path

from aistudio.errors import Damaged
from aistudio.schema.experiment import Experiment
from aistudio.store.atomic import make_folder, move, read_json, write_json
from aistudio.store.trash import Trash

_PREFIX = "restart-"


def swap(staging: Path, trash: Trash, old: Path, document: Experiment) -> str:
    """Prepares the fresh folder, moves the old one to the trash, moves the fresh one in. Returns the trash entry."""
    wrapper = staging / f"{_PREFIX}{secrets.token_hex(4)}"
    fresh = wrapper / old.name
    make_folder(fresh)
    write_json(fresh / "experiment.json", document.model_dump(mode="json", by_alias=True))
    write_json(wrapper / "place.json", {"place": old.relative_to(trash.root).as_posix()})
    name = trash.put(old, "experiment", document.name, "restarted")
    move(fresh, old)
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
            move(fresh, place)
        shutil.rmtree(wrapper, ignore_errors=True)
