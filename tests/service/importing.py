"""Imports of any kind by a real worker, whatever tasks can be trained today."""

from pathlib import Path
from typing import Any

from aistudio.schema.annotation import AnyAnnotation, Kind
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import UNDER_WAY, Import, ImportReport
from aistudio.service import datasets
from aistudio.store.dataset import DatasetFolder
from aistudio.store.workspace import new_id
from aistudio.studio import Studio
from tests.fixtures import PATIENCE, until


def start(studio: Studio, pid: str, source: Path | None, kind: Kind, **more: Any) -> Import:
    place = studio.workspace.import_job(new_id())
    request = ImportJobRequest(
        project=pid,
        task="any",
        annotation=kind,
        source=str(source) if source else None,
        target=str(place.path / "dataset"),
        **more,
    )
    return studio.manager.start_import(place, request).view()


def ended(studio: Studio, pid: str, job: Import, seconds: float = PATIENCE) -> Import:
    """The import when it has ended or asks."""

    def look() -> Import | None:
        now = datasets.get_import(studio, pid, job.id)
        return now if now.status not in UNDER_WAY or now.status == "review" else None

    return until(look, "the import has ended", seconds)


def imported(
    studio: Studio, pid: str, source: Path | None, kind: Kind, **more: Any
) -> tuple[DatasetFolder, ImportReport]:
    job = ended(studio, pid, start(studio, pid, source, kind, **more))
    assert (job.status, job.error) == ("done", None)
    dataset = studio.workspace.project(pid).dataset()
    assert dataset is not None and job.report is not None
    return dataset, job.report


def by_stem(dataset: DatasetFolder) -> dict[str, tuple[int, int, list[AnyAnnotation]]]:
    """Stem of the name → width, height, annotations."""
    images = dataset.page(page_size=10_000).images
    return {Path(one.name).stem: (one.width, one.height, one.annotations) for one in images}
