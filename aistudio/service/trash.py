"""The trash: what was deleted in the last days, and how to have it back."""

from aistudio.schema.trash import TrashEntry
from aistudio.store import split_trash
from aistudio.studio import Actor, Studio


def entries(studio: Studio) -> list[TrashEntry]:
    """Newest first."""
    return studio.workspace.trash.entries()


def restore(studio: Studio, actor: Actor, name: str) -> TrashEntry:
    """Puts it back where it was. Raises NotFound, or Conflict if the place is taken."""
    with studio.workspace.guard("trash"):
        entry = studio.workspace.trash.restore(name)
        if entry.kind == "split":
            project = entry.place.split("/")[1]
            with studio.workspace.guard(f"splits:{project}"):
                split_trash.take_back(studio.workspace.project(project))
    studio.record(actor, "restore", entry.place)
    return entry
