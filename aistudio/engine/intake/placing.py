"""Annotations of a source brought to pixels of the upright image: scaled, turned, clipped; what is left of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from aistudio.engine.intake import masks
from aistudio.engine.intake.pictures import Picture
from aistudio.schema.annotation import AnyAnnotation, Box, Instance, RotatedBox
from aistudio.schema.geometry import LEAST_AREA, Move, area, bounds, clipped, is_flat, moved, upright
from aistudio.schema.project import Effect, Problem
from aistudio.store.formats import rle
from aistudio.store.formats.base import Draft, FoundImage, problem

TOLERANCE = 1.0
_SAME_SHAPE = 0.02


@dataclass
class Placed:
    """`fits`: whether the annotations can belong to this image at all."""

    annotations: list[AnyAnnotation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    fits: bool = True


@dataclass(frozen=True)
class Lost:
    """Why an annotation is left out."""

    message: str
    kind: str


_NO_SIZE = Lost("has a box of no size", "empty")


def place(found: FoundImage, picture: Picture) -> Placed:
    placed = Placed()
    move = _move(found, picture, placed)
    for draft in found.drafts if placed.fits else ():
        here = _moved(draft.annotation, move, found, picture)
        kept = here if isinstance(here, Lost) else _kept(here, picture)
        if isinstance(kept, Lost):
            placed.problems.append(problem(found.source, _named(draft, kept.message, found), kept.kind, draft.line))
            continue
        placed.annotations.append(kept)
        if (beyond := _beyond(here, picture)) > TOLERANCE:
            stays = isinstance(kept, RotatedBox)
            cut = "" if stays else " and is clipped"
            border = "its border" if draft.name else f"the border of {found.name}"
            message = f"has a box that reaches {beyond:.0f} pixels over {border}{cut}"
            effect: Effect = "noted" if stays else "changed"
            placed.problems.append(problem(found.source, _named(draft, message, found), "outside", draft.line, effect))
    return placed


def _named(draft: Draft, message: str, found: FoundImage) -> str:
    """Where no line leads to the annotation, its image has to be told as well."""
    return f"{draft.name} of {found.name} {message}" if draft.name else message


def _move(found: FoundImage, picture: Picture, placed: Placed) -> Move | None:
    """How points get where they belong; None if they are there already."""
    width, height = picture.width, picture.height
    if found.relative:
        return lambda x, y: (x * width, y * height)
    if found.size in (None, (width, height)):
        return None
    declared = found.size or (width, height)
    if declared == picture.raw:  # made for the image as the file has it, before EXIF turns it upright
        return upright(picture.orientation, *declared)
    shape = (declared[0] / declared[1]) / (width / height)
    placed.fits = abs(shape - 1) <= _SAME_SHAPE
    follows = "its annotations are scaled" if placed.fits else "the image is left out"
    sizes = f"{declared[0]} × {declared[1]} pixels, but it has {width} × {height}"
    told = f"says that {found.name} has {sizes}: {follows}"
    effect = "changed" if placed.fits else "left out"
    placed.problems.append(Problem(file=found.source, message=told, kind="size", effect=effect))
    return lambda x, y: (x * width / declared[0], y * height / declared[1])


def _moved(one: AnyAnnotation, move: Move | None, found: FoundImage, picture: Picture) -> AnyAnnotation | Lost:
    if isinstance(one, Box | Instance) and (one.w <= 0 or one.h <= 0):
        return _NO_SIZE  # before it is moved, which would make a negative size positive
    if move is None:
        return one
    if isinstance(one, Instance) and one.rle:
        if found.size != picture.raw or sum(rle.counts_of(one.rle) or []) != picture.width * picture.height:
            return Lost("has a run-length code, which cannot be scaled", "size")
        one = replace(one, rle=masks.turned(one.rle, picture))
    return moved(one, move)


def _kept(one: AnyAnnotation, picture: Picture) -> AnyAnnotation | Lost:
    """What is in the image; a box that reaches over the border is clipped, a rotated one stays as it is."""
    if not isinstance(one, Box | Instance | RotatedBox):
        return one
    if isinstance(one, Instance) and one.rle and sum(rle.counts_of(one.rle) or []) != picture.width * picture.height:
        return Lost("has a run-length code for an image of another size", "size")
    box = _around(one) if isinstance(one, RotatedBox) else one
    if box.w <= 0 or box.h <= 0 or (isinstance(one, RotatedBox) and area(one.corners) <= LEAST_AREA):
        return _NO_SIZE
    cut = clipped(box, picture.width, picture.height)
    if cut.w <= 0 or cut.h <= 0:
        return Lost("has a box outside its image", "outside")
    if isinstance(one, Instance) and isinstance(cut, Instance) and cut.polygons and all(map(is_flat, cut.polygons)):
        if all(map(is_flat, one.polygons)):
            return Lost("has an outline with nothing inside", "empty")
        return Lost("has an outline outside its image", "outside")
    return one if isinstance(one, RotatedBox) else cut


def _beyond(one: AnyAnnotation | Lost, picture: Picture) -> float:
    """How far a box reaches over the border, where it is cut unless it is a rotated one."""
    if not isinstance(one, Box | Instance | RotatedBox):
        return 0.0
    box = _around(one) if isinstance(one, RotatedBox) else one
    return max(-box.x, -box.y, box.x + box.w - picture.width, box.y + box.h - picture.height)


def _around(one: RotatedBox) -> Box:
    return Box(one.label, *bounds(one.corners))


def as_boxes(annotations: Iterable[AnyAnnotation]) -> Iterator[AnyAnnotation]:
    """Objects as the boxes around them, for a project that needs no more."""
    for one in annotations:
        yield Box(one.label, one.x, one.y, one.w, one.h, one.flags) if isinstance(one, Instance) else one
