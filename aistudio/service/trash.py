"""The trash: what was deleted in the last days, and how to have it back."""

from pathlib import Path

from aistudio.schema.trash import TrashEntry
from aistudio.store import split_trash
from aistudio.studio import Actor, Studio


def entries(studio: Studio) -> list[TrashEntry]:
    """Newest first."""
    return studio.workspace.trash.entries()


def restore(studio: Studio, actor: Actor, name: str) -> TrashEntry:
    """Puts it back where it was. Raises NotFound, or Conflict if the place is taken."""
    workspace = studio.workspace
    with workspace.guard("trash"):
        entry = workspace.trash.entry(name)
        pid = Path(entry.place).parts[1]
        with workspace.guard(f"experiments:{pid}"), workspace.guard(f"splits:{pid}"):
            workspace.trash.restore(entry)
            if entry.kind == "split":
                split_trash.take_back(workspace.project(pid))
    if entry.kind == "experiment":
        studio.manager.changed(workspace.project(pid).experiment(Path(entry.place).name))
    studio.record(actor, "restore", entry.place)
    return entry
