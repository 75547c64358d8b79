"""Images and masks drawn anew for browsers, which do not show every file: a cache that may be deleted at any time."""

import contextlib
from pathlib import Path

from aistudio.store.dataset import DatasetFolder

MOST_BYTES = 2 * 2**30


class Renditions:
    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, dataset: DatasetFolder, name: str) -> Path:
        """Where that one of a version of a data set is, or belongs. Raises NotFound without the version."""
        project = dataset.path.parent.parent.name
        stamp = "-".join(f"{part:x}" for part in dataset.stamp())
        return self.root / f"{project}-{dataset.path.name}-{stamp}" / name

    def prune(self, most: int = MOST_BYTES) -> None:
        """Removes the oldest, until the others fit."""
        found = []
        for path in self.root.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                found.append((facts.st_mtime_ns, facts.st_size, path))
        used = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if used <= most:
                return
            path.unlink(missing_ok=True)
            used -= size
            with contextlib.suppress(OSError):  # others are in it
                path.parent.rmdir()
