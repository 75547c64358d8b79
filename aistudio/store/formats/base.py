"""What every importer shares: the files of a folder, what is found in them, and what an importer is."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import AnyAnnotation, Kind
from aistudio.schema.project import Effect, Finding, Problem, Subset
from aistudio.store import passed_over
from aistudio.store.formats import wrappers
from aistudio.store.formats.texts import base_of, composed, decoded, folder_of, stem_of, text
from aistudio.store.passed_over import Passed

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
SUBSETS: Mapping[str, Subset] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_PARTS = r"(?:images?|imgs?|photos?|masks?|annot(?:ation)?s?|labels?|gt)"
_SUBSET = re.compile(rf"(?:{_PARTS}[ _-])?({'|'.join(SUBSETS)})(?:[ _-]?{_PARTS})?")
IGNORED_NAMES = frozenset({"dontcare", "don't care", "ignore", "ignored", "void", "unlabelled", "unlabeled"})
MAX_TEXT = 2**30
LONGEST = 500


@dataclass(frozen=True)
class MaskFile:
    """A mask that is still to be decoded: where it is below the folder, and what its pixels mean.

    `classes`: number (or colour) of a pixel → class, None for pixels to be ignored. `objects`: each number but 0 is one
    object of the class `label`; with `single`, everything but 0 in each of those files is one. Otherwise everything
    but 0 is a defect.
    """

    name: str
    classes: Mapping[int | tuple[int, int, int], str | None] | None = None
    objects: bool = False
    label: str | None = None
    single: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """An annotation as the source has it, and where: the line, or what it is called where lines say nothing."""

    annotation: AnyAnnotation
    line: int | None = None
    name: str = ""


@dataclass(frozen=True)
class FoundImage:
    """`name` is its path below the imported folder, `source` the file that its annotations come from.

    `size`: width and height for which the annotations were made, if the source says so. `relative`: coordinates are
    shares of width and height.
    """

    name: str
    path: Path
    drafts: Sequence[Draft] = ()
    source: str = ""
    size: tuple[int, int] | None = None
    relative: bool = False
    mask: MaskFile | None = None
    subset: Subset | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Layout:
    """What an importer found: nothing of it is opened yet.

    `annotation` is what the images are marked with. `places`: class
    → file or folder, and line, in which the source names it, whether any image has it or not. `uncounted`: images that
    are left out and have no problem of their own, because their folder has one for all. `of_images`: image → those of
    the problems that are about it.
    """

    format: str
    annotation: Kind
    classes: list[str]
    images: list[FoundImage]
    problems: list[Problem] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    places: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    uncounted: int = 0
    of_images: dict[str, list[Problem]] = field(default_factory=dict)

    @contextmanager
    def about(self, image: str) -> Iterator[None]:
        """What is told meanwhile is about that image."""
        start = len(self.problems)
        yield
        if self.problems[start:]:
            self.of_images.setdefault(text(image), []).extend(self.problems[start:])


@dataclass(frozen=True)
class Listing:
    """The files below a folder, by their names from there on; hidden ones and what packers add are left out.

    `places`: where the files really are, if not below `root` under their names. `title`: what users know it by, if
    not by its path. `bare`: folders without any file in them or below. `passed`: what is there but not taken, and
    `problems` what else there is to tell of it.
    """

    root: Path
    names: tuple[str, ...]
    places: Mapping[str, Path] | None = None
    title: str = ""
    bare: tuple[str, ...] = ()
    passed: tuple[Passed, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(
        cls, root: Path, files: Iterable[Path], folders: Iterable[Path] = (), links: Iterable[Path] = ()
    ) -> "Listing":
        """Of a folder with nothing in it but another folder of folders, that one's, however many there are."""
        names, linked, below = ([one.relative_to(root).as_posix() for one in some] for some in (files, links, folders))
        passed = [*passed_over.by_name(names), *(Passed(link, "link") for link in linked)]
        return cls.named(root, names, folders=below, passed=passed)

    @classmethod
    def named(
        cls,
        root: Path,
        found: Iterable[str],
        places: Mapping[str, Path] | None = None,
        title: str = "",
        folders: Iterable[str] = (),
        passed: Iterable[Passed] = (),
        problems: Iterable[Problem] = (),
    ) -> "Listing":
        names = tuple(name for name in found if not wrappers.is_noise(name))
        start = ""
        while inner := wrappers.wrapper(names, SUBSETS, SUFFIXES, started=bool(start)):
            start += f"{inner}/"
            names = tuple(name.removeprefix(f"{inner}/") for name in names if name.startswith(f"{inner}/"))
        inside = {name: places[start + name] for name in names} if places else None
        full = {"/".join(parts[:depth]) for name in names for parts in [name.split("/")] for depth in range(len(parts))}
        inner_folders = (name.removeprefix(start) for name in folders if name.startswith(start))
        bare = tuple(name for name in inner_folders if name and not wrappers.is_noise(name) and name not in full)
        left = tuple(one.below(start) for one in passed if not wrappers.is_noise(one.name))
        told = tuple(one.model_copy(update={"file": one.file.removeprefix(start)}) for one in problems)
        return cls(root / start, names, inside, title, bare, left, told)

    @property
    def called(self) -> str:
        return self.title or str(self.root)

    @cached_property
    def images(self) -> list[str]:
        return [name for name in self.names if is_image(name)]

    @cached_property
    def image_set(self) -> frozenset[str]:
        return frozenset(self.images)

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def folders(self) -> dict[str, list[str]]:
        """Folder ("" for the root) → names of the files directly in it."""
        found: dict[str, list[str]] = {}
        for name in self.names:
            found.setdefault(folder_of(name), []).append(name)
        return found

    @cached_property
    def by_base(self) -> dict[str, list[str]]:
        """File name without its folders → the images that are called so."""
        found: dict[str, list[str]] = {}
        for name in self.images:
            found.setdefault(composed(base_of(name)), []).append(name)
        return found

    @cached_property
    def by_case(self) -> dict[str, list[str]]:
        """The same, whatever is written in capitals."""
        found: dict[str, list[str]] = {}
        for base, names in self.by_base.items():
            found.setdefault(base.casefold(), []).extend(names)
        return found

    @cached_property
    def by_stem(self) -> dict[str, list[str]]:
        """File name without its folders and its suffix → the images that are called so."""
        found: dict[str, list[str]] = {}
        for name in self.images:
            found.setdefault(stem_of(name), []).append(name)
        return found

    def path(self, name: str) -> Path:
        return self.places[name] if self.places else self.root / name

    def ending(self, *suffixes: str) -> list[str]:
        return [name for name in self.names if name.lower().endswith(suffixes)]

    def bytes(self, name: str, limit: int = MAX_TEXT) -> bytes:
        """Raises ImportRefused if it cannot be read or is larger than any real one."""
        try:
            with self.path(name).open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise ImportRefused(f"{text(name)} cannot be read: {error.strerror}.", "Mend or remove it.") from error
        if len(data) > limit:
            raise ImportRefused(f"{text(name)} is larger than {limit:,} bytes.", "Split it up.")
        return data

    def text(self, name: str, limit: int = MAX_TEXT) -> str:
        """UTF-8, UTF-16, or what Windows writes."""
        return decoded(self.bytes(name, limit))

    def head(self, name: str, length: int) -> str:
        """The first bytes as text, and nothing if they cannot be read."""
        try:
            with self.path(name).open("rb") as file:
                return decoded(file.read(length))
        except OSError:
            return ""


