"""The import job: reads every image once, and writes a complete data set version beside the old one. No torch."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from time import monotonic, time

import cv2
import numpy as np
from PIL import Image

from aistudio.engine.job import Job
from aistudio.engine.samples import draw
from aistudio.errors import ImportRefused
from aistudio.schema.events import ImportJobRequest, ImportProgressed, ImportReported
from aistudio.schema.project import ImportReport, ImportStatus, Problem
from aistudio.store.dataset import DatasetFolder, NewImage
from aistudio.store.formats import class_folders
from aistudio.store.formats.base import FoundImage, Layout
from aistudio.store.paths import walk_files

MAX_BYTES = 200 * 2**20
MAX_PIXELS = 100_000_000
THUMBNAIL_SIDE = 256
MAX_PROBLEMS = 1000
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")

Image.MAX_IMAGE_PIXELS = None  # ours is checked below


def run(job: Job, request: ImportJobRequest) -> None:
    target = DatasetFolder(Path(request.target))
    target.images.mkdir(parents=True)
    target.thumbnails.mkdir()
    _progress(job, "checking", 0, 0)
    layout = _layout(job, request)
    taken, problems = _take_all(job, layout, target)
    problems = [Problem(file=name, message="is not in a class folder") for name in layout.unlabelled] + problems
    if problems and request.on_problems == "refuse":
        raise ImportRefused(
            f"{len(problems)} images have problems: {problems[0].file} {problems[0].message}.",
            "Mend them, or import again and let them be skipped.",
        )
    _finish(job, layout, taken, problems, target)


def _layout(job: Job, request: ImportJobRequest) -> Layout:
    if request.sample is not None:
        return draw(request.sample, job.folder.path / "sample")
    root = Path(request.source or "")
    return class_folders.read(root, _watched(job, walk_files(root)))


def _watched(job: Job, files: Iterator[Path]) -> Iterator[Path]:
    for file in files:
        job.check_stop()
        yield file


@dataclass(frozen=True)
class _Taken:
    image: FoundImage
    file: str
    width: int
    height: int
    bytes: int
    sha256: str


def _take_all(job: Job, layout: Layout, target: DatasetFolder) -> tuple[list[_Taken], list[Problem]]:
    taken: list[_Taken] = []
    problems: list[Problem] = []
    total, last = len(layout.images), 0.0
    cv2.setNumThreads(0)
    with ThreadPoolExecutor(max_workers=4) as pool:
        numbered = enumerate(layout.images, start=1)
        done = 0
        while batch := list(islice(numbered, 64)):
            job.check_stop()
            for result in pool.map(lambda pair: _take(pair[1], pair[0], target), batch):
                (taken if isinstance(result, _Taken) else problems).append(result)  # type: ignore[arg-type]
            done += len(batch)
            if monotonic() - last > 0.2 or done == total:
                last = monotonic()
                _progress(job, "importing", done, total)
    return taken, problems


def _take(image: FoundImage, number: int, target: DatasetFolder) -> _Taken | Problem:
    """Copies one image and writes its thumbnail, or says what is wrong with it."""
    try:
        if image.path.stat().st_size > MAX_BYTES:
            return Problem(file=image.name, message=f"is larger than {MAX_BYTES // 2**20} MB")
        data = image.path.read_bytes()
    except OSError as error:
        return Problem(file=image.name, message=f"cannot be read: {error.strerror}")
    if fault := _fault(data):
        return Problem(file=image.name, message=fault)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        return Problem(file=image.name, message="is not a readable image")
    height, width = pixels.shape[:2]
    file = f"{number}{image.path.suffix.lower()}"
    (target.images / file).write_bytes(data)
    cv2.imwrite(str(target.thumbnails / f"{number}.jpg"), _shrink(pixels), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return _Taken(image, file, width, height, len(data), hashlib.sha256(data).hexdigest())


def _fault(data: bytes) -> str | None:
    """What can be told before decoding: a bomb must not be decoded, and a missing end is filled up with grey."""
    if not data:
        return "is empty"
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as opened:
            width, height = opened.size
    except (OSError, ValueError, SyntaxError):
        return "is not a readable image"
    if width * height > MAX_PIXELS:
        return f"has more than {MAX_PIXELS // 1_000_000} megapixels"
    if data.startswith(b"\xff\xd8") and b"\xff\xd9" not in data[-65_536:]:
        return "is cut off"
    if data.startswith(b"\x89PNG") and b"IEND" not in data[-65_536:]:
        return "is cut off"
    return None


def _shrink(pixels: np.ndarray) -> np.ndarray:
    scale = THUMBNAIL_SIDE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _finish(job: Job, layout: Layout, taken: list[_Taken], problems: list[Problem], target: DatasetFolder) -> None:
    counts = Counter(one.image.label for one in taken)
    classes = [name for name in layout.classes if counts[name]]
    if len(classes) < 2:
        first = f" First: {problems[0].file} {problems[0].message}." if problems else ""
        raise ImportRefused(
            f"Only {len(classes)} of {len(layout.classes)} classes has readable images.{first}",
            "Two classes with readable images are needed at least.",
        )
    index = {name: number for number, name in enumerate(classes)}
    target.create(classes, (_record(one, index) for one in taken))
    report = ImportReport(
        format=layout.format,
        images=len(taken),
        classes=dict(counts),
        problems=problems[:MAX_PROBLEMS],
        skipped=len(problems),
    )
    job.emit(ImportReported(time=time(), report=report))


def _record(one: _Taken, index: dict[str, int]) -> NewImage:
    return NewImage(one.image.name, one.file, one.width, one.height, one.bytes, one.sha256, index[one.image.label])


def _progress(job: Job, status: ImportStatus, done: int, total: int) -> None:
    job.emit(ImportProgressed(time=time(), status=status, done=done, total=total))
