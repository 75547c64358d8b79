"""The preview job: images after each step of an augmentation list, as training itself makes them."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import albumentations
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from aistudio.catalog.backbones import IMAGENET, Colour, weights_of
from aistudio.engine.data.images import Image, read_image
from aistudio.engine.data.pipeline import Pipeline
from aistudio.engine.job import Job
from aistudio.errors import CorruptImage, DatasetMissing, Mismatch
from aistudio.schema.events import ImagePreviewed, PreviewJobRequest, PreviewSource
from aistudio.schema.explain import invalid
from aistudio.schema.preview import Preview, PreviewImage, PreviewPicture
from aistudio.schema.transforms.base import Transform
from aistudio.schema.transforms.normalisation import NormalizeAsWeights
from aistudio.store.previews import PreviewFolder
from aistudio.tasks import task

LONGEST_SIDE = 256
LONGEST_LOSSLESS = 64
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
_SETTINGS = {"shape", "interpolation", "fill", "fill_mask", "seed"}  # among the params of a transform; nothing drawn


def run(job: Job, request: PreviewJobRequest) -> None:
    folder = PreviewFolder(job.folder.path)
    transforms = _transforms(request)
    pipeline = Pipeline(transforms, *_colours(request, transforms))
    kinds = [transform.kind for transform in transforms]
    images = []
    for source in request.images:
        job.check_stop()
        images.append(_preview(source, pipeline, kinds, (request.seed, request.epoch, source.id), folder.path))
        job.emit(ImagePreviewed(time=time.time(), image=images[-1]))
    folder.write(Preview(id=folder.id, project=request.project, steps=kinds, images=images))


def _transforms(request: PreviewJobRequest) -> Sequence[Transform]:
    kind = task(request.task).augmentations
    try:
        return tuple(getattr(kind.model_validate({request.pipeline: request.transforms}), request.pipeline))
    except ValidationError as error:
        raise Mismatch(f"The transforms do not fit this version: {invalid(kind, error)}") from error


def _colours(request: PreviewJobRequest, transforms: Sequence[Transform]) -> tuple[Colour, Colour]:
    """Mean and deviation of the weights that training would take.

    What only timm knows, and which of several weights a folder holds, is asked of the engine: that takes a second.
    """
    if not any(isinstance(transform, NormalizeAsWeights) for transform in transforms):
        return IMAGENET
    listed = weights_of(request.backbone)
    folder = Path(request.weights_dir) if request.weights_dir and request.pretrained else None
    if listed and folder is None:
        return listed[0].mean, listed[0].std
    from aistudio.engine.models import known_architecture
    from aistudio.engine.weights import default_weights, locate

    known_architecture(request.backbone)
    located = locate(request.backbone, folder)
    weights = located.weights if located else default_weights(request.backbone)
    return weights.mean, weights.std


def _preview(
    source: PreviewSource, pipeline: Pipeline, kinds: Sequence[str], seed: Sequence[int], folder: Path
) -> PreviewImage:
    """One that cannot be read is told: training leaves it out, too."""
    about: dict[str, Any] = {"id": source.id, "name": source.name, "label": source.label}
    try:
        image = read_image(Path(source.path))
    except (CorruptImage, DatasetMissing) as error:
        return PreviewImage(**about, error=error.message)
    strip = _Strip(folder, source.id)
    strip.add(image)
    try:
        done = pipeline.trace(image, seed, strip.look)
    except (cv2.error, ArithmeticError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        number = len(strip.pictures)
        said = " ".join(str(error).split()) or type(error).__name__
        raise Mismatch(
            f"Transform {number} ({kinds[number - 1]}) cannot work on {source.name}: {said[:200]}",
            "Change its values, or its place in the list.",
        ) from error
    if pipeline.left_to_device:
        strip.add(done, values=_normalized_range(pipeline, done))
    return PreviewImage(**about, pictures=strip.pictures)


class _Strip:
    """The pictures of one image; written at once, since transforms may go on to work in the same array."""

    def __init__(self, folder: Path, image: int) -> None:
        self.pictures: list[PreviewPicture] = []
        self._folder = folder
        self._image = image
        self._normalized: list[tuple[Any, Any]] = []

    def look(self, transform: Any, image: NDArray[Any]) -> None:
        """After one transform of albumentations."""
        if isinstance(transform, albumentations.Normalize):
            self._normalized.append((transform.mean, transform.std))
        self.add(image, applied=bool(transform.params), drawn=_drawn(transform.params))

    def add(self, image: NDArray[Any], **more: Any) -> None:
        if image.dtype != np.uint8:
            more["values"] = (float(image.min()), float(image.max()))
        height, width = image.shape[:2]
        file = _write(self._folder, f"{self._image}-{len(self.pictures)}", self._visible(_shrunk(image)))
        self.pictures.append(PreviewPicture(file=file, width=width, height=height, **more))

    def _visible(self, image: NDArray[Any]) -> Image:
        """8 bits: what was normalised is undone, the last time first; beyond black and white is cut off."""
        if image.dtype == np.uint8:
            return image
        for mean, std in reversed(self._normalized):
            image = (image * np.float32(std) + np.float32(mean)) * 255
        return np.asarray(np.clip(np.rint(np.nan_to_num(image)), 0, 255), np.uint8)


def _drawn(params: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers among the parameters of this time; maps and matrices say nothing to people."""
    return {
        str(name): value.tolist()
        for name, given in params.items()
        if name not in _SETTINGS
        and not isinstance(given, Mapping)
        and (value := np.asarray(given)).dtype.kind in "if"
        and value.ndim <= 1
        and value.size <= 4
    }


def _normalized_range(pipeline: Pipeline, image: Image) -> tuple[float, float]:
    """What the device will make of the darkest and the brightest value of each colour."""
    extremes = np.stack([image.min(axis=(0, 1)), image.max(axis=(0, 1))])
    made = pipeline.normalization()(torch.from_numpy(extremes)[:, :, None, None])
    return float(made.min()), float(made.max())


def _shrunk(image: NDArray[Any]) -> NDArray[Any]:
    height, width = image.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return image
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _write(folder: Path, stem: str, image: Image) -> str:
    """Small ones are enlarged by the browser, where losses would look like a transform's doing: they have none."""
    lossless = max(image.shape[:2]) <= LONGEST_LOSSLESS
    name = f"{stem}.png" if lossless else f"{stem}.jpg"
    _, data = cv2.imencode(Path(name).suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [] if lossless else JPEG)
    (folder / name).write_bytes(data.tobytes())
    return name
