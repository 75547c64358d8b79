"""Boxes, corners and outlines as numbers: moved, turned upright, clipped, surrounded."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from aistudio.schema.annotation import AnyAnnotation, Box, Instance, RotatedBox

LEAST_AREA = 1e-6  # what is less comes of rounding
Point = tuple[float, float]
Move = Callable[[float, float], Point]
Boxed = TypeVar("Boxed", bound=Box | Instance)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Centre, width, height, and the angle of the width in radians, clockwise as seen, from -π/2 to π/2."""

    cx: float
    cy: float
    w: float
    h: float
    angle: float


def corners(box: Rectangle) -> tuple[float, ...]:
    """Clockwise as seen from the one that is top left before the turn."""
    along, across = (math.cos(box.angle), math.sin(box.angle)), (-math.sin(box.angle), math.cos(box.angle))
    flat: list[float] = []
    for left, up in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        flat.append(box.cx + left * box.w * along[0] + up * box.h * across[0])
        flat.append(box.cy + left * box.w * along[1] + up * box.h * across[1])
    return tuple(flat)


def rectangle(flat: Sequence[float]) -> Rectangle:
    """The rectangle of least area around a convex polygon: one of its sides lies on one of the polygon's."""
    points = pairs(flat)
    sides = zip(points, [*points[1:], points[0]], strict=True)
    angles = [math.atan2(y2 - y1, x2 - x1) for (x1, y1), (x2, y2) in sides if (x1, y1) != (x2, y2)]
    return min((_around(points, angle) for angle in angles or [0.0]), key=lambda box: box.w * box.h)


def _around(points: Sequence[Point], angle: float) -> Rectangle:
    cos, sin = math.cos(angle), math.sin(angle)
    along = [x * cos + y * sin for x, y in points]
    across = [y * cos - x * sin for x, y in points]
    u, v = (min(along) + max(along)) / 2, (min(across) + max(across)) / 2
    turned = (angle + math.pi / 2) % math.pi - math.pi / 2  # a rectangle looks the same after half a turn
    return Rectangle(u * cos - v * sin, v * cos + u * sin, max(along) - min(along), max(across) - min(across), turned)


def pairs(flat: Sequence[float]) -> list[Point]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def bounds(flat: Sequence[float]) -> tuple[float, float, float, float]:
    """Left, top, width, height."""
    xs, ys = flat[::2], flat[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def area(flat: Sequence[float]) -> float:
    """Of a polygon (the shoelace formula)."""
    points = pairs(flat)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True))) / 2


def is_flat(flat: Sequence[float]) -> bool:
    """Whether all points lie on one line, so that nothing is inside, whichever way round they are joined."""
    points = pairs(flat)
    x0, y0 = points[0]
    x1, y1 = max(points, key=lambda point: (point[0] - x0) ** 2 + (point[1] - y0) ** 2)
    return all(abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) <= LEAST_AREA for x, y in points)


def upright(orientation: int, width: int, height: int) -> Move:
    """Where a point of an image comes to lie when EXIF's orientation is applied; the size is that of the file."""
    moves: dict[int, Move] = {
        2: lambda x, y: (width - x, y),
        3: lambda x, y: (width - x, height - y),
        4: lambda x, y: (x, height - y),
        5: lambda x, y: (y, x),
        6: lambda x, y: (height - y, x),
        7: lambda x, y: (height - y, width - x),
        8: lambda x, y: (y, width - x),
    }
    return moves.get(orientation, lambda x, y: (x, y))


def moved(annotation: AnyAnnotation, move: Move) -> AnyAnnotation:
    """The same with every point elsewhere; what has no points stays."""
    match annotation:
        case Box(x=x, y=y, w=w, h=h):
            left, top, width, height = bounds(_each((x, y, x + w, y + h), move))
            return replace(annotation, x=left, y=top, w=width, h=height)
        case RotatedBox(corners=flat):
            return replace(annotation, corners=_each(flat, move))
        case Instance(x=x, y=y, w=w, h=h):
            left, top, width, height = bounds(_each((x, y, x + w, y + h), move))
            polygons = tuple(_each(one, move) for one in annotation.polygons)
            return replace(annotation, x=left, y=top, w=width, h=height, polygons=polygons)
    return annotation


def _each(flat: Sequence[float], move: Move) -> tuple[float, ...]:
    return tuple(part for x, y in pairs(flat) for part in move(x, y))


def clipped(annotation: Boxed, width: float, height: float) -> Boxed:
    """Cut off at the border of the image; w or h is 0 if nothing is left of it."""
    left, top = min(max(annotation.x, 0.0), width), min(max(annotation.y, 0.0), height)
    right = min(max(annotation.x + annotation.w, 0.0), width)
    bottom = min(max(annotation.y + annotation.h, 0.0), height)
    cut = replace(annotation, x=left, y=top, w=right - left, h=bottom - top)
    if isinstance(cut, Instance):
        return replace(cut, polygons=tuple(inside(one, width, height) for one in cut.polygons))
    return cut


def inside(flat: Sequence[float], width: float, height: float) -> tuple[float, ...]:
    """The same points, those outside moved onto the border."""
    return _each(flat, lambda x, y: (min(max(x, 0.0), width), min(max(y, 0.0), height)))
