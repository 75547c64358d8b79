"""How a split goes to the trash and comes back: its rows become a document, and rows again."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from aistudio.errors import Damaged
from aistudio.schema.project import Subset
from aistudio.schema.split import Split
from aistudio.store.atomic import make_folder, read_json, write_json
from aistudio.store.splits import Made

if TYPE_CHECKING:
    from aistudio.store.workspace import ProjectFolder

FOLDER = "deleted-splits"


def discard(project: "ProjectFolder", sids: Sequence[str], title: str) -> None:
    """All of them as one thing. Killed at any step, each is still there, in the trash, or both. Raises NotFound."""
    splits = [project.splits.get(sid) for sid in sids]
    path = project.path / FOLDER / f"{'+'.join(sids)}.json"
    make_folder(path.parent)
    documents = [{"split": one.model_dump(mode="json"), "members": project.splits.members(one.id)} for one in splits]
    write_json(path, {"splits": documents})
    project.workspace.trash.put(path, "split", title)
    project.splits.delete(sids)
    _tidy(path.parent)


def deleted(project: "ProjectFolder") -> dict[str, str]:
    """Id → name of the splits of the project that lie in the trash."""
    places = {Path(one.place): one.title for one in project.workspace.trash.entries() if one.kind == "split"}
    folder = (project.path / FOLDER).relative_to(project.workspace.root)
    found = ((place.stem.split("+"), title) for place, title in places.items() if place.parent == folder)
    return {sid: title for sids, title in found for sid in sids}


def take_back(project: "ProjectFolder") -> None:
    """Makes rows of what came back from the trash. Where its name is taken by now, it gets a number."""
    for path in sorted((project.path / FOLDER).glob("*.json")):
        with contextlib.suppress(Damaged, ValidationError, KeyError):  # what cannot be read stays, until somebody looks
            _add(project, path)
    _tidy(project.path / FOLDER)


def _add(project: "ProjectFolder", path: Path) -> None:
    there = project.splits.all()
    known = {split.id for split in there}
    made = [_made(document) for document in read_json(path)["splits"]]
    gone = [(split, members) for split, members in made if split.id not in known]  # the others never went
    names = _free_names([split for split, _ in gone], {other.name for other in there})
    project.splits.add(
        [(split.model_copy(update={"name": name}), members) for (split, members), name in zip(gone, names, strict=True)]
    )
    path.unlink()


def _made(document: dict[str, Any]) -> Made:
    members: dict[Subset, list[int]] = document["members"]
    return Split.model_validate(document["split"]), {
        image: part for part, images in members.items() for image in images
    }


def _free_names(splits: Sequence[Split], taken: set[str]) -> list[str]:
    numbered = ([_numbered(split, number) for split in splits] for number in range(1, len(taken) + 2))
    return next(names for names in numbered if taken.isdisjoint(names))


def _numbered(split: Split, number: int) -> str:
    """Folds get the number as a set, or they would be taken for folds of the set that has their name now."""
    if number == 1:
        return split.name
    fold = split.fold
    return fold._replace(given=f"{fold.given} {number}").name if fold else f"{split.name} {number}"


def free_name(name: str, taken: set[str]) -> str:
    """The name, or with the first number that makes it free."""
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
    return next(one for one in names if one not in taken)


def _tidy(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not there, or not empty
        folder.rmdir()
