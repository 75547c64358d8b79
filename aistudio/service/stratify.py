"""The stratified split: every class is shared out by the same ratios, to within one image."""

import math
import random
from collections.abc import Mapping

from aistudio.schema.project import Ratios, Subset


def stratify(labels: Mapping[int, int], ratios: Ratios, seed: int) -> dict[int, Subset]:
    """Image id → subset, from image id → class. The same arguments give the same split on every machine."""
    members: dict[int, Subset] = {}
    debt: dict[Subset, float] = {"train": 0.0, "val": 0.0, "test": 0.0}
    for label in sorted(set(labels.values())):
        ids = sorted(image for image, its in labels.items() if its == label)
        random.Random(f"{seed}/{label}").shuffle(ids)
        start = 0
        for subset, count in _shares(len(ids), ratios, debt).items():
            members.update(dict.fromkeys(ids[start : start + count], subset))
            start += count
    return members


def _shares(total: int, ratios: Ratios, debt: dict[Subset, float]) -> dict[Subset, int]:
    """How many of `total` go where: the share rounded down or up, such that over all classes the ratios come out.

    `debt` is what each subset got too little of in earlier classes; it is brought up to date. A class that has an image
    at all has one in training.
    """
    exact = {subset: total * ratio for subset, ratio in ratios.items()}
    counts = {subset: math.floor(share + 1e-9) for subset, share in exact.items()}
    wanting = sorted(
        (subset for subset in exact if exact[subset] - counts[subset] > 1e-9),
        key=lambda subset: -(exact[subset] - counts[subset] + debt[subset]),
    )
    for subset in wanting[: total - sum(counts.values())]:
        counts[subset] += 1
    if total and not counts["train"]:
        counts[max(counts, key=lambda subset: counts[subset] - exact[subset])] -= (
            1  # from the one that got most too much
        )
        counts["train"] = 1
    for subset in exact:
        debt[subset] += exact[subset] - counts[subset]
    return counts
