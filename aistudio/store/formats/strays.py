"""What has no counterpart: images that nothing marks, and files that mark no image. None leaves without a word."""

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from aistudio.schema.project import Problem
from aistudio.store.formats.base import Layout, Listing, problem
from aistudio.store.formats.finder import is_same
from aistudio.store.formats.masks import Masks, is_mask, is_mask_folder
from aistudio.store.formats.pairs import Pairs
from aistudio.store.formats.texts import base_of, folder_of, stem_of, text

_FEW = 3


def tell_unannotated(listing: Listing, layout: Layout, message: str, told: Collection[str] = ()) -> None:
    """Adds a problem for each image that is neither in the layout nor told already, or one for a whole folder of them.

    Masks are no images. A set may come in several formats at once: what another one marks is noted, unless it is a copy
    of an image that is in the layout, byte for byte.
    """
    taken = {one.name for one in layout.images}
    left = [name for name in listing.images if text(name) not in taken and name not in told]
    if any(map(is_mask, left)):
        masks = Masks(listing, any(one.mask for one in layout.images))
        left = [name for name in left if name not in masks]
    if not left:
        return
    other = _Other(listing, layout)
    left = [name for name in left if not other.copies(name)]
    foreign = {name for name in left if other.marks(name)}
    for names in _grouped([name for name in left if name in foreign], lambda name: name.partition("/")[0]):
        layout.problems.append(_foreign(names))
    mixed = {text(folder_of(name)) for name in taken}
    told_of = _told(listing, [name for name in left if name not in foreign], mixed, "images", message, "unannotated")
    for count, found in told_of:
        layout.problems.append(found)
        layout.uncounted += count - 1


def tell_missing(listing: Listing, layout: Layout, files: Iterable[str], used: Collection[str], what: str) -> None:
    """Adds a problem for each of the files that is not used because its image is missing; `what` they all are."""
    mixed = {text(folder_of(name)) for name in used}
    left = [name for name in files if name not in used]
    layout.problems += [found for _, found in _told(listing, left, mixed, what, "has no image of its name", "missing")]


def _told(
    listing: Listing, names: Iterable[str], mixed: Collection[str], what: str, message: str, kind: str
) -> Iterator[tuple[int, Problem]]:
    """Each with how many it stands for: one for a whole folder, unless that holds other things or there are few."""
    for some in _grouped(names, folder_of):
        folder = folder_of(some[0])
        if len(some) <= _FEW or text(folder) in mixed:
            yield from ((1, problem(name, message, kind)) for name in some)
            continue
        many = f"has {len(some):,} {what}, and each {message}; the first is {text(base_of(some[0]))}"
        yield len(some), problem(folder or listing.title or listing.root.name, many, kind)


def _foreign(names: list[str]) -> Problem:
    others = f", and so are others below {names[0].partition('/')[0]}, {len(names):,} in all"
    more = others if len(names) > 1 else ""
    return problem(names[0], f"is marked in another format and left out{more}", "unannotated", effect="noted")


def _grouped(names: Iterable[str], by: Callable[[str], str]) -> Iterator[list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(by(name), []).append(name)
    return iter(found.values())


class _Other:
    """What other formats in the same folder have: files beside their images that no image of the layout needs."""

    def __init__(self, listing: Listing, layout: Layout) -> None:
        used = {one.source for one in layout.images}
        self._listing = listing
        self._stems: dict[str, list[Path]] = {}
        for one in layout.images:
            self._stems.setdefault(stem_of(one.name), []).append(one.path)
        self._files = Pairs(name for name in listing.ending(".txt", ".xml") if text(name) not in used)
        self._masked = {folder_of(one) for one in listing.folders if is_mask_folder(base_of(one)) and folder_of(one)}

    def marks(self, name: str) -> bool:
        if self._files.beside(name) is not None or any(self._files.apart(name)):
            return True
        return folder_of(folder_of(name)) in self._masked

    def copies(self, name: str) -> bool:
        """Whether an image of the layout is called so, and is the same file."""
        path = self._listing.path(name)
        return any(is_same(path, one) for one in self._stems.get(stem_of(name), ()))
