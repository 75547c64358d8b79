"""Which images must stay together in a split: of one folder, patient or the like, and those that look alike."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from aistudio.errors import BadInput
from aistudio.jobs.name_search import found_in
from aistudio.schema.split import ByFolder, ByPattern, Dealing, Group, GroupBy, GroupReport
from aistudio.store import facts
from aistudio.store.dataset import DatasetFolder
from aistudio.store.formats.base import SUBSETS
from aistudio.store.formats.texts import folder_of

LARGEST = 50
NAMES = 3
_BETWEEN = "\x1f"  # the parts of a key, so that "a b" and "c" are not "a" and "b c"


def groups(dataset: DatasetFolder, how: Dealing) -> dict[int, int]:
    """Image id → the smallest id of its group, for images that are in one with others."""
    return with_twins(dataset, how, kept(dataset, how))


def kept(dataset: DatasetFolder, how: Dealing) -> Mapping[int, str]:
    """Image id → what it is to be kept together by. Raises BadInput as `keys`."""
    return keys(dataset, how.group_by) if how.group_by is not None else {}


def with_twins(dataset: DatasetFolder, how: Dealing, kept: Mapping[int, str]) -> dict[int, int]:
    """The groups, where `kept` is known."""
    return join([kept, facts.twins(dataset)] if how.keep_twins else [kept])


def join(joined: Iterable[Mapping[int, object]]) -> dict[int, int]:
    """Images with the same key in any of the mappings are in one group; groups of one image are none."""
    parents: dict[int, int] = {}

    def root(image: int) -> int:
        parents.setdefault(image, image)
        while parents[image] != image:
            parents[image] = parents[parents[image]]
            image = parents[image]
        return image

    for keys in joined:
        first: dict[object, int] = {}
        for image, key in keys.items():
            one, other = sorted((root(first.setdefault(key, image)), root(image)))
            parents[other] = one
    roots = {image: root(image) for image in parents}
    sizes: dict[int, int] = {}
    for one in roots.values():
        sizes[one] = sizes.get(one, 0) + 1
    return {image: one for image, one in roots.items() if sizes[one] > 1}


def with_groups(images: Collection[int], together: Mapping[int, int]) -> set[int]:
    """Those images, and all that stay together with one of them."""
    of_them = {together[image] for image in images if image in together}
    return {*images, *(image for image, group in together.items() if group in of_them)}


def report(dataset: DatasetFolder, by: GroupBy) -> GroupReport:
    """Which groups come out, the largest first. Raises BadInput as `groups`."""
    names = facts.names(dataset)
    members: dict[str, list[int]] = {}
    for image, key in keys(dataset, by).items():
        members.setdefault(key, []).append(image)
    largest = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))[:LARGEST]
    apart = names.keys() - {image for images in members.values() for image in images}
    return GroupReport(
        groups=len(members),
        single=sum(len(images) == 1 for images in members.values()),
        largest=[Group(key=shown_key(key), images=len(images), names=_some(names, images)) for key, images in largest],
        apart=len(apart),
        apart_names=_some(names, sorted(apart)),
    )


def shown_key(key: str) -> str:
    return key.replace(_BETWEEN, " · ")


def _some(names: Mapping[int, str], images: Sequence[int]) -> list[str]:
    return [names[image] for image in images[:NAMES]]


def keys(dataset: DatasetFolder, by: GroupBy) -> Mapping[int, str]:
    """Image id → what it has in common with others. Raises BadInput if that is nothing for any image."""
    if isinstance(by, ByFolder):
        return {image: _folder(name) for image, name in facts.names(dataset).items()}
    if isinstance(by, ByPattern):
        return _matches(dataset, by.pattern)
    found = facts.column(dataset, by.column)
    if not found:
        columns = ", ".join(dataset.summary().columns) or "none"
        raise BadInput(f"No image has an entry in a column {by.column!r}.", f"Columns of the table: {columns}.")
    return found


def _folder(name: str) -> str:
    """Without words such as train and val: train/ann and val/ann hold the same, and came apart before."""
    return "/".join(part for part in folder_of(name).split("/") if part.lower() not in SUBSETS)


def are_classes(dataset: DatasetFolder, by: GroupBy, labels: Mapping[int, object]) -> bool:
    """Whether each group is one class, and each class one group."""
    pairs = {(key, labels[image]) for image, key in keys(dataset, by).items() if image in labels}
    return len(pairs) == len({key for key, _ in pairs}) == len({label for _, label in pairs})


def _matches(dataset: DatasetFolder, pattern: str) -> dict[int, str]:
    """What was found without a single character tells nothing, so it keeps nothing together."""
    names = facts.names(dataset)
    found = zip(names, found_in(pattern, list(names.values())), strict=True)
    matches = {image: _BETWEEN.join(part or "" for part in parts) for image, parts in found if parts and any(parts)}
    if not matches:
        raise BadInput(f"The pattern {pattern} is found in no image's name.", "Look at the names on the Data page.")
    return matches
