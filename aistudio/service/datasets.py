"""Data sets: import from a server folder, and look at what is there."""

from pathlib import Path

from aistudio.errors import Conflict, NotFound
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import Dataset, ImagePage, Import, ImportRequest, Subset
from aistudio.store.dataset import DatasetFolder, Sort
from aistudio.store.paths import allowed_folder
from aistudio.store.workspace import ProjectFolder, new_id
from aistudio.studio import Actor, Studio


def start_import(studio: Studio, actor: Actor, pid: str, request: ImportRequest) -> Import:
    """Starts a job that leaves a new version of the data set. Raises PathRefused or ImportRefused."""
    folder = studio.workspace.project(pid)
    roots = [*studio.settings.data_root, studio.workspace.root / "inbox"]
    source = allowed_folder(request.path, roots)
    job = {"source": str(source), "format": request.format, "on_problems": request.on_problems}
    return _start(studio, actor, folder, job)


def start_sample(studio: Studio, actor: Actor, pid: str, sample: str) -> Import:
    return _start(studio, actor, studio.workspace.project(pid), {"sample": sample})


def _start(studio: Studio, actor: Actor, folder: ProjectFolder, job: dict[str, str]) -> Import:
    place = studio.workspace.import_job(new_id())
    request = ImportJobRequest.model_validate(
        {"project": folder.id, "task": folder.read().task, "target": str(place.path / "dataset"), **job}
    )
    studio.record(actor, "import", folder.id)
    return studio.manager.start_import(place, request).view()


def get_import(studio: Studio, pid: str, iid: str) -> Import:
    watch = studio.manager.import_watch(studio.workspace.import_job(iid))
    if watch.request.project != pid:
        raise NotFound(f"There is no import {iid!r}.")
    return watch.view()


def cancel_import(studio: Studio, actor: Actor, pid: str, iid: str) -> Import:
    """Asks the job to end; what was there before stays as it was. Raises Conflict when it has ended already."""
    view = get_import(studio, pid, iid)
    if view.status not in ("checking", "importing"):
        raise Conflict(f"The import is {view.status} already.")
    studio.workspace.import_job(iid).request_stop()
    studio.record(actor, "cancel import", iid)
    return view


def summary(studio: Studio, pid: str) -> Dataset:
    dataset = studio.workspace.project(pid).dataset()
    return dataset.summary() if dataset else Dataset(status="empty")


def images(
    studio: Studio,
    pid: str,
    page: int = 1,
    page_size: int = 60,
    label: str | None = None,
    search: str = "",
    sort: Sort = "id",
    split: str | None = None,
    subset: Subset | None = None,
) -> ImagePage:
    """A page of the newest version; `split` and `subset` together show one part of a split of any version."""
    folder = studio.workspace.project(pid)
    version = folder.splits.get(split).dataset_version if split else None
    dataset = folder.dataset(version)
    if dataset is None:
        return ImagePage(total=0, page=page, page_size=page_size, images=[])
    ids = folder.splits.members(split)[subset] if split and subset else None
    return dataset.page(page, page_size, label, search, sort, ids)


def image_file(studio: Studio, pid: str, number: int, version: int | None = None) -> Path:
    return _existing(_dataset(studio, pid, version).image(number)[1], number)


def thumbnail(studio: Studio, pid: str, number: int, version: int | None = None) -> Path:
    return _existing(_dataset(studio, pid, version).thumbnail(number), number)


def _existing(path: Path, number: int) -> Path:
    if not path.exists():
        raise NotFound(f"There is no image {number}.")
    return path


def _dataset(studio: Studio, pid: str, version: int | None) -> DatasetFolder:
    dataset = studio.workspace.project(pid).dataset(version)
    if dataset is None:
        raise NotFound("The project has no such data set.", "Import images first.")
    return dataset
