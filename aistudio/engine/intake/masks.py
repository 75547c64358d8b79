"""Masks of an import: decoded, their numbers and colours told apart, written anew with the indices of the classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco

from aistudio.engine.intake import pictures
from aistudio.engine.intake.pictures import MAX_BYTES, MAX_PIXELS, Picture
from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Instance
from aistudio.store.formats import rle

Key = int | tuple[int, int, int]
Indices = NDArray[Any]
Numbers = NDArray[np.int32]
MOST_CLASSES = 1000
BACKGROUND = "background"
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError)


_COLOURED = ("RGBA", "LA", "CMYK")
_PLAIN = ("P", "L", "1")


class UnreadableMask(Exception):
    """Its text says why."""


def decode(path: Path, coloured: bool | None = None) -> Numbers:
    """Numbers of the pixels (height, width); colours are one number of 24 bits plus 2²⁴ each. Raises UnreadableMask.

    `coloured`: whether a file explains colours rather than numbers. Then a palette or a grey stands for its colours,
    or else equal shares of red, green and blue stand for one number.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableMask(f"is larger than {MAX_BYTES // 2**20} MB")
        with Image.open(path, formats=("PNG", "BMP", "TIFF", "GIF")) as opened:
            if opened.size[0] * opened.size[1] > MAX_PIXELS:
                raise UnreadableMask(f"has more than {MAX_PIXELS // 1_000_000} megapixels")
            if opened.format == "PNG" and not _is_whole(path):
                raise UnreadableMask("is cut off")
            modes = (*_COLOURED, *_PLAIN) if coloured else _COLOURED
            image = opened.convert("RGB") if opened.mode in modes else opened
            pixels = np.asarray(image)
    except _UNREADABLE:
        raise UnreadableMask("is not a readable mask") from None
    if pixels.ndim == 3:
        red, green, blue = (pixels[:, :, place].astype(np.int32) for place in range(3))
        if coloured is False and np.array_equal(red, green) and np.array_equal(red, blue):
            return red
        return np.asarray((red << 16 | green << 8 | blue) + COLOUR, np.int32)
    if pixels.dtype.kind not in "uib" or not 0 <= int(pixels.min()) <= int(pixels.max()) < COLOUR:
        raise UnreadableMask("has pixels that are no small whole numbers")
    return pixels.astype(np.int32)


