"""Leaks of a split: images that are the same or look alike, of which one is learned and another one asked for."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from aistudio.schema.project import Subset
from aistudio.schema.split import Leak, LeakReport
from aistudio.store import facts
from aistudio.store.dataset import DatasetFolder

EXAMPLES = 100


def find_leaks(dataset: DatasetFolder, members: Mapping[int, Subset]) -> LeakReport:
    """In each group of images that look alike one image of each subset stands for the others."""
    names, digests = facts.names(dataset), facts.digests(dataset)
    report = LeakReport()
    for one, other in _pairs(facts.twins(dataset), digests, members):
        same = digests[one] == digests[other]
        report.same += same
        report.alike += not same
        if len(report.examples) < EXAMPLES:
            report.examples.append(
                Leak(
                    first=one,
                    first_name=names[one],
                    first_subset=members[one],
                    second=other,
                    second_name=names[other],
                    second_subset=members[other],
                    same=same,
                )
            )
    return report


def _pairs(
    twins: Mapping[int, int], digests: Mapping[int, str], members: Mapping[int, Subset]
) -> Iterator[tuple[int, int]]:
    """Equal files across subsets, then one pair for each two subsets of a group that look alike."""
    found: dict[int, list[int]] = {}
    for image, twin in twins.items():
        if image in members:
            found.setdefault(twin, []).append(image)
    for images in found.values():
        equal: dict[str, dict[Subset, int]] = {}
        first: dict[Subset, int] = {}
        for image in images:
            first.setdefault(members[image], image)
            equal.setdefault(digests[image], {}).setdefault(members[image], image)
        same = {pair for copies in equal.values() for pair in combinations(sorted(copies.values()), 2)}
        yield from sorted(same)
        apart = {(members[one], members[other]) for one, other in same}
        for pair in combinations(sorted(first.values()), 2):
            subsets = members[pair[0]], members[pair[1]]
            if subsets not in apart and subsets[::-1] not in apart:
                yield pair
