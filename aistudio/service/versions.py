"""The versions of a data set: which there are, and what stays with each."""

import contextlib

from aistudio.errors import Damaged, NotFound
from aistudio.schema.project import DatasetVersion
from aistudio.service import splits
from aistudio.store.dataset import DatasetFolder
from aistudio.studio import Studio


def versions(studio: Studio, pid: str) -> list[DatasetVersion]:
    """Newest first."""
    folder = studio.workspace.project(pid)
    found = folder.splits.all()
    users = [(one.name, one.config.get("split")) for one in splits.documents(folder)]
    made = []
    for number in reversed(folder.versions()):
        own = {split.id: split.name for split in found if split.dataset_version == number}
        dataset = folder.dataset(number)
        with contextlib.suppress(NotFound):  # without an index it never was one
            if dataset is not None:
                made.append(
                    DatasetVersion(
                        version=number,
                        images=_count(dataset),
                        imported_at=dataset.imported_at(),
                        splits=sorted(own.values()),
                        experiments=sorted(name for name, split in users if split in own),
                    )
                )
    return made


def _count(dataset: DatasetFolder) -> int | None:
    with contextlib.suppress(Damaged):
        return dataset.count()
    return None
