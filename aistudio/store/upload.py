"""A zip file on its way in: written piece by piece, never larger than allowed, gone if it does not arrive whole."""

import shutil
from pathlib import Path
from typing import BinaryIO

from aistudio.errors import ImportRefused
from aistudio.store.atomic import make_folder

NAME = "upload.zip"
SPARE_BYTES = 500 * 2**20


class Upload:
    """`finish` it or `abandon` it."""

    def __init__(self, folder: Path, most: int, expected: int | None) -> None:
        """`expected`: how long the sender says it is. Raises ImportRefused if that is too much."""
        self.folder = folder
        self.path = folder / NAME
        self._most = most
        self._written = 0
        self._check(expected or 0)
        make_folder(folder.parent)
        folder.mkdir()
        self._file: BinaryIO = self.path.open("xb")

    def write(self, piece: bytes) -> None:
        """Raises ImportRefused if it grows too large, for the option or for the disk."""
        self._check(len(piece))
        self._file.write(piece)
        self._written += len(piece)

    def finish(self) -> Path:
        self._file.close()
        return self.path

    def abandon(self) -> None:
        self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check(self, more: int) -> None:
        if self._written + more > self._most:
            raise ImportRefused(
                f"The file is larger than {in_words(self._most)}.",
                "Start AI Studio with a larger --max-upload, or import a folder of the server.",
            )
        free = shutil.disk_usage(_existing(self.folder)).free
        if free - more < SPARE_BYTES:
            raise ImportRefused(
                f"Only {in_words(free)} are free on the disk of the workspace.", "Delete what is no longer needed."
            )


def tidy(staging: Path) -> None:
    """Deletes uploads that were cut off when a server was killed: nobody asked for their import yet."""
    for path in staging.glob(f"*/{NAME}"):
        if not (path.parent / "request.json").exists():
            shutil.rmtree(path.parent, ignore_errors=True)


def in_words(size: int) -> str:
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"


def _existing(path: Path) -> Path:
    """The innermost folder of a path that is there."""
    return path if path.exists() else _existing(path.parent)
