"""Which image of a folder a source means by a name."""

from collections.abc import Sequence

from aistudio.schema.project import Subset
from aistudio.store.formats.base import Listing, base_of, composed, folder_of, subset_of


class Finder:
    """Finds the images that a source mentions by name, wherever below the folder they are.

    Several images of that name: the one in the folder that has most of the source's images is meant, then one that is
    no part of a YOLO data set, then one of the same subset.
    """

    def __init__(self, listing: Listing, source: str, names: Sequence[str], subset: Subset | None = None) -> None:
        self._listing = listing
        self._source = source
        self._subset = subset
        self._hits: dict[str, int] = {}
        for name in names:
            for found in listing.by_base.get(composed(base_of(name)), ()):
                self._hits[folder_of(found)] = self._hits.get(folder_of(found), 0) + 1

    def find(self, name: str) -> str | None:
        near = f"{folder_of(self._source)}/{name}" if folder_of(self._source) else name
        for exact in (near, name):
            if exact in self._listing.known:
                return exact
        alike = self._listing.by_base.get(composed(base_of(name)), ())
        ending = [one for one in alike if f"/{composed(one)}".endswith(f"/{composed(name)}")]
        return min(ending, key=self._rank) if ending else None

    def _rank(self, found: str) -> tuple[int, bool, bool, str]:
        folder = folder_of(found)
        labels = "/".join("labels" if part == "images" else part for part in folder.split("/"))
        paired = labels != folder and labels in self._listing.folders
        return -self._hits.get(folder, 0), paired, subset_of(found) != self._subset, found
