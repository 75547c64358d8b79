"""Which images must stay together in a split: of one folder, patient or the like, and those that look alike."""

import re
from collections.abc import Iterable, Mapping

from aistudio.errors import BadInput
from aistudio.schema.split import ByFolder, ByPattern, Dealing, GroupBy
from aistudio.store import facts
from aistudio.store.dataset import DatasetFolder


def groups(dataset: DatasetFolder, how: Dealing) -> dict[int, int]:
    """Image id → the smallest id of its group, for images that are in one with others."""
    joined: list[Mapping[int, object]] = []
    if how.keep_twins:
        joined.append(facts.twins(dataset))
    if how.group_by is not None:
        joined.append(_keys(dataset, how.group_by))
    return join(joined)


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


def _keys(dataset: DatasetFolder, by: GroupBy) -> Mapping[int, object]:
    """Image id → what it has in common with others. Raises BadInput if that is nothing for any image."""
    if isinstance(by, ByFolder):
        return {image: name.rpartition("/")[0] for image, name in facts.names(dataset).items()}
    if isinstance(by, ByPattern):
        return _matches(dataset, by.pattern)
    found = facts.column(dataset, by.column)
    if not found:
        columns = ", ".join(dataset.summary().columns) or "none"
        raise BadInput(f"No image has an entry in a column {by.column!r}.", f"Columns of the table: {columns}.")
    return found


def _matches(dataset: DatasetFolder, pattern: str) -> dict[int, object]:
    expression = re.compile(pattern)
    found = {image: expression.search(name) for image, name in facts.names(dataset).items()}
    keys: dict[int, object] = {image: match.groups() or match[0] for image, match in found.items() if match}
    if not keys:
        raise BadInput(f"The pattern {pattern!r} is found in no image's name.", "Look at the names on the Data page.")
    return keys