def _is_whole(path: Path) -> bool:
    """Whether a PNG has its end; what is missing would be filled up."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_536))
        return b"IEND" in file.read()


COLOUR = 1 << 24


def number_of(key: Key) -> int:
    """The number that `decode` gives for a number or a colour."""
    return key if isinstance(key, int) else (key[0] << 16 | key[1] << 8 | key[2]) + COLOUR


def meanings(together: Iterable[frozenset[int]]) -> dict[int, str | None]:
    """Names for numbers that no file explains, from those that occur together in one mask.

    0 and another one are background and foreground, also where some masks have 1 and some 255 for it; beside other
    numbers 255 means nothing.
    """
    sets = list(together)
    found = sorted(set().union(*sets))
    if len(found) > MOST_CLASSES:
        raise ImportRefused(
            f"The masks have {len(found):,} different numbers or colours, so they are no classes.",
            "Class masks are PNG files with one number or colour for each class.",
        )
    two_ways = found == [0, 1, 255] and not any({1, 255} <= one for one in sets)
    if two_ways or (found[:1] == [0] and len(found) <= 2):
        return {value: "foreground" if value else BACKGROUND for value in found}
    return {value: None if value == 255 else f"{'' if value >= COLOUR else 'class '}{shown(value)}" for value in found}


def shown(value: int) -> str:
    """A number, or a colour as people write it."""
    return f"#{value - COLOUR:06x}" if value >= COLOUR else str(value)


@dataclass(frozen=True)
class Scheme:
    """The classes of a data set and how masks are written: pixels of `ignore` count for nothing."""

    classes: Sequence[str]

    @property
    def ignore(self) -> int:
        return 255 if len(self.classes) <= 255 else 65_535

    @property
    def kind(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.ignore == 255 else np.uint16


def indices(pixels: Numbers, names: Mapping[int, str | None], scheme: Scheme) -> tuple[Indices, list[int]]:
    """The mask as indices of classes, and the numbers that stand for none."""
    places = {name: place for place, name in enumerate(scheme.classes)}
    values, inverse = np.unique(pixels, return_inverse=True)
    found = [places.get(name, scheme.ignore) if (name := names.get(int(value))) else scheme.ignore for value in values]
    unknown = [int(value) for value in values if int(value) not in names]
    return np.asarray(found, scheme.kind)[inverse].reshape(pixels.shape), unknown


def drawn(objects: Iterable[Instance], picture: Picture, scheme: Scheme) -> Indices:
    """Outlines as a class mask: small objects lie above large ones; crowds and ignored regions count for nothing."""
    mask = np.zeros((picture.height, picture.width), scheme.kind)
    places = {name: place for place, name in enumerate(scheme.classes)}
    for one in sorted(objects, key=lambda one: -one.w * one.h):
        value = scheme.ignore if one.label is None or "crowd" in one.flags else places[one.label]
        mask[filled(one, picture.width, picture.height)] = value
    return mask


def filled(one: Instance, width: int, height: int) -> NDArray[np.bool_]:
    """Which pixels belong to an object."""
    if one.rle:
        return _runs(one.rle, width, height)
    codes = coco.frPyObjects([list(flat) for flat in one.polygons], height, width)
    return _runs(coco.merge(codes)["counts"].decode(), width, height)


def _runs(code: str, width: int, height: int) -> NDArray[np.bool_]:
    """Not by pycocotools, whose decoder warns with NumPy 2."""
    counts = rle.counts_of(code) or []
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height).T


def shares(mask: Indices, scheme: Scheme) -> tuple[tuple[str, float], ...]:
    """Class → share of the pixels that count, for the classes that occur."""
    values, counts = np.unique(mask[mask != scheme.ignore], return_counts=True)
    total = max(int(counts.sum()), 1)
    pairs = zip(values.tolist(), counts.tolist(), strict=True)
    return tuple((scheme.classes[value], round(count / total, 6)) for value, count in pairs)


def objects(pixels: Numbers, label: str) -> list[Instance]:
    """Each number but 0 as one object. All of them at once: there may be thousands in a large image."""
    flat = pixels.ravel(order="F")
    places = np.flatnonzero(flat)
    order = np.argsort(flat[places], kind="stable")
    _, starts = np.unique(flat[places][order], return_index=True)
    return [_object(some, pixels.shape, label) for some in np.split(places[order], starts[1:]) if some.size]


def _object(places: NDArray[np.intp], shape: tuple[int, ...], label: str) -> Instance:
    """From the places of its pixels, counted down the columns."""
    height, width = shape[:2]
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts = places[np.concatenate(([0], breaks + 1))]
    ends = places[np.concatenate((breaks, [places.size - 1]))] + 1
    edges = np.concatenate(([0], np.stack([firsts, ends], axis=1).ravel()))
    rest = height * width - int(ends[-1])
    counts = [*np.diff(edges).tolist(), *([rest] if rest else [])]
    rows, columns = places % height, places // height
    x, y = int(columns.min()), int(rows.min())
    w, h = int(columns.max()) - x + 1, int(rows.max()) - y + 1
    return Instance(label, float(x), float(y), float(w), float(h), (), rle.code_of(counts))


def upright(pixels: Numbers, picture: Picture) -> Numbers:
    """Turned as the image is, if it is as large as the file of the image. Raises UnreadableMask if no size fits."""
    height, width = pixels.shape
    if (width, height) == (picture.width, picture.height):
        return pixels
    if (width, height) == picture.raw:
        turned = {
            5: lambda: pixels.T,
            6: lambda: np.rot90(pixels, -1),
            7: lambda: np.rot90(pixels.T, 2),
            8: lambda: np.rot90(pixels),
        }
        return np.asarray(turned[picture.orientation]())
    raise UnreadableMask(f"has {width} × {height} pixels, but its image has {picture.width} × {picture.height}")


def turned(code: str, picture: Picture) -> str:
    """The run-length code of an object in the image as its file has it, for the upright image."""
    pixels = upright(_runs(code, *picture.raw).astype(np.int32), picture)
    return "".join(one.rle or "" for one in objects(pixels, ""))


def write(path: Path, mask: Indices) -> None:
    pictures.save(path, mask, [cv2.IMWRITE_PNG_COMPRESSION, 3])
