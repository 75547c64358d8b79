"""The list of transforms of a config as something that turns one image into what the model gets."""

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # before the import, which asks the internet otherwise

import albumentations
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aistudio.engine.data.images import Image
from aistudio.schema.transforms.base import Transform
from aistudio.schema.transforms.normalisation import NormalizeAsWeights, NormalizeCustom

Colour = tuple[float, float, float]


Look = Callable[[Any, NDArray[Any]], None]


class Compose(albumentations.Compose):  # type: ignore[misc]
    """Shows `after` the image after each transform, where it is set; what is drawn and done is the same either way."""

    after: Callable[[NDArray[Any]], None] | None = None

    def check_data_post_transform(self, data: dict[str, Any]) -> Any:
        if self.after is not None:
            self.after(data["image"])
        return super().check_data_post_transform(data)


class Pipeline:
    """Applies the transforms in exactly the order of the list.

    A `Normalize` at the end is left to the device (`normalization`), so that 8-bit images travel there; anywhere else
    it happens in place and the images are float32 from there on. `left_to_device`: whether there is one at the end.
    """

    def __init__(self, transforms: Sequence[Transform], mean: Colour, std: Colour) -> None:
        kinds = [transform.kind for transform in transforms]
        at_end = kinds[-1:] == ["Normalize"] and kinds.count("Normalize") == 1
        here = transforms[:-1] if at_end else transforms
        weights = {"mean": mean, "std": std}
        self._compose = Compose([_albumentation(one, weights) for one in here])
        self.left_to_device = at_end
        self._last = _arguments(transforms[-1], weights) if at_end else {"mean": (0.0,) * 3, "std": (1.0,) * 3}

    def __call__(self, image: Image, seed: Sequence[int]) -> NDArray[Any]:
        """The same seed gives the same result, whatever was drawn before."""
        numbers = np.random.default_rng(seed)
        # Compose's own seed would restart each transform from the same number: what flips would always be blurred, too.
        self._compose.set_random_state(numbers, random.Random(int(numbers.integers(2**63))))
        done: NDArray[Any] = self._compose(image=image)["image"]
        return done

    def trace(self, image: Image, seed: Sequence[int], look: Look) -> NDArray[Any]:
        """As a call; besides, `look` gets each transform with the image that it made, which is valid in there only.

        What a transform drew is in its `params`; they are empty where chance left it out.
        """
        transforms = iter(self._compose)
        self._compose.after = lambda made: look(next(transforms), made)
        try:
            return self(image, seed)
        finally:
            self._compose.after = None

    def normalization(self) -> "Normalization":
        return Normalization(self._last["mean"], self._last["std"])


class Normalization(nn.Module):
    """8-bit images (N, 3, H, W) as float32 from 0 to 1, less a mean, by a deviation; float images pass unchanged."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Colour, std: Colour) -> None:
        super().__init__()
        scale = 1 / (torch.tensor(std, dtype=torch.float64) * 255)
        self.register_buffer("mean", _column(torch.tensor(mean, dtype=torch.float64) * 255), persistent=False)
        self.register_buffer("scale", _column(scale), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        if images.dtype != torch.uint8:
            return images
        return (images.float() - self.mean) * self.scale


def _column(values: Tensor) -> Tensor:
    return values.float()[:, None, None]


def _albumentation(transform: Transform, weights: dict[str, Any]) -> Any:
    return getattr(albumentations, transform.kind)(**_arguments(transform, weights))


def _arguments(transform: Transform, weights: dict[str, Any]) -> dict[str, Any]:
    if isinstance(transform, NormalizeAsWeights):
        return weights
    if isinstance(transform, NormalizeCustom):
        return {"mean": transform.mean, "std": transform.std}
    return transform.arguments()
