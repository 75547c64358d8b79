"""A preview shows what training does: the same draws in the same order, bit for bit, and what chance left out."""

import random
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from aistudio.catalog.backbones import IMAGENET
from aistudio.engine.data.batches import Draw, Images
from aistudio.engine.data.images import read_image
from aistudio.engine.data.pipeline import Pipeline
from aistudio.engine.preview import run
from aistudio.engine.weights import default_weights
from aistudio.errors import Mismatch
from aistudio.schema.augmentation import Augmentations, ImageTransform
from aistudio.schema.events import ImagePreviewed, PreviewJobRequest, PreviewSource
from aistudio.schema.preview import Preview
from aistudio.schema.transforms.base import Transform
from aistudio.schema.transforms.geometry import HorizontalFlip
from aistudio.schema.transforms.normalisation import Normalize
from aistudio.store.previews import PreviewFolder
from tests.engine.conftest import Data, Recorder

PLAIN: list[Any] = [entry for entry in get_args(get_args(ImageTransform)[0]) if isinstance(entry, type)]
KINDS: list[Any] = [*PLAIN, *get_args(get_args(Normalize)[0])]
SEED = (3, 0, 5)
Traced = list[tuple[bool, NDArray[Any]]]


def photo(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def made(kind: Any, chance: float) -> Transform:
    result: Transform = kind(**({"p": chance} if "p" in kind.model_fields else {}))
    return result


def traced(transforms: list[Transform]) -> tuple[NDArray[Any], Traced]:
    steps: Traced = []
    pipeline = Pipeline(transforms, *IMAGENET)
    done = pipeline.trace(photo(), SEED, lambda step, image: steps.append((bool(step.params), image.copy())))
    assert np.array_equal(done, Pipeline(transforms, *IMAGENET)(photo(), SEED), equal_nan=True)
    assert np.array_equal(done, pipeline(photo(), SEED), equal_nan=True)  # nothing is left of having looked
    return done, steps


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_step_is_what_the_list_up_to_it_gives(kind: Any) -> None:
    """So the pictures belong together: one draw, not one for each picture."""
    dice = random.Random(kind.__name__)
    for _ in range(3):
        others = [made(other, 0.5) for other in dice.sample(PLAIN, 4)]
        transforms = [*others[:2], made(kind, dice.choice([0.5, 1.0])), *others[2:]]
        done, steps = traced(transforms)
        assert len(steps) == 5
        assert np.array_equal(steps[-1][1], done, equal_nan=True)
        for number in range(1, 5):
            upto = Pipeline([*transforms[:number], HorizontalFlip(p=0)], *IMAGENET)  # Normalize is not the last then
            assert np.array_equal(upto(photo(), SEED), steps[number - 1][1], equal_nan=True)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_chance_left_out_is_said(kind: Any) -> None:
    for chance in (1.0, 0.0):
        _, steps = traced([made(kind, chance), HorizontalFlip(p=0)])
        always = "p" not in kind.model_fields
        assert steps[0][0] == (chance == 1.0 or always)
        assert not steps[1][0]
        if not steps[0][0]:
            assert np.array_equal(steps[0][1], photo())


def ask(tmp_path: Path, data: Data, transforms: list[dict[str, Any]], **changes: Any) -> tuple[Preview, Recorder]:
    samples = data.samples("train")[:2]
    images = [PreviewSource(id=one.id, name=one.path.name, label="x", path=str(one.path)) for one in samples]
    asked: dict[str, Any] = {
        "project": "p", "task": "classification", "version": 1, "images": images, "pipeline": "train",
        "transforms": transforms, "backbone": "resnet18", "pretrained": False, "seed": 3, "epoch": 0,
    }  # fmt: skip
    folder = PreviewFolder(tmp_path / "asked")
    folder.path.mkdir(exist_ok=True)
    job = Recorder(folder.path, lambda events: False)
    run(job, PreviewJobRequest.model_validate({**asked, **changes}))
    preview = folder.read()
    assert preview is not None
    return preview, job


def shown(tmp_path: Path, file: str) -> NDArray[np.uint8]:
    return read_image(tmp_path / "asked" / file)


CHANCY: list[dict[str, Any]] = [
    {"kind": "ColorJitter", "p": 1.0},
    {"kind": "HorizontalFlip"},
    {"kind": "CoarseDropout", "p": 0.7},
]
AS_WEIGHTS: dict[str, Any] = {"kind": "Normalize", "source": "weights"}


@pytest.mark.parametrize("epoch", [0, 1])
def test_the_pictures_are_what_goes_into_the_batches_of_that_epoch(tmp_path: Path, data: Data, epoch: int) -> None:
    """Compared bit for bit: pictures of small images have no losses."""
    preview, job = ask(tmp_path, data, [*CHANCY, AS_WEIGHTS], epoch=epoch)
    assert preview.steps == ["ColorJitter", "HorizontalFlip", "CoarseDropout", "Normalize"]
    samples = data.samples("train")
    train = Augmentations.model_validate({"train": [*CHANCY, AS_WEIGHTS]}).train
    batches = Images(samples, Pipeline(train, *IMAGENET), seed=3)
    for number, image in enumerate(preview.images):
        assert np.array_equal(shown(tmp_path, image.pictures[-1].file), batches[Draw(number, epoch)])
        assert np.array_equal(shown(tmp_path, image.pictures[0].file), read_image(samples[number].path))
        assert {"brightness", "contrast", "saturation", "hue"} <= set(image.pictures[1].drawn)
    assert [event.image for event in job.events if isinstance(event, ImagePreviewed)] == preview.images


def test_the_same_request_gives_the_same_bytes(tmp_path: Path, data: Data) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "asked").glob("*.png")}

    first, _ = ask(tmp_path, data, CHANCY)
    before = files()
    assert len(before) == 8
    again, _ = ask(tmp_path, data, CHANCY)
    assert (again, files()) == (first, before)
    ask(tmp_path, data, CHANCY, seed=4)
    assert files() != before


