"""Augmentations: the transforms that there are, and the two ordered lists of a config."""

from typing import Annotated

from pydantic import Field

from aistudio.schema.base import Config
from aistudio.schema.transforms.colour import (
    CLAHE,
    ChannelShuffle,
    ColorJitter,
    Equalize,
    HueSaturationValue,
    InvertImg,
    Posterize,
    RandomBrightnessContrast,
    RandomGamma,
    Solarize,
    ToGray,
)
from aistudio.schema.transforms.geometry import (
    Affine,
    ElasticTransform,
    GridDistortion,
    HorizontalFlip,
    Perspective,
    RandomRotate90,
    Rotate,
    Transpose,
    VerticalFlip,
)
from aistudio.schema.transforms.noise import (
    CoarseDropout,
    GaussianBlur,
    GaussNoise,
    ImageCompression,
    MedianBlur,
    MotionBlur,
    Sharpen,
)
from aistudio.schema.transforms.normalisation import Normalize, NormalizeAsWeights
from aistudio.schema.transforms.size import (
    CenterCrop,
    LongestMaxSize,
    PadIfNeeded,
    RandomCrop,
    RandomResizedCrop,
    Resize,
    SmallestMaxSize,
)

ImageTransform = Annotated[
    Resize
    | RandomResizedCrop
    | CenterCrop
    | RandomCrop
    | SmallestMaxSize
    | LongestMaxSize
    | PadIfNeeded
    | HorizontalFlip
    | VerticalFlip
    | Transpose
    | RandomRotate90
    | Rotate
    | Affine
    | Perspective
    | ElasticTransform
    | GridDistortion
    | ColorJitter
    | RandomBrightnessContrast
    | HueSaturationValue
    | RandomGamma
    | CLAHE
    | Equalize
    | Posterize
    | Solarize
    | InvertImg
    | ToGray
    | ChannelShuffle
    | GaussianBlur
    | MotionBlur
    | MedianBlur
    | GaussNoise
    | ImageCompression
    | Sharpen
    | CoarseDropout
    | Normalize,
    Field(discriminator="kind"),
]


class Augmentations(Config):
    """Two ordered lists: what training images go through, and what validation images go through."""

    train: tuple[ImageTransform, ...] = Field(
        default=(RandomResizedCrop(), HorizontalFlip(), ColorJitter(), NormalizeAsWeights()),
        max_length=50,
        title="Augmentations (Train)",
        description="Applied to each training image, from top to bottom.",
    )
    val: tuple[ImageTransform, ...] = Field(
        default=(Resize(), NormalizeAsWeights()),
        max_length=50,
        title="Augmentations (Validation)",
        description="Applied to each validation image, from top to bottom.",
        json_schema_extra={"folded": True},
    )
