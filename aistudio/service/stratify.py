"""The stratified split: every class is shared out by the same ratios, to within one image or one group of them."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from aistudio.schema.project import Subset
from aistudio.schema.split import Ratios

Part = TypeVar("Part", bound=str | int)


def stratify(labels: Mapping[int, int], ratios: Ratios, seed: int) -> dict[int, Subset]:
    """Image id → subset, from image id → class. The same arguments give the same split on every machine."""
    members: dict[int, Subset] = {}
    debt: dict[Subset, float] = {"train": 0.0, "val": 0.0, "test": 0.0}
    for label, ids in _by_label(labels):
        random.Random(f"{seed}/{label}").shuffle(ids)
        start = 0
        for subset, count in _shares(len(ids), ratios, debt).items():
            members.update(dict.fromkeys(ids[start : start + count], subset))
            start += count
    return members


def _by_label(labels: Mapping[int, int]) -> list[tuple[int, list[int]]]:
    """Each class with its images, both in rising order."""
    found: dict[int, list[int]] = {}
    for image in sorted(labels):
        found.setdefault(labels[image], []).append(image)
    return sorted(found.items())


def _shares(total: int, ratios: Ratios, debt: dict[Subset, float]) -> dict[Subset, int]:
    """How many of `total` go where: the share rounded down or up, such that over all classes the ratios come out.

    `debt` is what each subset got too little of in earlier classes; it is brought up to date. A class that has an image
    at all has one in training.
    """
    exact = {subset: total * ratio for subset, ratio in ratios.items()}
    counts = _rounded(exact, total, debt)
    if total and not counts["train"]:
        _give_one("train", counts, exact)
    for subset in exact:
        debt[subset] += exact[subset] - counts[subset]
    return counts


def _give_one(to: Part, counts: dict[Part, int], exact: Mapping[Part, float]) -> None:
    """From the one that got most too much."""
    counts[max(counts, key=lambda part: counts[part] - exact[part])] -= 1
    counts[to] += 1


def _rounded(exact: Mapping[Part, float], total: int, debt: Mapping[Part, float]) -> dict[Part, int]:
    """Each share rounded down or up, such that they add up to `total`; up where the fraction and the debt are most."""
    counts = {part: math.floor(share + 1e-9) for part, share in exact.items()}
    wanting = sorted(
        (part for part in exact if exact[part] - counts[part] > 1e-9),
        key=lambda part: -(exact[part] - counts[part] + debt[part]),
    )
    for part in wanting[: total - sum(counts.values())]:
        counts[part] += 1
    return counts


def stratify_groups(
    labels: Mapping[int, int], groups: Mapping[int, int], ratios: Ratios, seed: int, never_train: Iterable[int] = ()
) -> dict[int, Subset]:
    """The same for groups of images that stay together: the largest first, each to where most is missing; images on
    their own come last, and make good what groups left uneven.

    `never_train`: images that may not be learned from, nor any of their group.
    """
    banned = set(never_train)
    shares = dict(ratios.items())
    members: dict[int, Subset] = {}
    deal: _Dealer[Subset] = _Dealer(labels, _targets(labels, shares, banned))
    for group in _units(labels, groups, banned, seed):
        parts = [part for part in shares if shares[part] and (part != "train" or not banned & set(group))]
        members.update(dict.fromkeys(group, deal.place(group, parts)))
    alone = {image: label for image, label in labels.items() if image not in members}
    return members | deal.share_out(alone, seed)


def fold(labels: Mapping[int, int], groups: Mapping[int, int], folds: int, seed: int) -> dict[int, int]:
    """Image id → one of that many parts of equal size, every class and every group kept in mind."""
    if not groups:
        return _in_turn(labels, folds, seed)
    equal = {label: total / folds for label, total in Counter(labels.values()).items()}
    deal: _Dealer[int] = _Dealer(labels, {part: dict(equal) for part in range(folds)})
    members: dict[int, int] = {}
    for group in _units(labels, groups, set(), seed):
        members.update(dict.fromkeys(group, deal.place(group, list(range(folds)))))
    alone = {image: label for image, label in labels.items() if image not in members}
    return members | deal.share_out(alone, seed)


def _in_turn(labels: Mapping[int, int], folds: int, seed: int) -> dict[int, int]:
    """One image to each part after the other, class after class."""
    members: dict[int, int] = {}
    turn = 0
    for label, ids in _by_label(labels):
        random.Random(f"{seed}/{label}").shuffle(ids)
        for place, image in enumerate(ids, start=turn):
            members[image] = place % folds
        turn += len(ids)
    return members


def _targets(
    labels: Mapping[int, int], shares: Mapping[Subset, float], banned: set[int]
) -> dict[Subset, dict[int, float]]:
    """Subset → class → how many there should be: those that are not for training go to the others by their shares."""
    free = Counter(label for image, label in labels.items() if image not in banned)
    bad = Counter(labels[image] for image in banned if image in labels)
    rest = {subset: 0.0 if subset == "train" else share / (1 - shares["train"]) for subset, share in shares.items()}
    return {
        subset: {label: free[label] * share + bad[label] * rest[subset] for label in free | bad}
        for subset, share in shares.items()
    }


def _units(labels: Mapping[int, int], groups: Mapping[int, int], banned: set[int], seed: int) -> list[list[int]]:
    """Groups, and single images that are dealt like one; largest first, equal ones in an order of the seed."""
    found: dict[int, list[int]] = {}
    for image in sorted(labels):
        if image in groups or image in banned:
            found.setdefault(groups.get(image, image), []).append(image)
    units = list(found.values())
    random.Random(f"{seed}/groups").shuffle(units)
    return sorted(units, key=len, reverse=True)


class _Dealer(Generic[Part]):
    """Knows what each part still lacks of each class."""

    def __init__(self, labels: Mapping[int, int], targets: dict[Part, dict[int, float]]) -> None:
        self._labels = labels
        self._totals = Counter(labels.values())
        self._missing = targets
        self._met: set[tuple[Part, int]] = set()

    def place(self, group: list[int], parts: list[Part]) -> Part:
        """The part that lacks most of what is in the group; of equal ones, the one that lacks most of everything."""
        counts = Counter(self._labels[image] for image in group)

        def lack(part: Part) -> float:
            missing = self._missing[part]
            return round(sum(count * missing[label] / self._totals[label] for label, count in counts.items()), 9)

        lacking = {part: lack(part) for part in parts}
        most = max(lacking.values())
        equal = [part for part in parts if lacking[part] == most]
        chosen = max(equal, key=lambda part: sum(self._missing[part].values())) if len(equal) > 1 else equal[0]
        for label, count in counts.items():
            self._missing[chosen][label] -= count
            self._met.add((chosen, label))
        return chosen

    def share_out(self, alone: Mapping[int, int], seed: int) -> dict[int, Part]:
        """Images that may go anywhere, each class by what its parts still lack, as near to the whole as it goes; if
        there is training, with one in it of each class.
        """
        members: dict[int, Part] = {}
        debt = dict.fromkeys(self._missing, 0.0)
        for label, ids in _by_label(alone):
            random.Random(f"{seed}/{label}").shuffle(ids)
            lacking = {part: max(missing[label], 0.0) for part, missing in self._missing.items()}
            lacked = sum(lacking.values())
            exact = {part: len(ids) * lack / lacked for part, lack in lacking.items()}
            counts = _rounded(exact, len(ids), debt)
            for part in counts:
                if part == "train" and not counts[part] and (part, label) not in self._met:
                    _give_one(part, counts, exact)
            start = 0
            for part, count in counts.items():
                members.update(dict.fromkeys(ids[start : start + count], part))
                debt[part] += exact[part] - count
                start += count
        return members