@pytest.mark.parametrize("at", [1, 3])
def test_normalising_is_told_in_numbers_and_undone_in_the_picture(tmp_path: Path, data: Data, at: int) -> None:
    """In the middle of the list, where it happens at once, and at its end, where the device does it."""
    flips: list[dict[str, Any]] = [{"kind": "HorizontalFlip", "p": 1}, {"kind": "Rotate", "p": 0}]
    bare, _ = ask(tmp_path, data, [*flips, {"kind": "VerticalFlip", "p": 0}])
    plain = {image.id: shown(tmp_path, image.pictures[-1].file) for image in bare.images}
    transforms = [*flips, {"kind": "VerticalFlip", "p": 0}]
    transforms.insert(at, AS_WEIGHTS)
    preview, _ = ask(tmp_path, data, transforms)
    mean, std = IMAGENET
    for image in preview.images:
        assert image.pictures[at].values is None
        expected = (plain[image.id] / 255 - mean) / std
        assert image.pictures[at + 1].values == pytest.approx((expected.min(), expected.max()), abs=1e-5)
        assert np.array_equal(shown(tmp_path, image.pictures[-1].file), plain[image.id])


def test_colours_that_were_cut_off_stay_cut_off(tmp_path: Path, data: Data) -> None:
    """Many transforms cut floats off at 0 and 1: that after Normalize is a mistake that must be seen."""
    preview, _ = ask(tmp_path, data, [AS_WEIGHTS, {"kind": "MedianBlur", "p": 1}])
    for image in preview.images:
        low, high = image.pictures[2].values or (None, None)
        assert low == 0 and high is not None and high <= 1
        assert shown(tmp_path, image.pictures[2].file).min() >= int(min(IMAGENET[0]) * 255)


