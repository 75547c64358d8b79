"""Uploaded zip files, unpacked member by member to names of our own; what could harm is refused while it is read."""

import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from aistudio.errors import ImportRefused
from aistudio.schema.project import Problem
from aistudio.store.formats.base import SUFFIXES, Listing, problem
from aistudio.store.formats.texts import text
from aistudio.store.passed_over import HEAD, Passed, by_name, is_picture

MOST_MEMBERS = 100_000
MOST_BYTES = 100 * 2**30
MOST_RATIO = 100
LEAST_SUSPECT = 100 * 2**20
MOST_DEPTH = 20
_PIECE = 2**20
_UTF8 = 1 << 11
_TABLES = frozenset((".txt", ".json", ".xml", ".csv", ".tsv", ".yaml", ".yml", ".names"))
_DAMAGED = (zipfile.BadZipFile, zlib.error)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, OSError)


def unpack(file: Path, folder: Path, check: Callable[[int, int], None]) -> Listing:
    """The images and annotation files in it; they keep their names, but on the disk they are called by numbers.

    Raises ImportRefused. `check` is called between members with how many are unpacked and how many there are.
    """
    try:
        with zipfile.ZipFile(file) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            folders = [member.filename.strip("/") for member in opened.infolist() if member.is_dir()]
            if len(members) > MOST_MEMBERS:
                raise _refused(f"It has {len(members):,} files; {MOST_MEMBERS:,} is the most.", "Upload it in parts.")
            names = [(_name(member), member) for member in members]
            wanted = [(name, member) for name, member in names if _suffix(name) in SUFFIXES | _TABLES]
            passed = [*by_name(name for name, _ in names), *_unnamed(opened, names)]
            folder.mkdir(parents=True)
            paths, problems = _write(opened, dict(wanted), folder, file.stat().st_size, check)
            problems += _again(name for name, _ in wanted)
            bare = folders[:MOST_MEMBERS]
            return Listing.named(folder, list(paths), paths, "the zip file", bare, passed, problems)
    except _BROKEN as error:
        told = error.strerror if isinstance(error, OSError) else str(error)[:200]  # without a path of the server
        raise _refused(f"It cannot be read: {told or type(error).__name__}.", "Pack it again.") from error


def _refused(message: str, advice: str) -> ImportRefused:
    return ImportRefused(f"The zip file is refused. {message}", advice)


def _name(member: zipfile.ZipInfo) -> str:
    """Raises ImportRefused for one that leads elsewhere."""
    name = _spelled(member).replace("\\", "/")
    parts = PurePosixPath(name).parts
    shown = repr(text(name)[:200])
    if name.startswith("/") or ".." in parts or re.match("[A-Za-z]:", name) or "\0" in name:
        raise _refused(f"{shown} leads out of its folder.", "Pack the folder again with plain names.")
    if stat.S_ISLNK(member.external_attr >> 16) or stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise _refused(f"{shown} is no regular file.", "Pack the files themselves, not links to them.")
    if len(parts) > MOST_DEPTH:
        raise _refused(f"{shown} lies more than {MOST_DEPTH} folders deep.", "Pack the folder with the images.")
    if member.flag_bits & 1:
        raise _refused(f"{shown} is encrypted.", "Pack it without a password.")
    return "/".join(parts)


def _spelled(member: zipfile.ZipInfo) -> str:
    """Without its mark UTF-8 is read as the letters of old PCs; some packers, that of macOS first, leave it out."""
    if not member.flag_bits & _UTF8:
        with suppress(UnicodeError):
            return member.filename.encode("cp437").decode()
    return member.filename


def _unnamed(opened: zipfile.ZipFile, names: Sequence[tuple[str, zipfile.ZipInfo]]) -> Iterator[Passed]:
    """Files without an ending in folders where the first of them is an image."""
    folders: dict[str, bool] = {}
    for name, member in names:
        folder, _, base = name.rpartition("/")
        if "." not in base:
            if folder not in folders:
                folders[folder] = False
                with suppress(*_DAMAGED), opened.open(member) as source:
                    folders[folder] = is_picture(source.read(HEAD))
            if folders[folder]:
                yield Passed(name, "unnamed")


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _again(names: Iterable[str]) -> Iterator[Problem]:
    """Of members with one name, which ./a.png and a//b.png may be too, the last one counts, as everywhere."""
    for name, times in Counter(names).items():
        if times > 1:
            yield problem(name, f"is in the zip file {times} times, of which the last one is taken", "twice")


def _write(
    opened: zipfile.ZipFile,
    places: dict[str, zipfile.ZipInfo],
    folder: Path,
    packed: int,
    check: Callable[[int, int], None],
) -> tuple[dict[str, Path], list[Problem]]:
    """What is really produced is counted; what a member says about its size may be a lie. A damaged one is left out."""
    room = min(MOST_BYTES, max(MOST_RATIO * packed, LEAST_SUSPECT))
    paths: dict[str, Path] = {}
    problems: list[Problem] = []
    for number, (name, member) in enumerate(sorted(places.items()), start=1):
        check(number - 1, len(places))
        path = folder / f"{number}{_suffix(name)}"
        try:
            with opened.open(member) as source, path.open("xb") as target:
                while piece := source.read(_PIECE):
                    room -= len(piece)
                    if room < 0:
                        raise _refused(
                            f"It grows to more than {MOST_RATIO} times its size, or {MOST_BYTES // 2**30} GB.",
                            "Pack images as they are.",
                        )
                    target.write(piece)
        except _DAMAGED:
            if len(places) == 1 or not path.exists():  # nothing else is there, or the list of members is wrong
                raise
            path.unlink()
            problems.append(problem(name, "is damaged in the zip file; pack it again", "unreadable"))
            continue
        paths[name] = path
    check(len(places), len(places))
    return paths, problems
