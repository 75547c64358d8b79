"""Which image of a folder a source means by a name."""

import filecmp
from collections.abc import Sequence
from pathlib import Path

from aistudio.schema.project import Subset
from aistudio.store.formats.base import Listing, subset_of
from aistudio.store.formats.masks import is_mask
from aistudio.store.formats.texts import base_of, composed, folder_of


class Finder:
    """Finds the images that a source mentions by name, with or without a suffix, wherever below the folder they are.

    Several images of that name: none of another subset than the source's is meant, but the one in the folder that has
    most of the source's images, then one that is no part of a YOLO data set, then one in a folder of the same subset.
    """

    def __init__(self, listing: Listing, source: str, names: Sequence[str], subset: Subset | None = None) -> None:
        self._listing = listing
        self._source = source
        self._subset = subset
        self._hits: dict[str, set[str]] = {}
        for name in names:
            for found in self._alike(name):
                self._hits.setdefault(folder_of(found), set()).add(name)

    def find(self, name: str) -> str | None:
        return self._exact(name) or min(self._ending(name), key=self._rank, default=None)

    def rivals(self, name: str) -> list[str]:
        """Images that could as well be meant; masks and copies could not.

        A folder is one of copies if all that the source finds in it is in a better folder too.
        """
        ending = self._ending(name) if self._exact(name) is None else []
        best = min(ending, key=self._rank, default=None)
        if best is None:
            return []
        here = self._hits[folder_of(best)]
        rivals = [one for one in ending if one != best and self._is_rival(one, best, here)]
        return [best, *rivals] if rivals else []

    def _is_rival(self, one: str, best: str, here: set[str]) -> bool:
        if is_mask(one) and not is_mask(best):
            return False
        alike = self._rank(one)[:-1] == self._rank(best)[:-1] or not self._hits[folder_of(one)] <= here
        return alike and not is_same(self._listing.path(one), self._listing.path(best))

    def _exact(self, name: str) -> str | None:
        near = f"{folder_of(self._source)}/{name}" if folder_of(self._source) else name
        return next((exact for exact in (near, name) if exact in self._listing.known), None)

    def _alike(self, name: str) -> Sequence[str]:
        """With or without a suffix, which an id with a dot only seems to have; else all but for capitals."""
        base = composed(base_of(name))
        listing = self._listing
        return listing.by_base.get(base) or listing.by_stem.get(base) or listing.by_case.get(base.casefold()) or ()

    def _ending(self, name: str) -> list[str]:
        """Those whose path ends like the name, without those of another subset than the source if there are others.

        If capitals differ, the only one.
        """
        alike, end = self._alike(name), composed(name)
        same = [one for one in alike if _ends(composed(one), end)]
        found = same or [one for one in alike if _ends(composed(one).casefold(), end.casefold())]
        fitting = [one for one in found if not self._subset or subset_of(one) in (None, self._subset)] or found
        return fitting if same or len(fitting) == 1 else []

    def _rank(self, found: str) -> tuple[bool, int, bool, bool, str]:
        folder = folder_of(found)
        labels = "/".join("labels" if part == "images" else part for part in folder.split("/"))
        paired = labels != folder and labels in self._listing.folders
        other = subset_of(found) != self._subset
        return is_mask(found), -len(self._hits.get(folder, ())), paired, other, found


def is_same(one: Path, other: Path) -> bool:
    """Byte for byte; a file that is gone is not, and taking it tells so."""
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _ends(path: str, name: str) -> bool:
    return any(f"/{one}".endswith(f"/{name}") for one in (path, path.rpartition(".")[0]))
