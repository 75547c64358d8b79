"""Augmentations: one class for each transform, named and parametrised as in albumentations.

The order of a list is the order in which the worker applies it. `arguments` is what the albumentations class is called
with; `summary` is the short text beside the name in the list.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from aistudio.schema.base import Config

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Side = Annotated[int, Field(ge=8, le=4096, json_schema_extra={"unit": "px"})]
Height = Annotated[Side, Field(title="Height", description="Rows of the result.")]
Width = Annotated[Side, Field(title="Width", description="Columns of the result.")]
MaxSize = Annotated[Side, Field(title="Size", description="Length of that side of the result.")]
Chance = Annotated[
    float, Field(ge=0, le=1, title="Probability", description="Share of the images that it is applied to.")
]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=10)]
Kernel = Annotated[int, Field(ge=3, le=101)]


def _ordered(low: float, high: float, name: str) -> None:
    if low > high:
        raise PydanticCustomError("range", "{name}: the first number must not be above the second", {"name": name})


class Transform(Config):
    """What all transforms share: where it stands in the menu, and how it reads in a list."""

    group: ClassVar[str]
    kind: str

    @model_validator(mode="after")
    def _ranges_rise(self) -> "Transform":
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) == 2:
                _ordered(*value, info.title or name)
        return self

    def arguments(self) -> dict[str, Any]:
        return self.model_dump(exclude={"kind"})

    def summary(self) -> str:
        return " ".join(f"{_short(name)}={_text(value)}" for name, value in self.arguments().items())


def _short(name: str) -> str:
    return name if len(name) <= 2 else name.split("_")[0][:10]


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "…".join(_text(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


class _Always(Transform):
    """A transform that is applied to every image."""


class _Sized(_Always):
    height: Height = 224
    width: Width = 224

    def summary(self) -> str:
        return f"{self.height} × {self.width}"


class Resize(_Sized):
    """Stretches the image to a fixed size."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["Resize"] = "Resize"


class RandomResizedCrop(_Sized):
    """Cuts a random part out and stretches it to a fixed size."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["RandomResizedCrop"] = "RandomResizedCrop"
    scale: tuple[Share, Share] = Field(
        default=(0.35, 1.0), title="Scale", description="Smallest and largest share of the area that is kept."
    )
    ratio: tuple[Positive, Positive] = Field(
        default=(0.75, 1.3333), title="Aspect Ratio", description="Narrowest and widest shape of the part."
    )

    def arguments(self) -> dict[str, Any]:
        return {"size": (self.height, self.width), "scale": self.scale, "ratio": self.ratio}

    def summary(self) -> str:
        return f"{self.height} × {self.width} scale={_text(self.scale)}"


class CenterCrop(_Sized):
    """Cuts the middle out; smaller images are padded."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["CenterCrop"] = "CenterCrop"

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "pad_if_needed": True}


class RandomCrop(_Sized):
    """Cuts a random part of a fixed size out; smaller images are padded."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["RandomCrop"] = "RandomCrop"

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "pad_if_needed": True}


class SmallestMaxSize(_Always):
    """Scales the image, shape kept, until its short side has this length."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["SmallestMaxSize"] = "SmallestMaxSize"
    max_size: MaxSize = 256

    def summary(self) -> str:
        return f"short side {self.max_size}"


class LongestMaxSize(_Always):
    """Scales the image, shape kept, until its long side has this length."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["LongestMaxSize"] = "LongestMaxSize"
    max_size: MaxSize = 224

    def summary(self) -> str:
        return f"long side {self.max_size}"


class PadIfNeeded(_Always):
    """Adds a black border up to a smallest size."""

    group: ClassVar[str] = "Size and crop"
    kind: Literal["PadIfNeeded"] = "PadIfNeeded"
    min_height: Side = Field(default=224, title="Height", description="Rows that the result has at least.")
    min_width: Side = Field(default=224, title="Width", description="Columns that the result has at least.")

    def summary(self) -> str:
        return f"{self.min_height} × {self.min_width}"


class HorizontalFlip(Transform):
    """Swaps left and right."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["HorizontalFlip"] = "HorizontalFlip"
    p: Chance = 0.5


class VerticalFlip(Transform):
    """Swaps top and bottom."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["VerticalFlip"] = "VerticalFlip"
    p: Chance = 0.5


class Transpose(Transform):
    """Swaps rows and columns."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["Transpose"] = "Transpose"
    p: Chance = 0.5


class RandomRotate90(Transform):
    """Turns by 0, 90, 180 or 270 degrees."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["RandomRotate90"] = "RandomRotate90"
    p: Chance = 0.5


class Rotate(Transform):
    """Turns by a random angle."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["Rotate"] = "Rotate"
    limit: float = Field(
        default=15,
        ge=0,
        le=180,
        title="Limit",
        description="Largest angle, either way.",
        json_schema_extra={"unit": "degrees"},
    )
    p: Chance = 0.5


