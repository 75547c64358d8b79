"""Written in a format and imported again: the same comes out, wherever the format can say it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aistudio.engine.intake import masks
from aistudio.schema.annotation import Anomaly, AnyAnnotation, Box, Instance, Kind, Label, Mask, RotatedBox, Value
from aistudio.schema.geometry import Rectangle, bounds, corners, is_flat
from aistudio.store.dataset import DatasetFolder
from aistudio.store.formats.base import is_ignored
from tests.engine import writers
from tests.engine.taking import imported
from tests.engine.writers import HEIGHT, WIDTH, Files

TIMES = [8, pytest.param(200, marks=pytest.mark.slow)]
Found = dict[str, list[AnyAnnotation]]


pytestmark = pytest.mark.usefixtures("unlimited")


def taken_in(name: str, kind: Kind, files: Files, look: Callable[[DatasetFolder], Any]) -> Any:
    with imported(name, kind, files) as (dataset, _):
        return look(dataset)


def annotations(dataset: DatasetFolder) -> Found:
    return {Path(one.name).stem: one.annotations for one in pages(dataset)}


def pages(dataset: DatasetFolder) -> list[Any]:
    with dataset.reading() as db:
        found = db.execute("SELECT id FROM images").fetchall()
    return [dataset.image(number)[0] for (number,) in found]


letters = some.text(alphabet="abcXYZ012äé漢🦊-_.()", min_size=1, max_size=12)
labels = letters.filter(lambda name: not is_ignored(name) and name.strip(".") == name and name != "-")


@some.composite
def boxes(draw: some.DrawFn, flags: tuple[Any, ...] = ((),)) -> Box:
    x, y = draw(some.integers(0, 4 * WIDTH - 8)) / 4, draw(some.integers(0, 4 * HEIGHT - 8)) / 4
    w, h = draw(some.integers(4, int(4 * (WIDTH - x)))) / 4, draw(some.integers(4, int(4 * (HEIGHT - y)))) / 4
    return Box(draw(labels), x, y, w, h, draw(some.sampled_from(flags)))


@some.composite
def rotated(draw: some.DrawFn, flags: tuple[Any, ...] = ((),)) -> RotatedBox:
    cx, cy, w, h = (draw(some.floats(*limits)) for limits in ((20, 40), (18, 30), (2, 20), (2, 20)))
    turned = Rectangle(cx, cy, w, h, draw(some.floats(-1.5, 1.5)))
    return RotatedBox(draw(labels), corners(turned), draw(some.sampled_from(flags)))


@some.composite
def outlines(draw: some.DrawFn, most: int = 3) -> Instance:
    """Triangles with something inside, wherever they are."""
    place = some.tuples(*[some.integers(0, WIDTH), some.integers(0, HEIGHT)] * 3)
    places = place.map(lambda one: tuple(map(float, one)))
    polygons = tuple(draw(some.lists(places.filter(lambda one: not is_flat(one)), min_size=1, max_size=most)))
    return Instance(draw(labels), *bounds([part for flat in polygons for part in flat]), polygons)


@some.composite
def crowds(draw: some.DrawFn) -> Instance:
    pixels = np.zeros((HEIGHT, WIDTH), np.int32)
    for x, y in draw(some.lists(some.tuples(some.integers(0, WIDTH - 1), some.integers(0, HEIGHT - 1)), min_size=1)):
        pixels[y : y + 3, x : x + 2] = 1
    (one,) = masks.objects(pixels, draw(labels))
    return Instance(one.label, one.x, one.y, one.w, one.h, (), one.rle, ("crowd",))


def images(marks: some.SearchStrategy[Any], least: int = 1) -> some.SearchStrategy[Found]:
    """The first image has something, so that there is something to import."""
    first = some.lists(marks, min_size=1, max_size=4)
    others = some.lists(some.lists(marks, min_size=least, max_size=4), max_size=3)
    return some.tuples(first, others).map(lambda one: {f"image {n}": some for n, some in enumerate([one[0], *one[1]])})


FLAGS = ((), ("difficult",), ("truncated",), ("difficult", "truncated"))
WAYS: dict[str, tuple[str, Kind, Callable[[Any], Files], some.SearchStrategy[Found], float]] = {
    "COCO boxes": ("coco", "box", writers.coco, images(boxes(((), ("crowd",))), 0), 0),
    "COCO outlines": ("coco", "instance", writers.coco, images(outlines() | crowds(), 0), 0),
    "COCO run lengths": ("coco", "instance", writers.coco_counts, images(crowds(), 0), 0),
    "YOLO outlines": ("yolo", "instance", writers.yolo, images(outlines(1), 0), 1e-9),
    "YOLO boxes": ("yolo", "box", writers.yolo, images(boxes(), 0), 1e-9),
    "YOLO corners": ("yolo", "rotated", writers.yolo, images(rotated(), 0), 1e-9),
    "Pascal VOC": ("voc", "box", writers.voc, images(boxes(FLAGS), 0), 0),
    "roLabelImg": ("rolabelimg", "rotated", writers.rolabelimg, images(rotated(FLAGS), 0), 1e-9),
    "DOTA": ("dota", "rotated", writers.dota, images(rotated(((), ("difficult",))), 0), 0),
    "CSV boxes": ("csv", "box", writers.csv_boxes, images(boxes()), 0),
}


def flat(one: AnyAnnotation) -> tuple[Any, list[float]]:
    match one:
        case Box():
            return (one.label, one.flags), [one.x, one.y, one.w, one.h]
        case RotatedBox():
            return (one.label, one.flags), list(one.corners)
        case Instance():
            return (one.label, one.flags, one.rle, len(one.polygons)), [part for flat in one.polygons for part in flat]
    raise AssertionError(one)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("way", WAYS)
def test_objects_come_out_as_they_were(way: str, times: int) -> None:
    name, kind, write, strategy, tolerance = WAYS[way]

    @settings(deadline=None, max_examples=times)
    @given(strategy)
    def check(marked: Found) -> None:
        found = taken_in(name, kind, write(marked), annotations)
        assert found.keys() == marked.keys()
        for image, expected in marked.items():
            assert len(found[image]) == len(expected)
            for one, other in zip(found[image], expected, strict=True):
                assert flat(one)[0] == flat(other)[0]
                assert flat(one)[1] == pytest.approx(flat(other)[1], abs=tolerance)

    check()


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize(("name", "write"), [("class_folders", writers.class_folders), ("csv", writers.csv_labels)])
def test_classes_come_out_as_they_were(name: str, write: Callable[[Any], Files], times: int) -> None:
    @settings(deadline=None, max_examples=times)
    @given(some.lists(labels, min_size=2, max_size=5, unique=True), some.lists(some.integers(0, 4), max_size=4))
    def check(names: list[str], more: list[int]) -> None:
        chosen = [*names, *(names[number % len(names)] for number in more)]
        marked = {f"image {number}": [Label(label)] for number, label in enumerate(chosen)}
        assert taken_in(name, "label", write(marked), annotations) == marked

    check()


@pytest.mark.parametrize("times", TIMES)
def test_numbers_come_out_as_they_were(times: int) -> None:
    numbers = some.floats(-1e12, 1e12).map(lambda one: float(repr(one)))

    @settings(deadline=None, max_examples=times)
    @given(some.lists(some.tuples(numbers, numbers), min_size=1, max_size=5))
    def check(pairs: list[tuple[float, float]]) -> None:
        named = enumerate(pairs)
        marked = {f"image {number}": [Value("first", one), Value("second", other)] for number, (one, other) in named}
        assert taken_in("csv", "value", writers.csv_values(marked), annotations) == marked

    check()


pixels = some.lists(some.integers(0, 6), min_size=12, max_size=12).map(
    lambda one: cv2.resize(np.array(one, np.uint8).reshape(3, 4), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
)
drawn = some.lists(pixels, min_size=1, max_size=3).map(lambda some: {f"image {n}": one for n, one in enumerate(some)})


WRITERS = {
    "index": writers.png_masks,
    "palette": writers.palette_masks,
    "palette of colours": writers.palette_of_colours,
    "tripled": writers.tripled_masks,
    "colours": writers.coloured_masks,
}


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("way", [*WRITERS, "0 and 255"])
def test_class_masks_come_out_as_they_were(way: str, times: int) -> None:
    """Written anew with the indices of the classes, which are those of the source here."""
    names = [f"class {number}" for number in range(6)] + ["void"]

    def look(dataset: DatasetFolder) -> dict[str, list[list[int]]]:
        found = {}
        for image in pages(dataset):
            (mask,) = image.annotations
            assert isinstance(mask, Mask)
            stored = np.asarray(cv2.imread(str(dataset.mask(mask.file)), cv2.IMREAD_UNCHANGED))
            found[Path(image.name).stem] = np.where(stored == mask.ignore, 6, stored).tolist()
        return found

    @settings(deadline=None, max_examples=times)
    @given(drawn.filter(lambda some: any((one < 6).any() for one in some.values())))
    def check(marked: Mapping[str, Any]) -> None:
        found = taken_in("png_masks", "mask", WRITERS[way](marked, names), look)
        assert found == {name: one.tolist() for name, one in marked.items()}

    @settings(deadline=None, max_examples=times)
    @given(drawn.filter(lambda some: {0, 1} == set(np.concatenate([*some.values()]).ravel() > 0)))
    def check_two(marked: Mapping[str, Any]) -> None:
        found = taken_in("png_masks", "mask", writers.binary_masks(marked, names), look)
        assert found == {name: (one > 0).astype(int).tolist() for name, one in marked.items()}

    check() if way in WRITERS else check_two()


@pytest.mark.parametrize("times", TIMES)
def test_defects_come_out_as_they_were(times: int) -> None:
    def look(dataset: DatasetFolder) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for image in pages(dataset):
            (one,) = image.annotations
            assert isinstance(one, Anomaly) and one.anomalous == (one.label != "good") == (one.file is not None)
            mask = cv2.imread(str(dataset.mask(one.file)), cv2.IMREAD_UNCHANGED) if one.file else np.zeros(0)
            found[Path(image.name).stem] = one.label, np.asarray(mask).tolist()
        return found

    defects = labels.filter(lambda name: name.lower() not in ("good", "normal", "ok", "nominal"))

    @settings(deadline=None, max_examples=times)
    @given(drawn, some.lists(defects, max_size=3))
    def check(marked: dict[str, Any], names: list[str]) -> None:
        marked = {**marked, "normal": np.zeros((HEIGHT, WIDTH), np.uint8)}
        chosen = dict(zip([name for name, one in marked.items() if 0 < (one > 0).mean() < 0.5], names, strict=False))
        expected = {
            name: (chosen[name], np.where(one, 255, 0).tolist()) if name in chosen else ("good", [])
            for name, one in marked.items()
        }
        assert taken_in("mvtec", "anomaly", writers.mvtec(marked, chosen), look) == expected

    check()


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("name", ["instance_png", "object_pngs"])
def test_numbered_objects_come_out_as_they_were(name: str, times: int) -> None:
    write = {"instance_png": writers.instance_png, "object_pngs": writers.object_pngs}[name]

    def look(dataset: DatasetFolder) -> dict[str, list[Any]]:
        return {
            Path(image.name).stem: [masks.filled(one, WIDTH, HEIGHT).tolist() for one in image.annotations]
            for image in pages(dataset)
        }

    @settings(deadline=None, max_examples=times)
    @given(drawn.filter(lambda some: all(one.any() for one in some.values())))
    def check(marked: Mapping[str, Any]) -> None:
        expected = {key: [(one == value).tolist() for value in np.unique(one[one > 0])] for key, one in marked.items()}
        assert taken_in(name, "instance", write(marked), look) == expected

    check()
