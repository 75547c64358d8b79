"""What the menus of the form offer: backbones, splits, devices."""

from collections.abc import Mapping
from typing import Any

from aistudio.catalog.backbones import BACKBONES, Backbone
from aistudio.schema.device import Device
from aistudio.schema.split import Split
from aistudio.service import hardware, splits, weights
from aistudio.studio import Studio
from aistudio.ui.fields import Menu, Option
from aistudio.ui.words import size

Devices = Mapping[str, Device]


def devices_of(studio: Studio) -> Devices:
    """Not for the event loop: the driver may have to be asked."""
    return {device.id: device for device in studio.devices.devices()}


def menus(studio: Studio, pid: str, devices: Devices, config: Mapping[str, Any]) -> dict[str, Menu]:
    """By the `suggest` hint of a field; `config` as it is now decides what can be chosen."""
    _, version = splits.revision(studio, pid)  # which is known also where its index cannot be read
    chosen = config.get("split")
    found = {split.id: _split(split, version) for split in reversed(splits.all_splits(studio, pid))}
    if chosen is not None and chosen not in found:
        name = splits.deleted_name(studio, pid, chosen)
        found[chosen] = Option(f"{name} (deleted)", "Choose another one, or restore it from the trash", disabled=True)
    there = weights.here(studio, [one.name for one in BACKBONES])
    return {
        "backbones": Menu({one.name: _backbone(one, one.name in there) for one in BACKBONES}, free=True),
        "splits": Menu(found),
        "devices": devices_menu(devices),
        "precisions": precisions(devices, config),
    }


def devices_menu(devices: Devices) -> Menu:
    return Menu({key: _device(device) for key, device in devices.items()}, several=True)


def precisions(devices: Devices, config: Mapping[str, Any]) -> Menu:
    """What the chosen devices cannot do is there, with the reason, but cannot be chosen."""
    chosen = config.get("hardware", {}).get("devices") or []
    found = hardware.precisions(devices, [device for device in chosen if isinstance(device, str)])
    return Menu({name: Option(name, reason, disabled=bool(reason)) for name, reason in found.items()})


def _backbone(one: Backbone, here: bool) -> Option:
    """With its name in timm, by which it is found, too. `here`: its weights need no download."""
    facts = f"{one.params:g} M parameters · {one.input_size} px · {one.licence}"
    return Option(f"{one.title} · {one.name}", f"{facts} · weights on this machine" if here else facts)


def _split(split: Split, version: int | None) -> Option:
    counts = f"{split.size('train'):,} training · {split.size('val'):,} validation · {split.size('test'):,} test"
    earlier = "" if split.dataset_version == version else " · of an earlier data set"
    return Option(split.name, f"{counts} · seed {split.seed}{earlier}")


def _device(device: Device) -> Option:
    label = "CPU" if device.id == "cpu" else f"GPU {device.id.split(':')[1]}"
    return Option(label, f"{device.name} · {size(device.memory_total)}, {size(device.memory_free)} free")
