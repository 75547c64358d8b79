"""Data sets: import from a server folder, and look at what is there."""

import contextlib
from pathlib import Path

from aistudio.errors import Conflict, Damaged, NotFound
from aistudio.schema.annotation import Anomaly, Kind, Mask
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import (
    UNDER_WAY,
    Dataset,
    Finding,
    ImagePage,
    ImageRecord,
    Import,
    ImportOptions,
    ImportRequest,
    ProblemKinds,
    ProblemPage,
    Subset,
)
from aistudio.schema.statistics import Statistics
from aistudio.service.folders import roots
from aistudio.store import formats
from aistudio.store.browse import Part
from aistudio.store.dataset import DatasetFolder, Query, Sort
from aistudio.store.formats.base import Listing
from aistudio.store.job_folder import JobFolder
from aistudio.store.paths import allowed_folder, walk_files
from aistudio.store.statistics import statistics as count
from aistudio.store.upload import Upload
from aistudio.store.workspace import new_id
from aistudio.studio import Actor, Studio
from aistudio.tasks import task

SHOWN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "BMP": "image/bmp", "GIF": "image/gif"}
REDRAWN = ("colours", "depth", "frames")  # what browsers show another way than training sees it
MOST_EXACT = 4_000_000  # pixels of an image that is drawn without loss


def start_import(studio: Studio, actor: Actor, pid: str, request: ImportRequest) -> Import:
    """Starts a job that leaves a new version of the data set. Raises PathRefused, ImportRefused or BadInput."""
    source = _source(studio, request.path)
    return _start(studio, actor, pid, request, source=str(source), storage=request.storage)


def start_sample(studio: Studio, actor: Actor, pid: str, sample: str) -> Import:
    return _start(studio, actor, pid, ImportOptions(), sample=sample)


def begin_upload(studio: Studio, pid: str, options: ImportOptions, length: int | None = None) -> Upload:
    """A place for a zip file; `length` is what its sender says. Raises ImportRefused and BadInput."""
    studio.workspace.project(pid)
    _check_format(options)
    place = studio.workspace.import_job(new_id())
    return Upload(place.path, studio.settings.max_upload, length)


def finish_upload(studio: Studio, actor: Actor, pid: str, options: ImportOptions, upload: Upload) -> Import:
    """Starts the import of a zip file that has arrived."""
    path = upload.finish()
    return _start(studio, actor, pid, options, studio.workspace.import_job(upload.folder.name), upload=str(path))


def detect(studio: Studio, pid: str, path: str) -> list[Finding]:
    """What formats a folder may have, best for the project first. Raises PathRefused or ImportRefused."""
    source = _source(studio, path)
    return formats.detect(Listing.of(source, walk_files(source)), _annotation(studio, pid))


def all_formats() -> list[Finding]:
    """Every format that can be imported, with what it brings."""
    return [
        Finding(format=one.NAME, title=one.TITLE, kinds=list(one.KINDS), reason="", score=0)
        for one in formats.IMPORTERS
    ]


def _source(studio: Studio, path: str) -> Path:
    return allowed_folder(path, roots(studio))


def _annotation(studio: Studio, pid: str) -> Kind:
    return task(studio.workspace.project(pid).read().task).annotation


def _check_format(options: ImportOptions) -> None:
    if options.format != "auto":
        formats.importer(options.format)


def _start(
    studio: Studio, actor: Actor, pid: str, options: ImportOptions, place: JobFolder | None = None, **job: str
) -> Import:
    folder = studio.workspace.project(pid)
    _check_format(options)
    place = place or studio.workspace.import_job(new_id())
    chosen = {"format": options.format, "on_problems": options.on_problems, "annotation": _annotation(studio, pid)}
    request = ImportJobRequest.model_validate(
        {"project": pid, "task": folder.read().task, "target": str(place.path / "dataset"), **chosen, **job}
    )
    studio.record(actor, "import", pid)
    return studio.manager.start_import(place, request).view()


def all_imports(studio: Studio, pid: str) -> list[Import]:
    """Newest first, those that ended included."""
    studio.workspace.project(pid)
    jobs = sorted(studio.workspace.import_jobs(), key=lambda job: -job.path.stat().st_mtime)
    views = []
    for job in jobs:
        with contextlib.suppress(NotFound, Damaged):
            watch = studio.manager.import_watch(job)
            if watch.request.project == pid:
                views.append(watch.view())
    return views


def accept_import(studio: Studio, actor: Actor, pid: str, iid: str) -> Import:
    """Goes on with an import that is in review: what its report says is left out stays out. Raises Conflict."""
    view = get_import(studio, pid, iid)
    if view.status != "review":
        raise Conflict(f"The import is {view.status}; only one in review can be accepted.")
    studio.manager.import_watch(studio.workspace.import_job(iid)).accept()
    studio.record(actor, "accept import", iid)
    return view.model_copy(update={"status": "importing"})