class Affine(Transform):
    """Scales, turns and shears at once."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["Affine"] = "Affine"
    scale: tuple[Positive, Positive] = Field(
        default=(0.9, 1.1), title="Scale", description="Smallest and largest factor."
    )
    rotate: tuple[float, float] = Field(
        default=(-10, 10), title="Rotate", description="Range of the angle.", json_schema_extra={"unit": "degrees"}
    )
    shear: tuple[float, float] = Field(
        default=(-5, 5), title="Shear", description="Range of the slant.", json_schema_extra={"unit": "degrees"}
    )
    p: Chance = 0.5


class Perspective(Transform):
    """Looks at the image from a random side."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["Perspective"] = "Perspective"
    scale: tuple[Share, Share] = Field(
        default=(0.05, 0.1), title="Scale", description="How far corners move, as a share of the side."
    )
    p: Chance = 0.5


class ElasticTransform(Transform):
    """Warps the image like rubber (Simard et al., 2003)."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["ElasticTransform"] = "ElasticTransform"
    alpha: float = Field(default=50, ge=0, le=1000, title="Strength", description="How far pixels move.")
    sigma: float = Field(default=5, gt=0, le=100, title="Smoothness", description="How wide the waves are.")
    p: Chance = 0.3


class GridDistortion(Transform):
    """Moves the lines of a grid."""

    group: ClassVar[str] = "Geometry"
    kind: Literal["GridDistortion"] = "GridDistortion"
    distort_limit: float = Field(
        default=0.3, ge=0, lt=1, title="Limit", description="How far a line moves, as a share of a cell."
    )
    p: Chance = 0.3


class ColorJitter(Transform):
    """Changes brightness, contrast, saturation and hue by random amounts."""

    group: ClassVar[str] = "Colour"
    kind: Literal["ColorJitter"] = "ColorJitter"
    brightness: Share = Field(default=0.2, title="Brightness", description="Largest change, as a share.")
    contrast: Share = Field(default=0.2, title="Contrast", description="Largest change, as a share.")
    saturation: Share = Field(default=0.2, title="Saturation", description="Largest change, as a share.")
    hue: float = Field(default=0.05, ge=0, le=0.5, title="Hue", description="Largest turn of the colour circle.")
    p: Chance = 0.5

    def summary(self) -> str:
        return f"b={self.brightness:g} c={self.contrast:g} s={self.saturation:g} h={self.hue:g} p={self.p:g}"


class RandomBrightnessContrast(Transform):
    """Changes brightness and contrast by random amounts."""

    group: ClassVar[str] = "Colour"
    kind: Literal["RandomBrightnessContrast"] = "RandomBrightnessContrast"
    brightness_limit: Share = Field(default=0.2, title="Brightness", description="Largest change, as a share.")
    contrast_limit: Share = Field(default=0.2, title="Contrast", description="Largest change, as a share.")
    p: Chance = 0.5


class HueSaturationValue(Transform):
    """Shifts hue, saturation and value."""

    group: ClassVar[str] = "Colour"
    kind: Literal["HueSaturationValue"] = "HueSaturationValue"
    hue_shift_limit: float = Field(default=20, ge=0, le=180, title="Hue", description="Largest shift, 0 to 180.")
    sat_shift_limit: float = Field(default=30, ge=0, le=255, title="Saturation", description="Largest shift of 255.")
    val_shift_limit: float = Field(default=20, ge=0, le=255, title="Value", description="Largest shift of 255.")
    p: Chance = 0.5


class RandomGamma(Transform):
    """Bends the brightness curve."""

    group: ClassVar[str] = "Colour"
    kind: Literal["RandomGamma"] = "RandomGamma"
    gamma_limit: tuple[Annotated[float, Field(ge=1, le=500)], Annotated[float, Field(ge=1, le=500)]] = Field(
        default=(80, 120), title="Gamma", description="Range in per cent; 100 changes nothing."
    )
    p: Chance = 0.5


class CLAHE(Transform):
    """Evens out contrast in small tiles."""

    group: ClassVar[str] = "Colour"
    kind: Literal["CLAHE"] = "CLAHE"
    clip_limit: float = Field(default=4.0, ge=1, le=100, title="Clip Limit", description="Largest gain of contrast.")
    p: Chance = 0.3


class Equalize(Transform):
    """Spreads brightness evenly over the whole range."""

    group: ClassVar[str] = "Colour"
    kind: Literal["Equalize"] = "Equalize"
    p: Chance = 0.2


class Posterize(Transform):
    """Leaves fewer steps of brightness."""

    group: ClassVar[str] = "Colour"
    kind: Literal["Posterize"] = "Posterize"
    num_bits: int = Field(default=4, ge=1, le=7, title="Bits", description="Bits that are kept in each channel.")
    p: Chance = 0.2


class Solarize(Transform):
    """Inverts what is brighter than a threshold."""

    group: ClassVar[str] = "Colour"
    kind: Literal["Solarize"] = "Solarize"
    threshold_range: tuple[Share, Share] = Field(
        default=(0.5, 0.8), title="Threshold", description="Range of the threshold, as a share of full brightness."
    )
    p: Chance = 0.2


class InvertImg(Transform):
    """Swaps dark and bright."""

    group: ClassVar[str] = "Colour"
    kind: Literal["InvertImg"] = "InvertImg"
    p: Chance = 0.2


class ToGray(Transform):
    """Takes the colour away."""

    group: ClassVar[str] = "Colour"
    kind: Literal["ToGray"] = "ToGray"
    p: Chance = 0.1


class ChannelShuffle(Transform):
    """Swaps red, green and blue at random."""

    group: ClassVar[str] = "Colour"
    kind: Literal["ChannelShuffle"] = "ChannelShuffle"
    p: Chance = 0.1


class GaussianBlur(Transform):
    """Blurs the image."""

    group: ClassVar[str] = "Blur and noise"
    kind: Literal["GaussianBlur"] = "GaussianBlur"
    sigma_limit: tuple[Positive, Positive] = Field(
        default=(0.5, 3.0), title="Sigma", description="Weakest and strongest blur."
    )
    p: Chance = 0.2


class MotionBlur(Transform):
    """Blurs the image along a line."""

    group: ClassVar[str] = "Blur and noise"
    kind: Literal["MotionBlur"] = "MotionBlur"
    blur_limit: tuple[Kernel, Kernel] = Field(
        default=(3, 7), title="Length", description="Shortest and longest line.", json_schema_extra={"unit": "px"}
    )
    p: Chance = 0.2


class MedianBlur(Transform):
    """Replaces each pixel by the median around it."""

    group: ClassVar[str] = "Blur and noise"
    kind: Literal["MedianBlur"] = "MedianBlur"
    blur_limit: tuple[Kernel, Kernel] = Field(
        default=(3, 7), title="Size", description="Smallest and largest window.", json_schema_extra={"unit": "px"}
    )
    p: Chance = 0.2


class GaussNoise(Transform):
    """Adds random noise."""

    group: ClassVar[str] = "Blur and noise"
    kind: Literal["GaussNoise"] = "GaussNoise"
    std_range: tuple[Share, Share] = Field(
        default=(0.02, 0.1), title="Strength", description="Range of the deviation, as a share of full brightness."
    )
    p: Chance = 0.2


class ImageCompression(Transform):
    """Adds the artefacts of strong JPEG compression."""

    group: ClassVar[str] = "Blur and noise"
    kind: Literal["ImageCompression"] = "ImageCompression"
    quality_range: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] = Field(
        default=(50, 95), title="Quality", description="Lowest and highest JPEG quality."
    )
    p: Chance = 0.2


class Sharpen(Transform):
    """Makes edges stronger."""

    group: ClassVar[str] = "Blur and noise"
    kind: Literal["Sharpen"] = "Sharpen"
    alpha: tuple[Share, Share] = Field(default=(0.2, 0.5), title="Strength", description="Range of the strength.")
    p: Chance = 0.2


class CoarseDropout(Transform):
    """Blackens random rectangles (DeVries and Taylor, 2017)."""

    group: ClassVar[str] = "Dropout"
    kind: Literal["CoarseDropout"] = "CoarseDropout"
    num_holes_range: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] = Field(
        default=(1, 4), title="Holes", description="Fewest and most rectangles."
    )
    hole_height_range: tuple[Share, Share] = Field(
        default=(0.1, 0.2), title="Hole Height", description="Range, as a share of the image."
    )
    hole_width_range: tuple[Share, Share] = Field(
        default=(0.1, 0.2), title="Hole Width", description="Range, as a share of the image."
    )
    p: Chance = 0.3


class NormalizeAsWeights(_Always):
    """Brings colours to the mean and deviation that the chosen weights were trained with."""

    group: ClassVar[str] = "Normalisation"
    kind: Literal["Normalize"] = "Normalize"
    source: Literal["weights"] = Field(
        default="weights", title="Source", description="Mean and deviation of the chosen weights, or your own."
    )

    def summary(self) -> str:
        return "as the weights need it"


Channel = Annotated[float, Field(ge=-10, le=10)]
Deviation = Annotated[float, Field(gt=0, le=10)]


class NormalizeCustom(_Always):
    """Brings colours to your own mean and deviation."""

    group: ClassVar[str] = "Normalisation"
    kind: Literal["Normalize"] = "Normalize"
    source: Literal["custom"] = Field(
        default="custom", title="Source", description="Mean and deviation of the chosen weights, or your own."
    )
    mean: tuple[Channel, Channel, Channel] = Field(
        default=IMAGENET_MEAN, title="Mean", description="Of red, green and blue, on a scale from 0 to 1."
    )
    std: tuple[Deviation, Deviation, Deviation] = Field(
        default=IMAGENET_STD, title="Deviation", description="Of red, green and blue, on a scale from 0 to 1."
    )

    def arguments(self) -> dict[str, Any]:
        return {"mean": self.mean, "std": self.std}


def _source(value: Any) -> str:
    """Which of the two is meant; what says nothing follows the weights."""
    return str(value.get("source", "weights") if isinstance(value, dict) else value.source)


Normalize = Annotated[
    Annotated[NormalizeAsWeights, Tag("weights")] | Annotated[NormalizeCustom, Tag("custom")], Discriminator(_source)
]

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
    )
