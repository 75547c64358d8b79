"""Who may start next, and when about: pure functions over the active experiments.

One run holds a GPU at a time; on the CPU as many may be under way as the server was told.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from aistudio.errors import Damaged
from aistudio.schema.device import Device
from aistudio.schema.experiment import Experiment
from aistudio.schema.training import Hardware


@dataclass(frozen=True)
class Entry:
    """`running`: it holds its devices already. `seconds`: how long it will still take, or will take, if that is known.

    `blocked`: why it cannot have its device although nobody of this workspace does. `lost`: those of its devices that
    the driver does not see now; until it does, the run waits and keeps none of the others from anybody.
    """

    key: str
    experiment: Experiment
    devices: tuple[str, ...]
    running: bool
    seconds: float | None = None
    blocked: str | None = None
    lost: tuple[str, ...] = ()


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


def places(device: str, cpu_runs: int) -> int:
    """How many runs may have it at the same time."""
    return cpu_runs if device == "cpu" else 1


def full(entries: Sequence[Entry], cpu_runs: int = 1) -> set[str]:
    """The devices that runs of this workspace leave no place on."""
    taken = _taken(entries)
    return {device for device, runs in taken.items() if runs >= places(device, cpu_runs)}


def ready(entries: Sequence[Entry], cpu_runs: int = 1, unseen: Collection[str] = ()) -> list[Entry]:
    """The queued ones, in order, whose devices are free; one that waits keeps its devices from those behind it.

    `unseen`: devices that cannot be had now; who wants one of them is passed over.
    """
    taken = _taken(entries)
    chosen = []
    for entry in in_order(entries):
        if any(device in unseen for device in entry.devices):
            continue
        if all(taken[device] < places(device, cpu_runs) for device in entry.devices):
            chosen.append(entry)
        taken.update(entry.devices)
    return chosen


def _taken(entries: Sequence[Entry]) -> Counter[str]:
    return Counter(device for entry in entries if entry.running for device in entry.devices)


@dataclass(frozen=True)
class _Claim:
    """What is known of a device: who has it, who waits for it, and when each of them will be done.

    `ends` are seconds from now, None if it is not known; `blocked` is why nobody can have it.
    """

    places: int
    users: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    ends: tuple[float | None, ...] = ()
    blocked: str | None = None

    @property
    def is_free(self) -> bool:
        return not self.blocked and len(self.ends) < self.places

    @property
    def until(self) -> float | None:
        """When so many are done that there is a place; it may be earlier where one of the others is not known."""
        known = sorted(end for end in self.ends if end is not None)
        before = len(self.ends) - self.places
        return known[before] if 0 <= before < len(known) and not self.blocked else None

    def words(self, device: str) -> str:
        about = "" if self.until is None else f"about {duration(self.until)}"
        held = self.blocked or (f"used by {_names(self.users)}" if self.users else "")
        if len(self.users) == 1 and about and not self.before:
            return f"{label(device)}, {held} for {about}"
        behind = f"behind {_names(self.before)} in the queue" if self.before else ""
        parts = [label(device), held, behind, f"free in {about}" if about else ""]
        return ", ".join(part for part in parts if part)


def waiting(entries: Sequence[Entry], cpu_runs: int = 1) -> list[Waiting]:
    claims = {device: _Claim(places(device, cpu_runs)) for entry in entries for device in entry.devices}
    for entry in sorted((entry for entry in entries if entry.running), key=_order):
        for device in entry.devices:
            claim = claims[device]
            claims[device] = replace(
                claim, users=(*claim.users, entry.experiment.name), ends=(*claim.ends, entry.seconds)
            )
    found = []
    for position, entry in enumerate(in_order(entries), start=1):
        devices = entry.devices
        if entry.lost:
            words = [f"{label(device)}, which the driver does not see now" for device in entry.lost]
            found.append(Waiting(entry.key, position, "; ".join(words)))
            continue
        if entry.blocked:
            free = [device for device in devices if claims[device].is_free]
            claims.update({device: replace(claims[device], blocked=entry.blocked) for device in free})
        met = {device: claims[device] for device in devices if not claims[device].is_free}
        start = _latest(claim.until for claim in met.values())
        reasons = [claim.words(device) for device, claim in met.items()]
        found.append(Waiting(entry.key, position, "; ".join(reasons) or "its start", start))
        end = start + entry.seconds if start is not None and entry.seconds is not None else None
        for device in devices:
            claim = claims[device]
            claims[device] = replace(claim, before=(*claim.before, entry.experiment.name), ends=(*claim.ends, end))
    return found


def _names(runs: Sequence[str]) -> str:
    return f"{runs[0]} and {len(runs) - 1} more" if len(runs) > 2 else " and ".join(runs)


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


def cards(chosen: Iterable[str], seen: Iterable[Device]) -> list[str]:
    """What names the chosen GPUs to the driver; a UUID names a card for all time, an index does not."""
    known = {device.id: device.uuid for device in seen}
    return [known.get(device) or device.split(":")[1] for device in chosen if device != "cpu"]


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    return sorted((entry for entry in entries if not entry.running), key=_order)


def next_position(entries: Sequence[Entry]) -> int:
    """Behind everybody."""
    return max((entry.experiment.position or 0 for entry in entries if not entry.running), default=0) + 1


def _order(entry: Entry) -> tuple[int, str]:
    experiment = entry.experiment
    return experiment.position or 0, experiment.queued_at.isoformat() if experiment.queued_at else ""
