"""The trash of a workspace: what was deleted lies here whole for a week, with a note of what it was and where."""

import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from aistudio.errors import Conflict, Damaged, NotFound
from aistudio.schema.trash import Kind, TrashEntry, TrashNote, Why
from aistudio.store.atomic import make_folder, move, read_json, sync_folder, write_json

DAYS = 7
_NOTE = "trash.json"
_EXPIRED = ".expired-"


class Trash:
    """An entry is a folder with the note and the thing itself, which one rename brings in or back."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / ".trash"

    def put(self, path: Path, kind: Kind, title: str, why: Why = "deleted") -> str:
        """Moves something here in one step: afterwards it is here whole, or it is still there whole."""
        at = datetime.now(UTC)
        name = f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}-{path.name}"
        note = TrashNote(kind=kind, title=title, place=path.relative_to(self.root).as_posix(), why=why, discarded_at=at)
        entry = self.path / name
        make_folder(entry)
        write_json(entry / _NOTE, note.model_dump(mode="json"))
        move(path, entry / path.name)
        return name

    def entries(self) -> list[TrashEntry]:
        """Newest first."""
        return sorted(self._entries(), key=lambda entry: entry.discarded_at, reverse=True)

    def entry(self, name: str) -> TrashEntry:
        """Raises NotFound."""
        entry = next((one for one in self._entries() if one.name == name), None)
        if entry is None:
            raise NotFound(f"There is no {name!r} in the trash.")
        return entry

    def restore(self, entry: TrashEntry) -> None:
        """Puts it back where it was. Raises Conflict if that place is taken or gone."""
        place = self.root / entry.place
        if place.exists():
            raise Conflict(
                f"The {entry.kind} {entry.title} cannot come back: its place is taken.",
                f"Delete the {entry.kind} that is there now, then restore this one.",
            )
        if not place.parent.parent.is_dir():
            raise Conflict(f"The project of {entry.title} is not there any more.", "Restore the project first.")
        make_folder(place.parent)
        move(self.path / entry.name / place.name, place)
        shutil.rmtree(self.path / entry.name, ignore_errors=True)

    def expire(self, at: datetime) -> int:
        """Removes for good what has been here for a week; returns how many entries that were."""
        old = [entry for entry in self._entries() if entry.expires_at <= at]
        for entry in old:
            (self.path / entry.name).rename(self.path / f"{_EXPIRED}{entry.name}")  # never half an entry
        if old:
            sync_folder(self.path)
        for path in self.path.glob(f"{_EXPIRED}*"):
            shutil.rmtree(path, ignore_errors=True)
        return len(old)

    def tidy(self) -> None:
        """Removes the notes of what a killed server did not come to move. Only at the start."""
        for path in self._folders():
            if all(part.name.removesuffix(".prev") == _NOTE or part.name.endswith(".tmp") for part in path.iterdir()):
                shutil.rmtree(path, ignore_errors=True)

    def _folders(self) -> list[Path]:
        if not self.path.is_dir():
            return []
        return [path for path in self.path.iterdir() if path.is_dir() and not path.name.startswith(".")]

    def _entries(self) -> Iterator[TrashEntry]:
        for path in self._folders():
            try:
                note = TrashNote.model_validate(read_json(path / _NOTE))
            except (FileNotFoundError, Damaged, ValidationError):
                continue  # not ours, or damaged: it stays until somebody looks
            place = Path(note.place)
            inside = not place.is_absolute() and ".." not in place.parts and place.parts[:1] == ("projects",)
            if inside and (path / place.name).exists():
                expires = note.discarded_at + timedelta(days=DAYS)
                yield TrashEntry(**note.model_dump(), name=path.name, expires_at=expires)
