"""One image file of an import: read once, checked, decoded, copied, and made a thumbnail of."""

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from aistudio.schema.project import Effect, Problem, Storage
from aistudio.store.dataset import DatasetFolder
from aistudio.store.formats.base import FoundImage

MAX_BYTES = 200 * 2**20
MAX_PIXELS = 100_000_000
LEAST_SIDE = 16
MOST_ASPECT = 10
THUMBNAIL_SIDE = 256
LOOK_SIDE = 9
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
}
JPEG = ("JPEG", "MPO")
ORIENTATION = 274  # the tag of EXIF
_WIDTH, _HEIGHT, _BITS = 256, 257, 258  # tags of TIFF
_PNG_BITS = 24  # where a PNG file says it
_TAIL = 65_536  # bytes, in which the mark of the end must be; it is looked for from behind
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError)

Image.MAX_IMAGE_PIXELS = None  # ours is checked below


@dataclass(frozen=True)
class Picture:
    """What was learned of an image. `raw`: width and height in the file, `width` and `height` when upright.

    `look` is the image in 9 × 9 greys, to find others that look the same.
    """

    file: str
    width: int
    height: int
    bytes: int
    sha256: str
    format: str
    look: NDArray[np.uint8]
    raw: tuple[int, int]
    orientation: int = 1
    mtime_ns: int | None = None
    notes: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Head:
    format: str
    mode: str
    size: tuple[int, int]
    orientation: int
    frames: int
    bits: int


def take(found: FoundImage, number: int, target: DatasetFolder, storage: Storage) -> Picture | Problem:
    """Copies the image unless it shall stay where it is, and writes its thumbnail; or says what is wrong with it."""
    if storage == "reference" and not _is_text(found.path):
        return _fault(found, "has a name that is not UTF-8; rename it, or copy the images instead", "name")
    read = _read(found.path)
    if isinstance(read, str):
        return _fault(found, read)
    data, mtime = read
    head = _head(data)
    if isinstance(head, str):
        return _fault(found, head, "huge" if "megapixels" in head else "unreadable")
    pixels = _decode(data, head)
    if pixels is None:
        return _fault(found, "is not a readable image", "unreadable")
    turned = head.orientation != 1 and (head.orientation < 5 or _is_swapped(pixels, head))
    width, height = pixels.shape[1::-1]
    if head.format in JPEG:  # which was decoded at a smaller scale, perhaps
        width, height = head.size[::-1] if turned and head.orientation >= 5 else head.size
    suffix = found.path.suffix.lower()
    own = suffix if suffix in SUFFIXES[head.format][:2] else SUFFIXES[head.format][0]
    file = f"{number}{own}" if storage == "copy" else str(found.path)
    if storage == "copy":
        (target.images / file).write_bytes(data)
    small = _shrink(pixels)
    save(target.thumbnails / f"{number}.jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return Picture(
        file=file,
        width=width,
        height=height,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        format="JPEG" if head.format == "MPO" else head.format,
        look=_look(small),
        raw=head.size,
        orientation=head.orientation if turned else 1,
        mtime_ns=mtime if storage == "reference" else None,
        notes=_notes(found, head, suffix, turned),
    )


def whole(path: Path) -> NDArray[np.uint8] | str:
    """The image at its full size, upright, with the checks of an import. A text says what is wrong."""
    read = _read(path)
    if isinstance(read, str):
        return read
    head = _head(read[0])
    if isinstance(head, str):
        return head
    pixels = _decoded(read[0], cv2.IMREAD_COLOR)
    return "is not a readable image" if pixels is None else pixels


def save(path: Path, pixels: NDArray[Any], options: Sequence[int]) -> None:
    """Not by `imwrite`, which says nothing when the disk is full."""
    _, data = cv2.imencode(path.suffix, pixels, options)
    path.write_bytes(data.tobytes())


def _fault(found: FoundImage, message: str, kind: str = "unreadable") -> Problem:
    return Problem(file=found.name, message=message, kind=kind)


