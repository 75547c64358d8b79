"""Groups that cross the subsets of a split: those it was to keep together, or the folders that the data came in."""

from collections import Counter
from collections.abc import Mapping

from aistudio.errors import BadInput
from aistudio.schema.project import Subset
from aistudio.schema.split import ByFolder, CrossingGroup, GroupBy, GroupCrossings
from aistudio.service.groups import keys, shown_key
from aistudio.service.strata import strata
from aistudio.store.dataset import DatasetFolder

EXAMPLES = 50
TELLS = 0.9  # of the images are in the folder that most of their class are in: then folders say no more than classes do


def crossings(by: GroupBy, kept: Mapping[int, str], members: Mapping[int, Subset]) -> GroupCrossings:
    """`kept`: image id → its group."""
    found: dict[str, dict[Subset, int]] = {}
    counted = Counter((kept[image], subset) for image, subset in members.items() if image in kept)
    for (key, subset), images in counted.items():
        found.setdefault(key, {})[subset] = images
    crossing = {key: sizes for key, sizes in found.items() if len(sizes) > 1}
    largest = sorted(crossing.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:EXAMPLES]
    return GroupCrossings(
        by=by,
        groups=len(found),
        single=sum(sum(sizes.values()) == 1 for sizes in found.values()),
        crossing=len(crossing),
        examples=[CrossingGroup(key=shown_key(key), sizes=sizes) for key, sizes in largest],
        apart=len(members) - counted.total(),
    )


def crossing_folders(
    dataset: DatasetFolder, members: Mapping[int, Subset], labels: Mapping[int, int]
) -> GroupCrossings | None:
    """None where folders say nothing of what belongs together. `labels`: image id → what it counts as."""
    by = ByFolder()
    kept = keys(dataset, by)
    found = crossings(by, kept, members)
    if found.groups - found.single < 2 or _say_nothing(kept, labels):
        return None
    return found


def check(dataset: DatasetFolder, by: GroupBy, members: Mapping[int, Subset]) -> GroupCrossings:
    """Of any groups one likes. Raises BadInput where they are none, or folders that say nothing."""
    kept = keys(dataset, by)
    if isinstance(by, ByFolder) and _say_nothing(kept, strata(dataset, None).labels):
        one = len(set(kept.values())) == 1
        raise BadInput(
            "All images are in one folder." if one else "The folders are the classes, which every part has some of.",
            "Look at other groups.",
        )
    return crossings(by, kept, members)


def _say_nothing(folders: Mapping[int, str], labels: Mapping[int, int]) -> bool:
    """Whether who knows the class of an image knows its folder: there is only one, or there is one for each class."""
    most: dict[int, int] = {}
    for (label, _), images in Counter((label, folders[image]) for image, label in labels.items()).items():
        most[label] = max(images, most.get(label, 0))
    return sum(most.values()) >= TELLS * len(labels)
