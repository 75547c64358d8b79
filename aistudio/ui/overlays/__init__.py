"""What marks an image, in the few numbers that a browser needs to draw it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from aistudio.schema.annotation import Anomaly, AnyAnnotation, Box, Instance, Label, Mask, RotatedBox, Value
from aistudio.schema.project import ImageRecord
from aistudio.ui.words import percent

MOST_SHAPES = 300  # on a thumbnail
MOST_POINTS = 24  # of an outline on a thumbnail
BACKGROUND = "background"


def picture(record: ImageRecord, classes: Mapping[str, int], folder: str, version: int | None) -> dict[str, Any]:
    """An image with everything that marks it; `classes`: name → number, `folder`: the address of its data set."""
    address = f"{folder}/images/{record.id}"
    suffix = f"?version={version}" if version else ""
    shapes = [_shape(one, classes) for one in record.annotations if isinstance(one, Box | RotatedBox | Instance)]
    return {
        "id": record.id,
        "name": record.name,
        "file": record.name.rsplit("/", 1)[-1],
        "width": record.width,
        "height": record.height,
        "thumbnail": f"{address}/thumbnail{suffix}",
        "full": f"{address}/file{suffix}",
        "view": f"{address}/view{suffix}",
        "text": caption(record.annotations),
        "bad": any(isinstance(one, Anomaly) and one.anomalous for one in record.annotations),
        "mask": _mask(record.annotations, classes, f"{address}/mask", suffix),
        "shapes": shapes,
        "problems": [{"effect": one.effect, "text": str(one)} for one in record.problems],
    }


def small(drawn: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a thumbnail: long outlines lose points, and only the first few hundred objects are drawn."""
    shapes = [{**shape, "outline": [_fewer(flat) for flat in shape["outline"]]} for shape in drawn["shapes"]]
    return {**drawn, "shapes": shapes[:MOST_SHAPES]}


def caption(annotations: Sequence[AnyAnnotation]) -> str:
    """What an image shows, in a few words: cat · 3 cells, 1 nucleus · count 12 · defect: scratch."""
    words: list[str] = []
    objects = Counter(
        one.label or "ignored" for one in annotations if isinstance(one, Box | RotatedBox | Instance)
    ).most_common()
    for one in annotations:
        if isinstance(one, Label):
            words.append(one.label)
        elif isinstance(one, Value):
            words.append(f"{one.name} {one.value:.6g}")
        elif isinstance(one, Anomaly):
            words.append(f"defect: {one.label}" if one.anomalous else one.label)
        elif isinstance(one, Mask):
            shares = sorted((share for share in one.shares if share[0] != BACKGROUND), key=lambda share: -share[1])
            words += [f"{name} {percent(share, 0)}" for name, share in shares[:3]] or [BACKGROUND]
    words += [f"{count:,} {name}" for name, count in objects]
    return ", ".join(words)


def _shape(one: Box | RotatedBox | Instance, classes: Mapping[str, int]) -> dict[str, Any]:
    """`outline`: polygons as x1 y1 x2 y2 …; `box`: left, top, width, height; `code`: run lengths of a mask."""
    shape: dict[str, Any] = {"label": one.label, "colour": classes.get(one.label or "", -1), "flags": list(one.flags)}
    if isinstance(one, RotatedBox):
        xs, ys = one.corners[::2], one.corners[1::2]
        box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
        return {**shape, "outline": [list(one.corners)], "box": box, "code": None, "rotated": True}
    box = [one.x, one.y, one.w, one.h]
    if isinstance(one, Box):
        return {**shape, "outline": [], "box": box, "code": None}
    return {**shape, "outline": [list(flat) for flat in one.polygons], "box": box, "code": one.rle}


def _mask(
    annotations: Sequence[AnyAnnotation], classes: Mapping[str, int], address: str, suffix: str
) -> dict[str, Any] | None:
    """`nothing`: the number of the class that is not painted; `deep`: two bytes a pixel, as red and green."""
    for one in annotations:
        if isinstance(one, Mask):
            return {
                "address": f"{address}{'/view' if one.ignore > 255 else ''}{suffix}",
                "ignore": one.ignore,
                "deep": one.ignore > 255,
                "nothing": classes.get(BACKGROUND, -1),
                "shares": [
                    {"label": name, "colour": classes.get(name, -1), "text": percent(share)}
                    for name, share in one.shares
                ],
            }
        if isinstance(one, Anomaly) and one.file:
            return {"address": f"{address}{suffix}", "defect": True, "shares": []}
    return None


def _fewer(flat: Sequence[float]) -> list[int]:
    points = list(zip(flat[::2], flat[1::2], strict=True))
    step = max(1, -(-len(points) // MOST_POINTS))
    return [round(number) for point in points[::step] for number in point]
