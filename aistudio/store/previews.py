"""Previews: a folder each in the cache, named by what was asked, so that the same question is answered at once."""

import contextlib
import hashlib
import os
import re
import shutil
from pathlib import Path

import orjson
from pydantic import ValidationError

from aistudio.errors import Damaged, NotFound
from aistudio.schema.events import PreviewJobRequest
from aistudio.schema.preview import Preview
from aistudio.store.atomic import read_json, write_json
from aistudio.store.job_folder import JobFolder

KEPT = 24
RENDERING = 1  # another number, when other pictures are made of the same request
_ID = re.compile(r"[0-9a-f]{32}")
_PICTURE = re.compile(r"[0-9]{1,20}-[0-9]{1,3}\.(?:png|jpg)")


class PreviewFolder:
    """The folder of a preview job; `preview.json` is written last, when all pictures are there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.job = JobFolder(path)
        self._answer = path / "preview.json"

    @property
    def id(self) -> str:
        return self.path.name

    def read(self) -> Preview | None:
        """None if it was never finished, or cannot be read."""
        with contextlib.suppress(FileNotFoundError, Damaged, ValidationError):
            return Preview.model_validate(read_json(self._answer))
        return None

    def write(self, preview: Preview) -> None:
        write_json(self._answer, preview.model_dump(mode="json"))

    def project(self) -> str | None:
        """Whose it is, known from its first picture on."""
        try:
            request = self.job.request()
        except (FileNotFoundError, Damaged):
            return None
        return request.project

    def touch(self) -> None:
        """It was asked for: the oldest ones are removed first."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.path)

    def clear(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def picture(self, name: str) -> Path:
        """Raises NotFound for what is no picture of a preview."""
        path = self.path / name
        if not _PICTURE.fullmatch(name) or not path.is_file():
            raise NotFound(f"There is no picture {name!r} in this preview.", "Ask for the preview again.")
        return path


class Previews:
    """`root` may be deleted at any time."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, request: PreviewJobRequest) -> PreviewFolder:
        asked = orjson.dumps([RENDERING, request.model_dump(mode="json")], option=orjson.OPT_SORT_KEYS)
        return PreviewFolder(self.root / hashlib.sha256(asked).hexdigest()[:32])

    def get(self, preview_id: str) -> PreviewFolder:
        if not _ID.fullmatch(preview_id):
            raise NotFound(f"There is no preview {preview_id!r}.", "Ask for it again.")
        return PreviewFolder(self.root / preview_id)

    def prune(self, kept: int = KEPT) -> None:
        """Removes all but those that were asked for last."""
        for path in sorted(self._folders(), key=_age)[kept:]:
            shutil.rmtree(path, ignore_errors=True)

    def _folders(self) -> list[Path]:
        with contextlib.suppress(FileNotFoundError):
            return [path for path in self.root.iterdir() if _ID.fullmatch(path.name)]
        return []


def _age(path: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return -path.stat().st_mtime
    return 0.0
