"""Outlines of COCO: polygons, or run-length codes as numbers or text."""

import math
from typing import Any

from aistudio.schema.annotation import Instance
from aistudio.schema.geometry import bounds
from aistudio.store.formats import rle
from aistudio.store.formats.texts import number


def outline_of(given: Any, size: tuple[int, int] | None) -> Instance | None:
    """Without label and flags; its box is the one around it. Polygons that make no sense are left out."""
    if isinstance(given, dict):
        return _coded(given, size)
    if not isinstance(given, list):
        return None
    polygons = [tuple(flat) for one in given if (flat := numbers(one)) and len(flat) >= 6 and len(flat) % 2 == 0]
    if not polygons:
        return None
    return Instance(None, *bounds([part for flat in polygons for part in flat]), tuple(polygons))


def what_is_wrong(given: Any, outline: Instance | None) -> str:
    """What is told of an outline that is not taken as it is."""
    if outline is None:
        return "an outline that makes no sense: its box is taken instead"
    lost = len(given) - len(outline.polygons) if isinstance(given, list) else 0
    return f"{lost} of {len(given)} polygons that make no sense: the others are its outline" if lost else ""


def _coded(given: dict[str, Any], size: tuple[int, int] | None) -> Instance | None:
    """A run-length code that covers exactly its image."""
    counts, shape = given.get("counts"), numbers(given.get("size"), 2)
    if isinstance(counts, str):
        counts = rle.counts_of(counts)
    if not isinstance(counts, list) or not all(type(one) is int and one >= 0 for one in counts) or shape is None:
        return None
    height, width = int(shape[0]), int(shape[1])
    if size not in (None, (width, height)) or sum(counts) != height * width or height < 1:
        return None
    box = rle.box_of(counts, height)
    return Instance(None, *box, (), rle.code_of(counts)) if box else None


def numbers(given: Any, length: int | None = None) -> list[float] | None:
    """None unless all of them are, and as many as they should be."""
    if not isinstance(given, list) or not given or (length is not None and len(given) != length):
        return None
    values = [number(one) if isinstance(one, int | float) else None for one in given]
    return None if None in values or not all(math.isfinite(one or 0) for one in values) else values  # type: ignore[return-value]
