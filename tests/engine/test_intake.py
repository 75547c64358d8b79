"""What an import does with masks and with images that look alike."""

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image, ImageOps
from pycocotools import mask as coco

from aistudio.engine.intake import masks, pictures, twins
from aistudio.engine.intake.masks import Scheme, UnreadableMask
from aistudio.engine.intake.pictures import LOOK_SIDE, Picture
from aistudio.engine.intake.placing import place
from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Instance
from aistudio.store.formats import rle
from aistudio.store.formats.base import Draft, FoundImage


def picture(width: int, height: int, orientation: int = 1) -> Picture:
    raw = (width, height) if orientation < 5 else (height, width)
    look = np.zeros((LOOK_SIDE, LOOK_SIDE), np.uint8)
    return Picture("1.png", width, height, 1, "0", "PNG", look, raw, orientation)


def saved(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def test_numbers_are_read_from_every_sort_of_png(tmp_path: Path) -> None:
    values = np.array([[0, 1, 2], [3, 4, 255]], np.uint8)
    grey = Image.fromarray(values)
    palette = grey.convert("P")
    palette.putpalette(bytes(range(256)) * 3)
    palette.putdata(values.ravel().tolist())
    deep = Image.fromarray(values.astype(np.uint16) * 200)
    bits = Image.fromarray(values > 1)
    for name, image, expected in (
        ("grey", grey, values),
        ("palette", palette, values),
        ("deep", deep, values.astype(int) * 200),
        ("bits", bits, values > 1),
    ):
        assert masks.decode(saved(tmp_path / f"{name}.png", image)).tolist() == np.asarray(expected, int).tolist()
    colours = np.array([[[128, 64, 0], [0, 0, 0]]], np.uint8)
    for mode in ("RGB", "RGBA"):
        found = masks.decode(saved(tmp_path / f"{mode}.png", Image.fromarray(colours).convert(mode)))
        assert found.tolist() == [[masks.number_of((128, 64, 0)), masks.number_of((0, 0, 0))]]


def test_masks_of_fractions_are_no_masks(tmp_path: Path) -> None:
    fractions = Image.fromarray(np.array([[0.5, np.nan]], np.float32))
    with pytest.raises(UnreadableMask, match="no small whole numbers"):
        masks.decode(saved(tmp_path / "a.tif", fractions))


@given(some.binary(max_size=300), some.integers(0, 100))
@settings(deadline=None, max_examples=60)
def test_a_broken_mask_is_told(tail: bytes, keep: int) -> None:
    file = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(file, "PNG")
    path = Path(tempfile.gettempdir()) / f"mask-{os.getpid()}.png"
    path.write_bytes(file.getvalue()[:keep] + tail)
    try:
        assert masks.decode(path).ndim == 2
    except UnreadableMask as error:
        assert str(error)
    finally:
        path.unlink()


def meanings(*together: set[int]) -> dict[int, str | None]:
    return masks.meanings(frozenset(one) for one in together)


def test_numbers_that_no_file_explains_get_names() -> None:
    assert meanings({0, 255}) == {0: "background", 255: "foreground"}
    assert meanings({0, 1}, {0}) == {0: "background", 1: "foreground"}
    assert meanings({0, 2}, {2, 5, 255}) == {0: "class 0", 2: "class 2", 5: "class 5", 255: None}
    assert meanings({masks.number_of((255, 0, 16))}) == {masks.number_of((255, 0, 16)): "#ff0010"}
    with pytest.raises(ImportRefused, match=r"1,001 different numbers or colours"):
        meanings(set(range(1001)))


def test_background_and_foreground_may_be_written_in_two_ways() -> None:
    assert meanings({0, 1}, {0, 255}, {255}) == {0: "background", 1: "foreground", 255: "foreground"}
    assert meanings({0, 1}, {0, 1, 255}) == {0: "class 0", 1: "class 1", 255: None}
    assert meanings({1, 2}, {1, 255}) == {1: "class 1", 2: "class 2", 255: None}
    assert meanings({0, 128}, {0, 255}) == {0: "class 0", 128: "class 128", 255: None}, "128 is no other way to write 1"
    assert meanings({0, 1}, {0, 2}, {0, 255}) == {0: "class 0", 1: "class 1", 2: "class 2", 255: None}


def test_masks_are_written_with_the_indices_of_the_classes() -> None:
    pixels = np.array([[7, 9], [11, 5]], np.int32)
    scheme = Scheme(["road", "sky"])
    found, unknown = masks.indices(pixels, {7: "sky", 9: "road", 11: None}, scheme)
    assert (found.tolist(), unknown, found.dtype.name) == ([[1, 0], [255, 255]], [5], "uint8")
    assert masks.shares(found, scheme) == (("road", 0.5), ("sky", 0.5))
    many = Scheme([f"class {number}" for number in range(300)])
    wide, _ = masks.indices(pixels, {7: "class 299", 9: "class 0", 11: None, 5: None}, many)
    assert (many.ignore, wide.tolist(), wide.dtype.name) == (65_535, [[299, 0], [65_535, 65_535]], "uint16")


def test_objects_are_drawn_small_above_large_and_crowds_count_for_nothing() -> None:
    large = Instance("a", 0, 0, 8, 8, ((0, 0, 8, 0, 8, 8, 0, 8),))
    small = Instance("b", 2, 2, 2, 2, ((2, 2, 4, 2, 4, 4, 2, 4),))
    crowd = Instance("a", 6, 6, 2, 2, ((6, 6, 8, 6, 8, 8, 6, 8),), flags=("crowd",))
    mask = masks.drawn([small, large, crowd], picture(8, 8), Scheme(["background", "a", "b"]))
    assert (mask[3, 3], mask[0, 0], mask[7, 7]) == (2, 1, 255)


def test_numbered_objects_become_codes_and_back() -> None:
    pixels = np.zeros((6, 9), np.int32)
    pixels[1:3, 2:5] = 4
    pixels[5, 8] = 300
    first, second = masks.objects(pixels, "cell")
    assert (first.x, first.y, first.w, first.h) == (2, 1, 3, 2)
    assert (masks.filled(first, 9, 6) == (pixels == 4)).all()
    assert (masks.filled(second, 9, 6) == (pixels == 300)).all()


@given(some.lists(some.booleans(), min_size=12, max_size=12))
def test_our_run_length_codes_are_those_of_coco(bits: list[bool]) -> None:
    mask = np.array(bits, np.uint8).reshape(3, 4)
    code = coco.encode(np.asfortranarray(mask))["counts"].decode()
    counts = rle.counts_of(code)
    assert counts is not None and rle.code_of(counts) == code
    flat = mask.ravel(order="F")
    assert sum(counts) == 12 and sum(counts[1::2]) == flat.sum()
    box = rle.box_of(counts, 3)
    assert (box is None) == (not flat.any())
    if box is not None:
        x, y, w, h = coco.toBbox({"size": [3, 4], "counts": code.encode()})
        assert (box[0], box[2]) == (x, w) and box[1] <= y and box[1] + box[3] >= y + h


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_turns_with_its_image(orientation: int) -> None:
    """As Pillow turns images."""
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    image = Image.fromarray(stored)
    image.getexif()[274] = orientation
    turned = np.asarray(ImageOps.exif_transpose(image))
    height, width = turned.shape
    if orientation >= 5:
        found = masks.upright(stored.astype(np.int32), picture(width, height, orientation))
        assert found.tolist() == turned.tolist()
    with pytest.raises(UnreadableMask, match="has 5 × 4 pixels, but its image has"):
        masks.upright(np.zeros((4, 5), np.int32), picture(width, height, orientation))


def looks(number: int) -> list[np.ndarray]:
    dice = np.random.default_rng(number)
    return [dice.integers(0, 255, (LOOK_SIDE, LOOK_SIDE)).astype(np.uint8) for _ in range(number)]


def test_images_that_look_alike_are_found_among_many() -> None:
    many = looks(3000)
    slightly = np.clip(many[10].astype(int) + 1, 0, 255).astype(np.uint8)
    found = twins.groups([str(number) for number in range(3002)], [*many, slightly, many[20]])
    assert {place: root for place, root in enumerate(found) if root is not None} == {10: 10, 3000: 10, 20: 20, 3001: 20}


PHOTOS = sorted((Path(__file__).parents[1] / "data/clothing").rglob("*.jpg"))
CHANGES = {
    "brighter": lambda pixels: pixels + 20,
    "darker": lambda pixels: pixels - 20,
    "more contrast": lambda pixels: pixels * 1.1,
    "gamma": lambda pixels: 255 * (pixels / 255) ** 1.2,
}


def look_of(pixels: np.ndarray) -> np.ndarray:
    return pictures._look(pictures._shrink(np.clip(pixels, 0, 255).astype(np.uint8)))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_photos_at_another_exposure_are_found_and_others_are_not(change: Callable[[np.ndarray], np.ndarray]) -> None:
    photos = [np.asarray(Image.open(path).convert("RGB")).astype(float) for path in PHOTOS]
    assert len(photos) >= 20
    count = len(photos)
    found = twins.groups(
        [str(number) for number in range(2 * count)], list(map(look_of, photos + [change(one) for one in photos]))
    )
    again = [found[count + place] == place for place in range(count)]
    assert sum(again) >= 0.9 * count
    assert {root for root in found if root is not None} == {place for place in range(count) if again[place]}


@pytest.mark.parametrize("scale", [0.625, 0.8])
def test_photos_that_are_saved_smaller_are_found_and_others_are_not(scale: float) -> None:
    photos = [Image.open(path).convert("RGB") for path in PHOTOS]
    count = len(photos)
    smaller = [one.resize((int(one.width * scale), int(one.height * scale))) for one in photos]
    found = twins.groups([str(number) for number in range(2 * count)], [saved_look(one) for one in photos + smaller])
    again = [found[count + place] == place for place in range(count)]
    assert sum(again) >= 0.75 * count
    assert {root for root in found if root is not None} == {place for place in range(count) if again[place]}


def saved_look(image: Image.Image) -> np.ndarray:
    """Of a JPEG file, as photos are passed on."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    pixels = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return look_of(pixels)


def test_faint_shades_are_not_stretched_until_they_look_alike() -> None:
    rise = np.linspace(0, 1, LOOK_SIDE * LOOK_SIDE).reshape(LOOK_SIDE, LOOK_SIDE)
    faint, bright = ((start + 20 * rise).astype(np.uint8) for start in (40, 90))
    assert twins.groups(["a", "b"], [faint, bright]) == [None, None]


def test_a_small_object_before_an_even_ground_makes_another_picture() -> None:
    """As a camera that stands still sees it; noise does not."""
    ground = np.linspace(100, 132, LOOK_SIDE) + np.zeros((LOOK_SIDE, LOOK_SIDE))
    seen = [ground + 10 * (np.arange(LOOK_SIDE**2) == 10 * spot).reshape(ground.shape) for spot in range(LOOK_SIDE)]
    noisy = seen[3] + np.random.default_rng(1).integers(0, 2, ground.shape)
    found = twins.groups(list("abcdefghij"), [one.astype(np.uint8) for one in (*seen, noisy)])
    assert {place: root for place, root in enumerate(found) if root is not None} == {3: 3, 9: 3}


def test_flat_images_are_alike_only_if_they_are_the_same() -> None:
    flat = [np.full((LOOK_SIDE, LOOK_SIDE), grey, np.uint8) for grey in (10, 10, 200)]
    assert twins.groups(["a", "b", "c"], flat) == [None, None, None]
    assert twins.groups(["a", "a", "c"], flat) == [0, 0, None]
    assert twins.groups([], []) == []


@pytest.mark.slow
def test_a_hundred_thousand_images_are_compared_in_seconds() -> None:
    found = twins.groups([str(number) for number in range(100_000)], looks(100_000))
    assert not [root for root in found if root is not None]


@pytest.mark.parametrize("orientation", range(5, 9))
def test_a_run_length_code_turns_with_its_image(orientation: int) -> None:
    """As its pixels do when the mask of them is turned."""
    width, height = 5, 3
    image = picture(width, height, orientation)
    stored = np.zeros((width, height), np.int32)
    stored[1:4, 2] = stored[4, 0] = 1
    (one,) = masks.objects(stored, "cat")
    found = FoundImage("a.png", Path("a.png"), [Draft(one)], "set.json", image.raw)
    placed = place(found, image)
    (expected,) = masks.objects(masks.upright(stored, image), "cat")
    assert (placed.annotations, placed.problems) == ([expected], [])