class Importer(Protocol):
    """One file below `formats/`: its name, what it brings, how it knows a folder, and how it reads one.

    `read` never opens an image. It raises ImportRefused for a source that makes no sense as a whole or that names
    files outside the folder; what is wrong with single images and annotations becomes a Problem.
    """

    NAME: str
    TITLE: str
    KINDS: tuple[Kind, ...]

    def detect(self, listing: Listing) -> Finding | None: ...

    def read(self, listing: Listing, kind: Kind) -> Layout: ...


def one_of_many(listing: Listing, name: str, problems: list[Problem], limit: int = MAX_TEXT) -> bytes | None:
    """Nothing, and a problem, if it cannot be read: other files are no worse for it."""
    try:
        return listing.bytes(name, limit)
    except ImportRefused as error:
        problems.append(problem(name, error.message.removeprefix(text(name)).strip(" ."), "unreadable"))
        return None


def problem(file: str, message: str, kind: str, line: int | None = None, effect: Effect = "left out") -> Problem:
    return Problem(file=text(file), message=message[:LONGEST], kind=kind, line=line, effect=effect)


def subset_of(name: str) -> Subset | None:
    """What the folders of a file say about its subset; the innermost word counts."""
    parts = reversed(folder_of(name).split("/"))
    return next((subset for part in parts if (subset := folder_subset(part))), None)


def folder_subset(part: str) -> Subset | None:
    """Of a folder such as val, val_images or trainannot: with another word it may be a class, such as train_station."""
    found = _SUBSET.fullmatch(part.lower())
    return SUBSETS[found[1]] if found else None


def is_ignored(label: str) -> bool:
    return label.strip().lower() in IGNORED_NAMES


def is_image(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def subset_in(words: str) -> Subset | None:
    """What a name says that has more in it, such as instances_val2017 or training-set; the first word counts."""
    plain = (word.rstrip("0123456789") for word in re.split(r"[-_. ]", words.lower()))
    return next((SUBSETS[word] for word in plain if word in SUBSETS), None)


def subset_for(name: str) -> Subset | None:
    """Of what a file of annotations tells: by its own name, or by its folders."""
    return subset_in(stem_of(name)) or subset_of(name)