def test_large_images_become_small_pictures_of_the_same_shape(tmp_path: Path, data: Data) -> None:
    path = tmp_path / "large.png"
    cv2.imwrite(str(path), photo(800, 1600))
    source: dict[str, Any] = {"id": 7, "name": "large", "path": str(path)}
    preview, _ = ask(tmp_path, data, [{"kind": "Resize", "height": 300, "width": 32}], images=[source])
    pictures = preview.images[0].pictures
    assert [(one.width, one.height) for one in pictures] == [(1600, 800), (32, 300)]
    assert [shown(tmp_path, one.file).shape[:2] for one in pictures] == [(128, 256), (256, 27)]
    assert [one.file for one in pictures] == ["7-0.jpg", "7-1.jpg"]


def test_an_unreadable_image_is_told_and_the_others_are_shown(tmp_path: Path, data: Data) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    good = data.samples("train")[0]
    images: list[dict[str, Any]] = [
        {"id": 900, "name": "bad", "path": str(tmp_path / "bad.png")},
        {"id": 901, "name": "gone", "path": str(tmp_path / "gone.png")},
        {"id": good.id, "name": "good", "path": str(good.path)},
    ]
    preview, _ = ask(tmp_path, data, CHANCY, images=images)
    assert "bad.png is not an image" in (preview.images[0].error or "")
    assert "gone.png is gone" in (preview.images[1].error or "")
    assert [len(image.pictures) for image in preview.images] == [0, 0, 4]
    assert preview.images[2].error is None


def test_a_transform_that_cannot_work_is_named_with_its_place(tmp_path: Path, data: Data) -> None:
    path = tmp_path / "thin.png"
    cv2.imwrite(str(path), photo(8, 64)[:1])
    source: dict[str, Any] = {"id": 7, "name": "thin.png", "path": str(path)}
    transforms: list[dict[str, Any]] = [{"kind": "HorizontalFlip"}, {"kind": "GridDistortion", "p": 1}]
    with pytest.raises(Mismatch, match=r"Transform 2 \(GridDistortion\) cannot work on thin\.png: division"):
        ask(tmp_path, data, transforms, images=[source])


@pytest.mark.parametrize(
    "backbone", ["resnet18", "efficientnet_b1", "mobilenet_v2", "regnetx_002", "vit_tiny_patch16_224"]
)
@pytest.mark.parametrize("pretrained", [True, False])
def test_normalize_follows_the_weights_that_training_takes(
    tmp_path: Path, data: Data, backbone: str, pretrained: bool
) -> None:
    """Listed in the catalog or known to timm only, with a weights folder and without."""
    weights = default_weights(backbone)
    mean, std = np.array(weights.mean), np.array(weights.std)
    for folder in (None, str(tmp_path)):
        asked: dict[str, Any] = {"backbone": backbone, "pretrained": pretrained, "weights_dir": folder}
        preview, _ = ask(tmp_path, data, [AS_WEIGHTS], **asked)
        picture = preview.images[0].pictures
        image = shown(tmp_path, picture[0].file) / 255
        expected = (image - mean) / std
        assert picture[1].values == pytest.approx((expected.min(), expected.max()), abs=1e-5)


@pytest.mark.parametrize(("pretrained", "mean"), [(True, 0.5), (False, 0.485)])
def test_of_several_weights_the_file_in_the_folder_decides(
    tmp_path: Path, data: Data, pretrained: bool, mean: float
) -> None:
    (tmp_path / "resnet34.ra4_e3600_r224_in1k.safetensors").write_bytes(b"")
    black = tmp_path / "black.png"
    cv2.imwrite(str(black), np.zeros((4, 4, 3), np.uint8))
    asked: dict[str, Any] = {"backbone": "resnet34", "pretrained": pretrained, "weights_dir": str(tmp_path)}
    source: dict[str, Any] = {"id": 1, "name": "black", "path": str(black)}
    preview, _ = ask(tmp_path, data, [AS_WEIGHTS], images=[source], **asked)
    low, _ = preview.images[0].pictures[1].values or (0, 0)
    assert low == pytest.approx(-mean / (0.5 if pretrained else 0.229), abs=1e-5)