def get_import(studio: Studio, pid: str, iid: str) -> Import:
    watch = studio.manager.import_watch(studio.workspace.import_job(iid))
    if watch.request.project != pid:
        raise NotFound(f"There is no import {iid!r}.")
    return watch.view()


def cancel_import(studio: Studio, actor: Actor, pid: str, iid: str) -> Import:
    """Asks the job to end; what was there before stays as it was. Raises Conflict when it has ended already."""
    view = get_import(studio, pid, iid)
    if view.status not in UNDER_WAY:
        raise Conflict(f"The import is {view.status} already.")
    studio.workspace.import_job(iid).request_stop()
    studio.record(actor, "cancel import", iid)
    return view


def summary(studio: Studio, pid: str, version: int | None = None) -> Dataset:
    """Of the newest version, if none is given."""
    dataset = studio.workspace.project(pid).dataset(version)
    return dataset.summary() if dataset else Dataset(status="empty")


def statistics(studio: Studio, pid: str, version: int | None = None) -> Statistics:
    """What a version is like as a whole, the newest if none is given."""
    return count(_dataset(studio, pid, version))


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
    problem: str | None = None,
    twins: bool = False,
    version: int | None = None,
) -> ImagePage:
    """A page of a version, the newest if none is given; with `split` of the version that it is of.

    `subset`: one part of that split, or what the source calls so. `problem`: only images with a problem of that kind,
    or of any kind. `twins`: only those that look like another one.
    """
    folder = studio.workspace.project(pid)
    version = folder.splits.get(split).dataset_version if split else version
    dataset = folder.dataset(version)
    if dataset is None:
        return ImagePage(total=0, page=page, page_size=page_size, images=[])
    part = Part(folder.splits.path, split, subset) if split and subset else None
    source = None if split else subset
    query = Query(label, search, sort, source=source, problem=problem, twins=twins, part=part)
    return dataset.page(page, page_size, query)


def problems(
    studio: Studio,
    pid: str,
    page: int = 1,
    page_size: int = 100,
    kind: str | None = None,
    version: int | None = None,
) -> ProblemPage:
    """What the import of a version found, of the newest if none is given; those of images that were left out first."""
    dataset = studio.workspace.project(pid).dataset(version)
    if dataset is None:
        return ProblemPage(total=0, page=page, page_size=page_size, problems=[])
    return dataset.problems(page, page_size, kind)


def problem_kinds(studio: Studio, pid: str, version: int | None = None) -> ProblemKinds:
    """The same by kind, with the images that have them."""
    dataset = studio.workspace.project(pid).dataset(version)
    return ProblemKinds() if dataset is None else dataset.problem_kinds()


def image(studio: Studio, pid: str, number: int, version: int | None = None) -> ImageRecord:
    """Everything that is known of one image."""
    return _dataset(studio, pid, version).image(number)[0]


def image_file(studio: Studio, pid: str, number: int, version: int | None = None) -> Path:
    """Raises DatasetChanged if a file that stayed where it was is another one by now."""
    return _existing(_dataset(studio, pid, version).original(number), number)


def mask_file(studio: Studio, pid: str, number: int, version: int | None = None) -> Path:
    """The class mask or the defect mask of an image, as a PNG."""
    dataset = _dataset(studio, pid, version)
    for one in dataset.annotations([number]).get(number, []):
        if isinstance(one, Mask | Anomaly) and one.file:
            return _existing(dataset.mask(one.file), number)
    raise NotFound(f"Image {number} has no mask.")


def view_file(studio: Studio, pid: str, number: int, version: int | None = None) -> tuple[Path, str]:
    """The image as a browser can show it and as training sees it, and its media type.

    That is the file itself, or one drawn by a process of its own. Raises DatasetChanged and CorruptImage.
    """
    dataset = _dataset(studio, pid, version)
    record, path = dataset.image(number)[0], image_file(studio, pid, number, dataset.version)
    if record.format in SHOWN and not any(one.kind in REDRAWN for one in record.problems):
        return path, SHOWN[record.format]
    exact = record.width * record.height <= MOST_EXACT
    place = studio.workspace.renditions.path(dataset, f"{number}.{'png' if exact else 'jpg'}")
    return studio.renderer.draw("image", path, place), "image/png" if exact else "image/jpeg"


def view_mask(studio: Studio, pid: str, number: int, version: int | None = None) -> Path:
    """A class mask as a PNG whose red has the lower 8 bits of each number, and whose green has the upper ones."""
    dataset = _dataset(studio, pid, version)
    path = mask_file(studio, pid, number, dataset.version)
    return studio.renderer.draw("mask", path, studio.workspace.renditions.path(dataset, f"mask-{number}.png"))


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
