"""What is shared out evenly in a split: classes, the class that an image has most of, or ranges of a number."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aistudio.errors import BadInput
from aistudio.schema.project import Subset
from aistudio.store import facts
from aistudio.store.dataset import DatasetFolder

BARE = -1
MOST_BINS = 10
LEAST_IN_BIN = 5


@dataclass(frozen=True)
class Strata:
    """`labels`: image id → what it counts as. Of a number: its name, and what its ranges are called."""

    labels: dict[int, int]
    target: str | None = None
    ranges: Sequence[str] = ()

    def counts(self, members: Mapping[int, Subset]) -> dict[str, dict[Subset, int]]:
        """Range → subset → images, of the ranges that have any."""
        found: dict[int, dict[Subset, int]] = {}
        for image, subset in members.items():
            if (label := self.labels[image]) != BARE:
                found.setdefault(label, _nothing())[subset] += 1
        return {self.ranges[label]: found[label] for label in sorted(found)}

    def bare(self, members: Mapping[int, Subset]) -> dict[Subset, int]:
        """Subset → images that have nothing to be stratified by."""
        found = _nothing()
        for image, subset in members.items():
            found[subset] += self.labels[image] == BARE
        return found


def _nothing() -> dict[Subset, int]:
    return {"train": 0, "val": 0, "test": 0}


def strata(dataset: DatasetFolder, target: str | None) -> Strata:
    """Raises BadInput for a target that is not there."""
    everything = facts.ids(dataset)
    if facts.annotation(dataset) == "value":
        target = _target(dataset, target)
        values = facts.values(dataset, target)
        limits = _limits(values.values())
        labels = {image: bisect_right(limits, values[image]) if image in values else BARE for image in everything}
        return Strata(labels, target, _called(limits))
    found = facts.dominant(dataset)
    return Strata({image: found.get(image, BARE) for image in everything})


def _target(dataset: DatasetFolder, target: str | None) -> str:
    names = dataset.targets()
    if target is None:
        return names[0]
    if target not in names:
        raise BadInput(f"There is no number {target!r} in the data set.", f"Choose one of {', '.join(names)}.")
    return target


def _limits(values: Iterable[float]) -> list[float]:
    """Between ten ranges with as many images each, fewer where images are few."""
    ordered = sorted(values)
    bins = max(min(MOST_BINS, len(ordered) // LEAST_IN_BIN), 1)
    return [ordered[len(ordered) * part // bins] for part in range(1, bins)]


def _called(limits: Sequence[float]) -> list[str]:
    """In as few digits as tell them apart. A limit that occurs twice has nothing in between."""
    if not limits:
        return ["all"]
    for digits in range(3, 18):
        texts = [f"{limit:.{digits}g}" for limit in limits]
        if len(set(texts)) == len(set(limits)):
            break
    between = [f"{low} to {high}" for low, high in pairwise(texts)]
    return [f"below {texts[0]}", *between, f"{texts[-1]} and more"]
