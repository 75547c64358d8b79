"""The transforms of a list: every one binds, the order is kept, chance is repeatable, normalising is exact."""

import warnings
from typing import Any, get_args

import cv2
import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from aistudio.engine.data.pipeline import Pipeline
from aistudio.schema.augmentation import ImageTransform
from aistudio.schema.transforms.base import Transform
from aistudio.schema.transforms.colour import ColorJitter, InvertImg
from aistudio.schema.transforms.geometry import HorizontalFlip, RandomRotate90
from aistudio.schema.transforms.noise import GaussNoise
from aistudio.schema.transforms.normalisation import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Normalize,
    NormalizeAsWeights,
    NormalizeCustom,
)
from aistudio.schema.transforms.size import (
    LongestMaxSize,
    PadIfNeeded,
    RandomCrop,
    RandomResizedCrop,
    Resize,
    SmallestMaxSize,
    final_size,
)

pytestmark = pytest.mark.engine
PLAIN = [entry for entry in get_args(get_args(ImageTransform)[0]) if isinstance(entry, type)]
CLASSES: list[Any] = [*PLAIN, *get_args(get_args(Normalize)[0])]
GREY = ((0.5,) * 3, (0.25,) * 3)


def image(height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def pipeline(*transforms: Transform) -> Pipeline:
    return Pipeline(transforms, IMAGENET_MEAN, IMAGENET_STD)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_transform_binds_and_runs(kind: Any) -> None:
    given = {"p": 1.0} if "p" in kind.model_fields else {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = pipeline(kind(**given), HorizontalFlip(p=0))
        done = made(image(), (1, 2))
    assert done.ndim == 3 and done.shape[2] == 3
    changed = done.shape != (48, 64, 3) or not np.array_equal(done, image())
    assert changed or kind.__name__ == "PadIfNeeded" or kind.__name__ == "RandomRotate90"


def test_every_kind_of_the_union_was_walked() -> None:
    schema = TypeAdapter(ImageTransform).json_schema()
    assert set(schema["discriminator"]["mapping"]) == {kind.model_fields["kind"].default for kind in CLASSES}


def test_the_order_of_the_list_is_the_order_of_work() -> None:
    crop, resize = RandomCrop(height=16, width=16), Resize(height=24, width=32)
    assert pipeline(crop, resize)(image(), (1,)).shape == (24, 32, 3)
    assert pipeline(resize, crop)(image(), (1,)).shape == (16, 16, 3)
    black = NormalizeCustom(mean=(0, 0, 0), std=(1, 1, 1))
    grey = np.full((8, 8, 3), 51, np.uint8)
    inverted_first = pipeline(InvertImg(p=1), black, HorizontalFlip(p=1))(grey, (1,))
    inverted_last = pipeline(black, InvertImg(p=1), HorizontalFlip(p=1))(grey, (1,))
    assert inverted_first.max() == pytest.approx(0.8) and inverted_last.max() == pytest.approx(0.8)


def test_normalize_at_the_end_is_left_to_the_device() -> None:
    for last in (NormalizeAsWeights(), NormalizeCustom(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))):
        late, early = pipeline(last), pipeline(last, HorizontalFlip(p=0))
        raw, done = late(image(), (1,)), early(image(), (1,))
        assert raw.dtype == np.uint8 and done.dtype == np.float32
        here = late.normalization()(torch.from_numpy(raw).permute(2, 0, 1)[None])
        there = early.normalization()(torch.from_numpy(done).permute(2, 0, 1)[None])
        assert float((here - there).abs().max()) <= 1e-6


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_transform_says_what_a_normalize_before_it_spoils(kind: Any) -> None:
    """What expects nothing gives the same after it, but for the rounding of 8-bit colours."""
    transform = kind(**({"p": 1.0} if "p" in kind.model_fields else {}))
    smooth = cv2.normalize(cv2.GaussianBlur(image(300, 400), (0, 0), 6), np.empty(0), 0, 255, cv2.NORM_MINMAX)
    picture = smooth[:200, :200] if transform.kind == "PadIfNeeded" else smooth
    step, stays = NormalizeAsWeights(), HorizontalFlip(p=0)
    first = pipeline(step, transform, stays)(picture, (1,))
    last = pipeline(transform, step, stays)(picture, (1,))
    same = np.abs(first - last).max() <= 2 / 255 / min(IMAGENET_STD)
    assert bool(same) == (transform.expects == "nothing")
    if transform.expects == "black":
        filled = (first == 0).all(axis=2)
        black = -np.array(IMAGENET_MEAN) / IMAGENET_STD
        assert filled.any() and np.allclose(last[filled], black, atol=1e-3)


def test_without_normalize_images_are_scaled_to_one() -> None:
    made = pipeline(HorizontalFlip())
    white = torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)
    assert torch.equal(made.normalization()(white), torch.ones(1, 3, 2, 2))


