"""Who may start next, and when about: pure functions over the active experiments. One run holds a device at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from aistudio.errors import Damaged
from aistudio.jobs.devices import DeviceSource
from aistudio.schema.experiment import Experiment
from aistudio.schema.training import Hardware


@dataclass(frozen=True)
class Entry:
    """`running`: it holds its devices already. `seconds`: how long it will still take, or will take, if that is known.

    `blocked`: why it cannot have its device although nobody of this workspace does.
    """

    key: str
    experiment: Experiment
    running: bool
    seconds: float | None = None
    blocked: str | None = None


@dataclass(frozen=True)
class Waiting:
    """`position` counts from 1; `waiting_for` is a sentence; `seconds` is until its devices are free, if known."""

    key: str
    position: int
    waiting_for: str
    seconds: float | None = None


def devices_of(experiment: Experiment) -> tuple[str, ...]:
    """Raises Damaged where its file was changed by hand."""
    try:
        return Hardware.model_validate(experiment.config.get("hardware")).used
    except ValidationError as error:
        raise Damaged(
            f"The stored configuration of {experiment.name} does not say which devices it is to use.",
            "Restart it, choose its Device again and press Train.",
        ) from error


def ready(entries: Sequence[Entry]) -> list[Entry]:
    """The queued ones, in order, whose devices are free; one that waits keeps its devices from those behind it."""
    taken = {device for entry in entries if entry.running for device in devices_of(entry.experiment)}
    chosen = []
    for entry in in_order(entries):
        devices = devices_of(entry.experiment)
        if taken.isdisjoint(devices):
            chosen.append(entry)
        taken.update(devices)
    return chosen


@dataclass(frozen=True)
class _Claim:
    """Who has a device, as `used by` somebody, or nobody; the names of those that wait for it; `until` all are done.

    `until` is seconds from now, None if it is not known.
    """

    held: str
    before: tuple[str, ...]
    until: float | None

    def words(self, device: str) -> str:
        about = "" if self.until is None else f"about {duration(self.until)}"
        if not self.before:
            return f"{label(device)}, {self.held}" + (f" for {about}" if about else "")
        parts = [label(device), self.held, f"behind {_names(self.before)}", f"free in {about}" if about else ""]
        return ", ".join(part for part in parts if part)


def waiting(entries: Sequence[Entry]) -> list[Waiting]:
    claims = {
        device: _Claim(f"used by {entry.experiment.name}", (), entry.seconds)
        for entry in entries
        if entry.running
        for device in devices_of(entry.experiment)
    }
    found = []
    for position, entry in enumerate(in_order(entries), start=1):
        devices = devices_of(entry.experiment)
        if entry.blocked:
            claims.update({device: _Claim(entry.blocked, (), None) for device in devices if device not in claims})
        met = {device: claims[device] for device in devices if device in claims}
        start = _latest(claim.until for claim in met.values())
        reasons = [claim.words(device) for device, claim in met.items()]
        found.append(Waiting(entry.key, position, "; ".join(reasons) or "its start", start))
        end = start + entry.seconds if start is not None and entry.seconds is not None else None
        for device in devices:
            claim = claims.get(device) or _Claim("", (), None)
            claims[device] = _Claim(claim.held, (*claim.before, entry.experiment.name), end)
    return found


def _names(before: Sequence[str]) -> str:
    """Who is before somebody, in the order in which they start."""
    if len(before) > 2:
        return f"{before[0]} and {len(before) - 1} more in the queue"
    return f"{' and '.join(before)} in the queue"


def _latest(times: Iterable[float | None]) -> float | None:
    """The longest wait; None if one of them is not known."""
    latest = 0.0
    for one in times:
        if one is None:
            return None
        latest = max(latest, one)
    return latest


def duration(seconds: float) -> str:
    """`45s`, `12m`, `2h 05m`: as exact as an estimate is."""
    if seconds < 60:
        return f"{max(round(seconds), 1)}s"
    minutes = round(seconds / 60)
    return f"{minutes}m" if minutes < 60 else f"{minutes // 60}h {minutes % 60:02d}m"


def label(device: str) -> str:
    return "the CPU" if device == "cpu" else f"GPU {device.split(':')[1]}"


def cards(chosen: Iterable[str], source: DeviceSource) -> list[str]:
    """What names the chosen GPUs to the driver; a UUID names a card for all time, an index does not."""
    gpus = [device for device in chosen if device != "cpu"]
    known = {device.id: device.uuid for device in source.devices()} if gpus else {}
    return [known.get(device) or device.split(":")[1] for device in gpus]


def are_there(chosen: Iterable[str], source: DeviceSource) -> bool:
    """Whether the driver sees the chosen GPUs just now."""
    gpus = {device for device in chosen if device != "cpu"}
    return not gpus or gpus <= {device.id for device in source.devices()}


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    return sorted((entry for entry in entries if not entry.running), key=_order)


def next_position(entries: Sequence[Entry]) -> int:
    """Behind everybody."""
    return max((entry.experiment.position or 0 for entry in entries if not entry.running), default=0) + 1


def _order(entry: Entry) -> tuple[int, str]:
    experiment = entry.experiment
    return experiment.position or 0, experiment.queued_at.isoformat() if experiment.queued_at else ""
