"""What the menus of the form offer: backbones, splits, devices."""

from aistudio.catalog.backbones import BACKBONES
from aistudio.schema.device import Device
from aistudio.schema.project import Split
from aistudio.service import datasets, splits
from aistudio.studio import Studio
from aistudio.ui.fields import Menu, Option
from aistudio.ui.words import size


def menus(studio: Studio, pid: str) -> dict[str, Menu]:
    """By the `suggest` hint of a field."""
    version = datasets.summary(studio, pid).version
    return {
        "backbones": Menu(
            {one.name: _backbone(one.title, one.params, one.input_size, one.licence) for one in BACKBONES}, free=True
        ),
        "splits": Menu({split.id: _split(split, version) for split in reversed(splits.all_splits(studio, pid))}),
        "devices": Menu({device.id: _device(device) for device in studio.devices.devices()}, several=True),
    }


def _backbone(title: str, params: float, side: int, licence: str) -> Option:
    return Option(title, f"{params:g} M parameters · {side} px · {licence}")


def _split(split: Split, version: int | None) -> Option:
    counts = f"{split.size('train'):,} training · {split.size('val'):,} validation · {split.size('test'):,} test"
    earlier = "" if split.dataset_version == version else " · of an earlier data set"
    return Option(split.name, f"{counts} · seed {split.seed}{earlier}")


def _device(device: Device) -> Option:
    label = "CPU" if device.id == "cpu" else f"GPU {device.id.split(':')[1]}"
    return Option(label, f"{device.name} · {size(device.memory_total)}, {size(device.memory_free)} free")
