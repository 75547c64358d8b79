"""What is shared out evenly in a split: classes, the class that an image has most of, or ranges of a number."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from aistudio.errors import BadInput
from aistudio.store import facts
from aistudio.store.dataset import DatasetFolder

BARE = -1
MOST_BINS = 10
LEAST_IN_BIN = 5


def strata(dataset: DatasetFolder, target: str | None) -> dict[int, int]:
    """Image id → what it counts as. Raises BadInput for a target that is not there."""
    everything = facts.ids(dataset)
    if facts.annotation(dataset) == "value":
        return _ranges(everything, facts.values(dataset, _target(dataset, target)))
    found = facts.dominant(dataset)
    return {image: found.get(image, BARE) for image in everything}


def _target(dataset: DatasetFolder, target: str | None) -> str:
    names = dataset.targets()
    if target is None:
        return names[0]
    if target not in names:
        raise BadInput(f"There is no number {target!r} in the data set.", f"Choose one of {', '.join(names)}.")
    return target


def _ranges(everything: Iterable[int], values: Mapping[int, float]) -> dict[int, int]:
    """Ten ranges with as many images each, fewer where images are few."""
    ordered = sorted(values.values())
    bins = max(min(MOST_BINS, len(ordered) // LEAST_IN_BIN), 1)
    limits = [ordered[len(ordered) * part // bins] for part in range(1, bins)]
    return {image: bisect_right(limits, values[image]) if image in values else BARE for image in everything}
