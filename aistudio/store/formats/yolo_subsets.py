"""What YOLO says of subsets: train, val and test in data.yaml, as folders or lists, and lists called train.txt."""

from collections.abc import Collection, Iterator

from aistudio.schema.project import Problem, Subset
from aistudio.store.formats import yaml_files
from aistudio.store.formats.base import Listing, is_image
from aistudio.store.formats.subset_lists import Endings, Entry, SubsetLists, word_of
from aistudio.store.formats.texts import base_of, composed, folder_of, lines_of, safe_name

_MAX_BYTES = 2**26
_GENERIC = frozenset(("images", "image", "img", "imgs"))


def subsets(
    listing: Listing, images: Collection[str], labels: Collection[str], names: str | None, problems: list[Problem]
) -> dict[str, Subset]:
    """Image → subset. `labels` are no lists, whatever they are called; `names` is the file with the classes."""
    texts = [name for name in listing.ending(".txt") if name not in labels]
    lists = {name: word for name in texts if (word := word_of(name))}
    given = SubsetLists(problems)
    if names and yaml_files.is_one(names):
        folders = {folder for image in images for folder in _above(image)}
        for subset, root, path in yaml_files.subsets(listing, names):
            if not (parts := _parts(path)):
                continue
            is_list = path.lower().endswith(".txt")
            place = _place([*_parts(root), *parts], len(parts), folder_of(names), texts if is_list else folders)
            if place is None:
                given.miss(names, [(None, path)])
            elif is_list:
                lists[place] = subset
            else:
                given.put(names, subset, [(None, image) for image in images if image.startswith(f"{place}/")])
    ending = Endings(images)
    for name in sorted(lists, key=lambda name: (("train", "val", "test").index(lists[name]), name)):
        _read(listing, name, lists[name], ending, given)
    return given.found


def _read(listing: Listing, name: str, subset: Subset, ending: Endings, given: SubsetLists) -> None:
    entries = list(_entries(listing, name))
    found = [(line, image) for line, one in entries if (image := ending.find(one)) is not None]
    lost = [(line, one) for line, one in entries if ending.find(one) is None]
    given.put(name, subset, found)
    given.miss(name, [(line, one) for line, one in lost if composed(base_of(one)) not in listing.by_base])
    given.doubt(name, [(line, one) for line, one in lost if ending.knows(one)])


def _entries(listing: Listing, name: str) -> Iterator[Entry]:
    for line, row in enumerate(lines_of(listing.text(name, _MAX_BYTES)), start=1):
        if ("." in row or "/" in row) and is_image(image := safe_name(row, name, line)):
            yield line, image


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part.strip() not in ("", ".", "..")]


def _place(parts: list[str], least: int, near: str, known: Collection[str]) -> str | None:
    """The folder or the list that a path means which was written on another computer: the longest end of it counts."""
    for start in range(len(parts)):
        end = "/".join(parts[start:])
        if start > len(parts) - least and end.lower() in _GENERIC:
            return None
        for exact in (f"{near}/{end}" if near else end, end):
            if exact in known:
                return exact
        alike = [one for one in known if one.endswith(f"/{end}")]
        if len(alike) == 1:
            return alike[0]
    return None


def _above(name: str) -> Iterator[str]:
    while name := folder_of(name):
        yield name
