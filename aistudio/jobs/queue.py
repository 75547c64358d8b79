"""Who may start next: pure functions over the active experiments. One run holds a device at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aistudio.jobs.devices import DeviceSource
from aistudio.schema.experiment import Experiment
from aistudio.schema.training import Hardware


@dataclass(frozen=True)
class Entry:
    """`running`: it holds its devices already."""

    key: str
    experiment: Experiment
    running: bool


@dataclass(frozen=True)
class Waiting:
    """`position` counts from 1; `waiting_for` is a sentence."""

    key: str
    position: int
    waiting_for: str


def devices_of(experiment: Experiment) -> tuple[str, ...]:
    return Hardware.model_validate(experiment.config["hardware"]).used


def ready(entries: Sequence[Entry]) -> list[Entry]:
    """The queued ones, in order, whose devices are free; one that waits keeps its devices from those behind it."""
    taken = {device for entry in entries if entry.running for device in devices_of(entry.experiment)}
    chosen = []
    for entry in _in_order(entries):
        devices = devices_of(entry.experiment)
        if taken.isdisjoint(devices):
            chosen.append(entry)
        taken.update(devices)
    return chosen


def waiting(entries: Sequence[Entry]) -> list[Waiting]:
    holders: dict[str, str] = {
        device: entry.experiment.name for entry in entries if entry.running for device in devices_of(entry.experiment)
    }
    found = []
    for position, entry in enumerate(_in_order(entries), start=1):
        devices = devices_of(entry.experiment)
        reasons = [f"{label(device)}, used by {holders[device]}" for device in devices if device in holders]
        found.append(Waiting(entry.key, position, "; ".join(reasons) or "its start"))
        holders.update(dict.fromkeys(devices, entry.experiment.name))
    return found


def label(device: str) -> str:
    return "the CPU" if device == "cpu" else f"GPU {device.split(':')[1]}"


def visible_gpus(chosen: Iterable[str], source: DeviceSource) -> dict[str, str]:
    """What limits a worker to its own GPUs; a UUID names a card for all time, an index does not."""
    known = {device.id: device.uuid for device in source.devices()} if any(one != "cpu" for one in chosen) else {}
    names = [known.get(device) or device.split(":")[1] for device in chosen if device != "cpu"]
    return {"CUDA_VISIBLE_DEVICES": ",".join(names)}


def _in_order(entries: Sequence[Entry]) -> list[Entry]:
    return sorted((entry for entry in entries if not entry.running), key=_order)


def _order(entry: Entry) -> tuple[int, str]:
    experiment = entry.experiment
    return experiment.position or 0, experiment.queued_at.isoformat() if experiment.queued_at else ""
