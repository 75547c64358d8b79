"""The import job: reads every image once, and leaves a whole version of the data set beside the old one. No torch."""

import resource
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, time

import cv2

from aistudio.engine.intake.marks import Marked, Marks, Taken
from aistudio.engine.intake.readers import Lost, Readers
from aistudio.engine.intake.report import MAX_PROBLEMS, Findings, effects
from aistudio.engine.job import Job
from aistudio.engine.samples import draw
from aistudio.errors import ImportRefused
from aistudio.schema.events import ImportJobRequest, ImportProgressed, ImportReported
from aistudio.schema.project import Finding, ImportReport, ImportStatus, Problem
from aistudio.store import formats
from aistudio.store.archive import unpack
from aistudio.store.dataset import DatasetFolder
from aistudio.store.formats.base import SUFFIXES, Layout, Listing, is_image
from aistudio.store.formats.texts import base_of
from aistudio.store.index import totals
from aistudio.store.passed_over import HEAD, Passed, is_picture, told
from aistudio.store.paths import walk

MOST_MEMORY = 16 * 2**30


def run(job: Job, request: ImportJobRequest) -> None:
    """Ends in `review` if it shall ask and there is something to ask about; then the version waits to be accepted."""
    _limit_memory()
    cv2.setNumThreads(0)  # there is a process for each core, and threads of OpenCV do not survive a fork
    target = DatasetFolder(Path(request.target))
    for folder in (target.images, target.masks, target.thumbnails):
        folder.mkdir(parents=True)
    listing = _listing(job, request)
    _progress(job, "checking", 0, 0)
    found = formats.detect(listing, request.annotation)
    passed = [*listing.passed, *_unnamed(listing)]
    before = [*listing.problems, *told(passed)]
    try:
        importer = formats.choose(listing, request.annotation, request.format, found)
        job.check_stop()
        layout = importer.read(listing, request.annotation)
    except ImportRefused as error:
        raise _because(job, error, before, request) from error
    marks = Marks.prepare(layout, listing, request.annotation, target, job.check_stop)
    taken, problems = _take_all(job, request, layout, marks)
    job.check_stop()
    if request.on_problems != "ask":
        _progress(job, "importing", len(layout.images), len(layout.images))
    findings = Findings.of(layout, marks, taken, before + layout.problems + problems, _images(passed, listing.problems))
    report = findings.report
    report.found, report.reason = found, _reason(found, layout.format)
    job.emit(ImportReported(time=time(), report=report))  # first, because a refusal names one problem only
    findings.check()
    _refuse(request, findings.lost)
    findings.write(target, request.storage)
    if request.on_problems == "ask" and report.totals:
        _progress(job, "review", len(layout.images), len(layout.images))


def _limit_memory() -> None:
    """A file may be made to take all there is."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _listing(job: Job, request: ImportJobRequest) -> Listing:
    if request.sample is not None:
        return draw(request.sample, request.annotation, job.folder.path / "sample")
    if request.upload is not None:
        return unpack(Path(request.upload), job.folder.path / "unpacked", _unpacking(job))
    _progress(job, "checking", 0, 0)
    root = Path(request.source or "")
    found: dict[bool, list[Path]] = {True: [], False: []}
    links: list[Path] = []
    for path, is_folder in walk(root, links):
        job.check_stop()
        found[is_folder].append(path)
    return Listing.of(root, found[False], found[True], links)


def _unpacking(job: Job) -> Callable[[int, int], None]:
    """Tells how far it is, a few times a second."""
    last = 0.0

    def step(done: int, total: int) -> None:
        nonlocal last
        job.check_stop()
        if monotonic() - last > 0.2 or done == total:
            last = monotonic()
            _progress(job, "unpacking", done, total)

    return step


def _take_all(job: Job, request: ImportJobRequest, layout: Layout, marks: Marks) -> tuple[list[Taken], list[Problem]]:
    """In the order of the layout, whichever is ready first."""
    images = layout.images
    found: list[Taken | list[Problem]] = [[] for _ in images]
    total, last = len(images), 0.0
    readers = Readers(lambda place: marks.take(images[place], place + 1, request.storage), job.check_stop)
    with closing(readers.run(total)) as outcomes:
        for done, (place, outcome) in enumerate(outcomes, start=1):
            if isinstance(outcome, Lost):
                marks.discard(place + 1)
                found[place] = [Problem(file=images[place].name, message=outcome.reason, kind="unreadable")]
            elif isinstance(outcome, Marked):
                found[place] = Taken(images[place], outcome)
            else:
                found[place] = outcome
            if monotonic() - last > 0.2 or done == total:
                last = monotonic()
                _progress(job, "checking", done, total)
    return (
        [one for one in found if isinstance(one, Taken)],
        [problem for one in found if not isinstance(one, Taken) for problem in one],
    )


def _because(job: Job, error: ImportRefused, before: list[Problem], request: ImportJobRequest) -> ImportRefused:
    """What was passed over may be why there is nothing to import."""
    if not before:
        return error
    report = ImportReport(
        annotation=request.annotation, problems=before[:MAX_PROBLEMS], totals=totals(before), effects=effects(before)
    )
    job.emit(ImportReported(time=time(), report=report))
    return ImportRefused(f"{error.message} Passed over: {before[0]}.", error.advice)


def _unnamed(listing: Listing) -> Iterator[Passed]:
    """Files without an ending in folders where the first of them is an image."""
    for names in listing.folders.values():
        bare = [name for name in names if "." not in base_of(name)]
        with suppress(OSError):
            if bare and is_picture(_head(listing.path(bare[0]))):
                yield from (Passed(name, "unnamed") for name in bare)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _images(passed: list[Passed], problems: Iterable[Problem]) -> int:
    """How many images were passed over, or did not come out of a zip file."""
    lost = sum(one.effect == "left out" and is_image(one.file) for one in problems)
    return lost + sum(one.sort in ("unnamed", "unsupported") or one.suffix in SUFFIXES for one in passed)


def _refuse(request: ImportJobRequest, lost: list[Problem]) -> None:
    if lost and request.on_problems == "refuse":
        raise ImportRefused(
            f"{len(lost):,} images or annotations cannot be imported. First: {lost[0]}.",
            "Mend them, or import again and let them be skipped.",
        )


def _reason(found: list[Finding], chosen: str) -> str:
    return next((one.reason for one in found if one.format == chosen), "")


def _progress(job: Job, status: ImportStatus, done: int, total: int) -> None:
    job.emit(ImportProgressed(time=time(), status=status, done=done, total=total))
