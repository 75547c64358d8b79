"""Transforms that change colours."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aistudio.schema.transforms.base import Chance, Expected, Share, Transform


class ColorJitter(Transform):
    """Changes brightness, contrast, saturation and hue by random amounts."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
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
    expects: ClassVar[Expected] = "range"
    kind: Literal["RandomBrightnessContrast"] = "RandomBrightnessContrast"
    brightness_limit: Share = Field(default=0.2, title="Brightness", description="Largest change, as a share.")
    contrast_limit: Share = Field(default=0.2, title="Contrast", description="Largest change, as a share.")
    p: Chance = 0.5


class HueSaturationValue(Transform):
    """Shifts hue, saturation and value."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["HueSaturationValue"] = "HueSaturationValue"
    hue_shift_limit: float = Field(default=20, ge=0, le=180, title="Hue", description="Largest shift, 0 to 180.")
    sat_shift_limit: float = Field(default=30, ge=0, le=255, title="Saturation", description="Largest shift of 255.")
    val_shift_limit: float = Field(default=20, ge=0, le=255, title="Value", description="Largest shift of 255.")
    p: Chance = 0.5


class RandomGamma(Transform):
    """Bends the brightness curve."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["RandomGamma"] = "RandomGamma"
    gamma_limit: tuple[Annotated[float, Field(ge=1, le=500)], Annotated[float, Field(ge=1, le=500)]] = Field(
        default=(80, 120), title="Gamma", description="Range in per cent; 100 changes nothing."
    )
    p: Chance = 0.5


class CLAHE(Transform):
    """Evens out contrast in small tiles."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["CLAHE"] = "CLAHE"
    clip_limit: float = Field(default=4.0, ge=1, le=100, title="Clip Limit", description="Largest gain of contrast.")
    p: Chance = 0.3


class Equalize(Transform):
    """Spreads brightness evenly over the whole range."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["Equalize"] = "Equalize"
    p: Chance = 0.2


class Posterize(Transform):
    """Leaves fewer steps of brightness."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["Posterize"] = "Posterize"
    num_bits: int = Field(default=4, ge=1, le=7, title="Bits", description="Bits that are kept in each channel.")
    p: Chance = 0.2


class Solarize(Transform):
    """Inverts what is brighter than a threshold."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["Solarize"] = "Solarize"
    threshold_range: tuple[Share, Share] = Field(
        default=(0.5, 0.8), title="Threshold", description="Range of the threshold, as a share of full brightness."
    )
    p: Chance = 0.2


class InvertImg(Transform):
    """Swaps dark and bright."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["InvertImg"] = "InvertImg"
    p: Chance = 0.2


class ToGray(Transform):
    """Takes the colour away."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["ToGray"] = "ToGray"
    p: Chance = 0.1


class ChannelShuffle(Transform):
    """Swaps red, green and blue at random."""

    group: ClassVar[str] = "Colour"
    expects: ClassVar[Expected] = "range"
    kind: Literal["ChannelShuffle"] = "ChannelShuffle"
    p: Chance = 0.1
