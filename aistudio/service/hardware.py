"""What the devices of this machine can do."""

from collections.abc import Iterable, Mapping
from typing import get_args

from aistudio.schema.device import Device
from aistudio.schema.training import Precision

BF16_CAPABILITY = (8, 0)  # Ampere; before that PyTorch only imitates it, slower than 32


def precisions(devices: Mapping[str, Device], chosen: Iterable[str]) -> dict[Precision, str]:
    """Each precision with the reason why the chosen devices cannot do it; an empty text where they can."""
    gpus = [device for key in chosen if key != "cpu" and (device := devices.get(key)) is not None]
    return {precision: _why_not(precision, gpus) for precision in get_args(Precision)}


def _why_not(precision: Precision, gpus: list[Device]) -> str:
    if precision == "16-mixed" and not gpus:
        return "Needs a GPU."
    if precision == "bf16-mixed":
        old = [gpu for gpu in gpus if gpu.capability is not None and gpu.capability < BF16_CAPABILITY]
        if old:
            has = ".".join(map(str, old[0].capability or ()))
            return f"Needs compute capability 8.0 or newer; {old[0].name} has {has}."
    return ""
