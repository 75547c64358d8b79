"""Which file belongs to which image when only one folder of the path differs, such as images/train and masks/train."""

from collections.abc import Callable, Iterable, Iterator

from aistudio.store.formats.base import Listing
from aistudio.store.formats.texts import folder_of, lines_of, stem_of, text


def key(name: str, place: int, stem: Callable[[str], str] = stem_of) -> tuple[str, int, str]:
    """The path with its folder number `place` left open, and the stem."""
    parts = folder_of(name).split("/")
    return "/".join([*parts[:place], "*", *parts[place + 1 :]]), place, stem(name)


def keys(name: str, stem: Callable[[str], str] = stem_of) -> Iterator[tuple[tuple[str, int, str], str]]:
    """Every key of a file, with the folder that was left open."""
    for place, part in enumerate(folder_of(name).split("/")):
        yield key(name, place, stem), part


class Pairs:
    """Finds the file of the same stem whose path differs from an image's in one folder, or not at all.

    `stem`: which image a file is called after, if not one of the very same stem.
    """

    def __init__(self, files: Iterable[str], stem: Callable[[str], str] = stem_of) -> None:
        self._beside: dict[tuple[str, str], str] = {}
        self._apart: dict[tuple[str, int, str], dict[str, str]] = {}
        for name in files:
            self._beside[folder_of(name), stem(name)] = name
            for one, part in keys(name, stem):
                self._apart.setdefault(one, {})[part] = name

    def beside(self, image: str) -> str | None:
        return self._beside.get((folder_of(image), stem_of(image)))

    def apart(self, image: str) -> Iterator[tuple[str, str, str]]:
        """(folder of the image, folder of the file, the file), for each file that differs in one folder."""
        for one, own in keys(image):
            for part, name in self._apart.get(one, {}).items():
                if part != own:
                    yield own, part, name


def first_line(listing: Listing) -> str:
    """What the first text file of an image begins with, for a refusal because none makes sense."""
    stems = {stem_of(image) for image in listing.images}
    for name in listing.ending(".txt"):
        if stem_of(name) in stems:
            for line, row in enumerate(lines_of(listing.head(name, 4096)), start=1):
                if row.strip() and not row.lower().startswith(("imagesource", "gsd")):
                    return f" {text(name)} line {line} is {text(row.strip())[:80]!r}."
    return ""