def test_normalize_follows_the_weights() -> None:
    made = Pipeline([NormalizeAsWeights()], *GREY)
    white = torch.full((1, 3, 1, 1), 255, dtype=torch.uint8)
    assert made.normalization()(white).flatten().tolist() == [2.0, 2.0, 2.0]


def test_the_same_seed_gives_the_same_image() -> None:
    made = pipeline(ColorJitter(p=1), GaussNoise(p=1))
    first, other = made(image(), (1, 0, 5)), made(image(), (1, 1, 5))
    assert np.array_equal(made(image(), (1, 0, 5)), first)
    assert not np.array_equal(first, other)


def test_transforms_are_drawn_independently() -> None:
    made = pipeline(HorizontalFlip(p=0.5), InvertImg(p=0.5))
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, :4] = 255
    results = {made(picture, (number,)).tobytes() for number in range(60)}
    both = pipeline(HorizontalFlip(p=1), InvertImg(p=1))(picture, (0,)).tobytes()
    assert both == picture.tobytes()
    flipped_only = pipeline(HorizontalFlip(p=1))(picture, (0,)).tobytes()
    assert results == {picture.tobytes(), flipped_only}


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(48, 64), (37, 100), (300, 300)])
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_transform_says_what_size_it_makes(kind: Any, shape: tuple[int, int], chance: float) -> None:
    transform = kind(**({"p": chance} if "p" in kind.model_fields else {}))
    made = pipeline(transform, HorizontalFlip(p=0))
    picture = image(*shape)
    sizes = {made(picture, (number,)).shape[:2] for number in range(8)}
    assert transform.size_after(shape) == (sizes.pop() if len(sizes) == 1 else None)


@pytest.mark.parametrize(
    "transform",
    [
        Resize(height=40, width=40),
        RandomResizedCrop(height=40, width=40, scale=(1, 1), ratio=(1, 1)),
        SmallestMaxSize(max_size=40),
        LongestMaxSize(max_size=40),
    ],
    ids=lambda one: one.kind,
)
def test_fine_noise_is_averaged_where_an_image_shrinks(transform: Transform) -> None:
    """Each pixel is the mean of the 100 that it stands for; bilinear sampling would take 4 of them."""
    picture = image(400, 400)
    means = picture.reshape(40, 10, 40, 10, 3).mean(axis=(1, 3))
    assert np.abs(pipeline(transform)(picture, (1,)) - means).max() <= 1


def test_the_size_that_a_list_leads_to() -> None:
    resize = Resize(height=64, width=32)
    assert final_size([resize, RandomCrop(height=16, width=8), HorizontalFlip()]) == (16, 8)
    assert final_size([resize, LongestMaxSize(max_size=32), PadIfNeeded(min_height=8, min_width=24)]) == (32, 24)
    assert final_size([resize, RandomRotate90()]) is None
    assert final_size([HorizontalFlip(), LongestMaxSize()]) is None
