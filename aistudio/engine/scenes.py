"""Drawn scenes: coloured shapes on a rough ground, and what can be said of them, in the format of each annotation."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import orjson
from numpy.typing import NDArray

from aistudio.schema.annotation import Kind
from aistudio.schema.geometry import Rectangle, bounds, corners

SIDE = 128
SCENES = 80
SINGLES = 320  # with one shape each: enough to learn its class from
CLASSES = ("bar", "disc", "triangle")
MOST_SHAPES = 5
_TRIES = 50

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Shape:
    """`outline`: x1 y1 x2 y2 …"""

    label: str
    frame: Rectangle
    outline: tuple[float, ...]
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Scene:
    name: str
    subset: str
    image: Image
    shapes: Sequence[Shape]


def write(kind: Kind, folder: Path) -> None:
    {
        "label": _class_folders,
        "value": _table,
        "box": _coco,
        "instance": _coco,
        "rotated": _dota,
        "mask": _masks,
        "anomaly": _defects,
    }[kind](folder)


def _scenes(single: bool = False, labels: Sequence[str] = CLASSES) -> Iterator[Scene]:
    """Every fifth is for validation. `single`: one shape in each."""
    for number in range(SINGLES if single else SCENES):
        dice = np.random.default_rng((7, number))
        count = 1 if single else int(dice.integers(1, MOST_SHAPES + 1))
        shapes: list[Shape] = []
        for place in range(count):
            label = labels[(number + place) % len(labels)] if single else str(dice.choice(labels))
            shapes += [shape for shape in [_shape(dice, label, shapes, single)] if shape is not None]
        image = _ground(dice)
        for shape in shapes:
            cv2.fillPoly(image, [_points(shape.outline)], shape.colour, cv2.LINE_AA)
        yield Scene(f"{number:03d}", "val" if number % 5 == 4 else "train", image, shapes)


def _ground(dice: np.random.Generator) -> Image:
    """Dark, with slow changes and fine noise."""
    slow = cv2.resize(dice.integers(20, 80, (4, 4, 3)).astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    noise = dice.normal(0, 6, (SIDE, SIDE, 3))
    return np.asarray(np.clip(slow + noise, 0, 255), np.uint8)


def _shape(dice: np.random.Generator, label: str, others: Sequence[Shape], single: bool) -> Shape | None:
    """Somewhere in the image, clear of the others; None if there is no room."""
    for _ in range(_TRIES):
        size = float(dice.uniform(30, 60) if single else dice.uniform(18, 36))
        margin = size * 0.75
        cx, cy = (float(one) for one in dice.uniform(margin, SIDE - margin, 2))
        if all(math.hypot(cx - one.frame.cx, cy - one.frame.cy) > 0.75 * (size + one.frame.w) for one in others):
            height = size * (0.4 if label == "bar" else 1.0)
            angle = 0.0 if label == "disc" else float(dice.uniform(-math.pi / 2, math.pi / 2))
            frame = Rectangle(cx, cy, size, height, angle)
            blue, green, red = (int(one) for one in dice.integers(110, 255, 3))
            return Shape(label, frame, _outline(label, frame), (blue, green, red))
    return None


def _outline(label: str, frame: Rectangle) -> tuple[float, ...]:
    if label == "bar":
        return corners(frame)
    sides = 24 if label == "disc" else 3
    turns = [frame.angle + 2 * math.pi * side / sides for side in range(sides)]
    return tuple(
        part
        for turn in turns
        for part in (frame.cx + frame.w / 2 * math.cos(turn), frame.cy + frame.w / 2 * math.sin(turn))
    )


def _points(outline: Sequence[float]) -> NDArray[np.int32]:
    return np.round(np.reshape(outline, (-1, 2))).astype(np.int32)


def _save(path: Path, image: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def _class_folders(folder: Path) -> None:
    for scene in _scenes(single=True):
        _save(folder / scene.subset / scene.shapes[0].label / f"{scene.name}.png", scene.image)


def _table(folder: Path) -> None:
    """How many shapes there are, and how much of the image they cover."""
    lines = ["filename,shapes,cover_percent,split"]
    for scene in _scenes():
        _save(folder / f"images/{scene.name}.png", scene.image)
        cover = 100 * np.count_nonzero(_indices(scene)) / SIDE**2
        lines.append(f"images/{scene.name}.png,{len(scene.shapes)},{cover:.2f},{scene.subset}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


def _coco(folder: Path) -> None:
    for subset in ("train", "val"):
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        for number, scene in enumerate((one for one in _scenes() if one.subset == subset), start=1):
            _save(folder / f"images/{subset}/{scene.name}.png", scene.image)
            images.append({"id": number, "file_name": f"{scene.name}.png", "width": SIDE, "height": SIDE})
            for shape in scene.shapes:
                about = {"id": len(annotations) + 1, "image_id": number, "category_id": CLASSES.index(shape.label) + 1}
                box = [round(one, 2) for one in bounds(shape.outline)]
                outline = [round(one, 2) for one in shape.outline]
                annotations.append({**about, "bbox": box, "segmentation": [outline], "iscrowd": 0})
        categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES, start=1)]
        document = {"images": images, "categories": categories, "annotations": annotations}
        (folder / f"instances_{subset}.json").write_bytes(orjson.dumps(document))


def _dota(folder: Path) -> None:
    """Bars alone: a disc has no angle."""
    for scene in _scenes(labels=("bar",)):
        _save(folder / f"{scene.subset}/images/{scene.name}.png", scene.image)
        lines = [f"{' '.join(f'{part:.2f}' for part in shape.outline)} {shape.label} 0" for shape in scene.shapes]
        file = folder / f"{scene.subset}/labelTxt/{scene.name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n")


def _indices(scene: Scene) -> Image:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for shape in scene.shapes:
        cv2.fillPoly(mask, [_points(shape.outline)], CLASSES.index(shape.label) + 1)
    return mask


def _masks(folder: Path) -> None:
    for scene in _scenes():
        _save(folder / f"images/{scene.subset}/{scene.name}.png", scene.image)
        _save(folder / f"masks/{scene.subset}/{scene.name}.png", _indices(scene))
    (folder / "classes.txt").write_text("\n".join(("background", *CLASSES)) + "\n")


def _defects(folder: Path) -> None:
    """Woven cloth; what is defective has a scratch across it."""
    for number in range(SCENES):
        dice = np.random.default_rng((11, number))
        image = _cloth(dice)
        if number < SCENES // 2:
            _save(folder / f"train/good/{number:03d}.png", image)
        elif number % 2:
            _save(folder / f"test/good/{number:03d}.png", image)
        else:
            mask = _scratch(dice)
            image[mask > 0] = np.clip(image[mask > 0].astype(np.int16) + 70, 0, 255).astype(np.uint8)
            _save(folder / f"test/scratch/{number:03d}.png", image)
            _save(folder / f"ground_truth/scratch/{number:03d}_mask.png", mask)


def _cloth(dice: np.random.Generator) -> Image:
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    shift = dice.uniform(0, 2 * math.pi, 2)
    weave = 90 + 25 * np.sin(x / 3 + shift[0]) + 25 * np.sin(y / 3 + shift[1])
    grey = np.clip(weave + dice.normal(0, 5, (SIDE, SIDE)), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _scratch(dice: np.random.Generator) -> Image:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    points = np.cumsum(np.vstack([dice.uniform(30, 60, 2), dice.uniform(2, 18, (3, 2))]), axis=0)
    cv2.polylines(mask, [np.round(points).astype(np.int32)], False, 255, int(dice.integers(2, 5)))
    return mask
