"""Folders of the server that images may be imported from, one level at a time."""

from pathlib import Path

from aistudio.schema.folders import Folder, FolderList
from aistudio.store.paths import allowed_folder, entries, real
from aistudio.studio import Studio

MOST = 1000


def roots(studio: Studio) -> list[Path]:
    """Where whoever may import may look."""
    return [*studio.settings.data_root, studio.workspace.root / "inbox"]


def folders(studio: Studio, path: str | None = None) -> FolderList:
    """What is in a folder; without a path, the folders to begin with. Raises PathRefused or ImportRefused."""
    if path is None:
        return FolderList(folders=[Folder(name=str(root), path=str(root)) for root in roots(studio) if root.is_dir()])
    folder = allowed_folder(path, roots(studio))
    found = entries(folder)
    inside = [Folder(name=one.name, path=str(one)) for one, is_folder in found if is_folder]
    tops = {real(root) for root in roots(studio)}
    return FolderList(
        path=str(folder),
        parent=None if folder in tops or folder.parent == folder else str(folder.parent),
        folders=inside[:MOST],
        more=max(0, len(inside) - MOST),
        files=len(found) - len(inside),
        examples=[one.name for one, is_folder in found if not is_folder][:5],
    )