def _is_text(path: Path) -> bool:
    """Whether its name can be written down to find it again."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(path: Path) -> tuple[bytes, int] | str:
    """The bytes of a regular file and its time; links are not followed. A text says what is wrong."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                return "is no regular file"
            if facts.st_size > MAX_BYTES:
                return f"is larger than {MAX_BYTES // 2**20} MB"
            return file.read(MAX_BYTES + 1), facts.st_mtime_ns
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _head(data: bytes) -> _Head | str:
    """What can be told before decoding: a bomb must not be decoded, and a missing end is filled up with grey."""
    if not data:
        return "is empty"
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")) as opened:
            if opened.size[0] * opened.size[1] > MAX_PIXELS:
                return f"has more than {MAX_PIXELS // 1_000_000} megapixels"
            known = "exif" in opened.info or opened.format == "TIFF"  # else Pillow decodes a whole PNG to look for it
            orientation = _orientation(opened.getexif().get(ORIENTATION)) if known else 1
            frames = getattr(opened, "n_frames", 1) if opened.format != "MPO" else 1
            tags = opened.tag_v2 if isinstance(opened, TiffImagePlugin.TiffImageFile) else {}
            size = (tags.get(_WIDTH, opened.width), tags.get(_HEIGHT, opened.height))  # Pillow's are upright
            head = _Head(opened.format or "", opened.mode, size, orientation, frames, _bits(data, tags))
    except _UNREADABLE:
        return "is not a readable image"
    if data.startswith(b"\xff\xd8") and data.rfind(b"\xff\xd9", -_TAIL) < 0:
        return "is cut off"
    if data.startswith(b"\x89PNG") and data.rfind(b"IEND", -_TAIL) < 0:
        return "is cut off"
    return head


def _bits(data: bytes, tags: Mapping[int, Any]) -> int:
    """Of a channel, as the file says; Pillow opens 16 of three channels as 8."""
    if data.startswith(b"\x89PNG"):
        return data[_PNG_BITS]
    given = tags.get(_BITS, 8)
    return max(given) if isinstance(given, tuple) else int(given)


def _orientation(given: object) -> int:
    """1 to 8; some programs write it as a byte or as text, which the decoder may follow all the same."""
    if isinstance(given, bytes) and given:
        given = given[0]
    return given if isinstance(given, int) and 1 <= given <= 8 else 1


def _decode(data: bytes, head: _Head) -> NDArray[np.uint8] | None:
    """The whole file is read; a JPEG that is much larger than its thumbnail comes out at a half, quarter or eighth."""
    spare = max(head.size) // THUMBNAIL_SIDE if head.format in JPEG else 1
    return _decoded(data, next((flag for least, flag in _REDUCED if spare >= least), cv2.IMREAD_COLOR))


def _decoded(data: bytes, way: int) -> NDArray[np.uint8] | None:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), way)
    except cv2.error:
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)


_REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


def _is_swapped(pixels: NDArray[np.uint8], head: _Head) -> bool:
    """Whether the decoder has exchanged width and height; where they are nearly equal it is taken for granted."""
    lying, standing = pixels.shape[1] - pixels.shape[0], head.size[0] - head.size[1]
    return bool(lying * standing <= 0)


def _shrink(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    pixels = _halved(pixels, max(pixels.shape[:2]) // THUMBNAIL_SIDE)
    scale = THUMBNAIL_SIDE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _halved(pixels: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """At most so many times smaller, by halves: that is quick, and the same as a mean."""
    while times >= 2:
        half = (max(pixels.shape[1] // 2, 1), max(pixels.shape[0] // 2, 1))
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), np.uint8)
        times //= 2
    return pixels


def _look(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = _halved(pixels, min(pixels.shape[:2]) // (2 * LOOK_SIDE))
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, (LOOK_SIDE, LOOK_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _notes(found: FoundImage, head: _Head, suffix: str, turned: bool) -> list[Problem]:
    """What is worth telling of an image that can be used."""
    notes: list[tuple[str, str, Effect]] = []
    if suffix not in SUFFIXES[head.format]:
        notes.append(("suffix", f"is a {head.format} file in spite of its name", "noted"))
    if head.mode == "CMYK":
        notes.append(("colours", "has the colours of a printer (CMYK), which are turned into RGB", "changed"))
    if head.bits == 16:
        notes.append(("depth", "has 16 bits, of which the upper 8 are used", "changed"))
    if head.frames > 1:
        notes.append(("frames", f"has {head.frames} frames or pages, of which the first is used", "changed"))
    if turned:
        notes.append(("orientation", "is turned upright as its camera noted", "changed"))
    short, long = sorted(head.size)
    if short < LEAST_SIDE:
        notes.append(("odd", f"has {head.size[0]} × {head.size[1]} pixels, which is tiny", "noted"))
    elif long > MOST_ASPECT * short:
        notes.append(("odd", f"has {head.size[0]} × {head.size[1]} pixels, which is very long", "noted"))
    return [Problem(file=found.name, message=message, kind=kind, effect=effect) for kind, message, effect in notes]
