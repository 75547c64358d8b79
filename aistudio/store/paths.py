"""Folders of the server that a user names: only below the allowed roots, and only regular files in them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NoReturn

from aistudio.errors import ImportRefused, PathRefused


def allowed_folder(path: str, roots: Sequence[Path]) -> Path:
    """The real folder behind `path`. What lies outside the roots, or hidden in them, gets one answer, there or not."""
    if not is_plain(path) or not any(is_below(Path(path), base) for root in roots for base in (root, real(root))):
        refuse(path, roots)  # before any file call
    folder = real(Path(path))
    if not any(is_below(folder, real(root)) for root in roots):
        refuse(path, roots)
    if os.path.isfile(folder):  # noqa: PTH113 — as below
        advice = "Upload the zip file, or unpack it on the server and give the folder that it becomes."
        raise ImportRefused(
            f"{path} is a file, not a folder.",
            advice if folder.suffix.lower() == ".zip" else "Give the folder that it lies in.",
        )
    if not os.path.isdir(folder):  # noqa: PTH112 — unlike Path.is_dir it never raises
        raise ImportRefused(f"There is no folder {path} on the server.", "Check the spelling, capitals included.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise unreadable(folder)
    return folder


def walk_files(root: Path) -> Iterator[Path]:
    """Every regular file below `root`, sorted; links, FIFOs, devices, sockets and hidden folders are passed over."""
    return (path for path, is_folder in walk(root) if not is_folder)


def walk(root: Path, passed: list[Path] | None = None) -> Iterator[tuple[Path, bool]]:
    """The same with the folders on the way, each before what is in it; True marks them.

    `passed` is filled with the links and the like.
    """
    waiting = list(reversed(entries(root, passed)))
    while waiting:
        path, is_folder = waiting.pop()
        yield path, is_folder
        if is_folder:
            waiting.extend(reversed(entries(path, passed)))


def entries(folder: Path, passed: list[Path] | None = None) -> list[tuple[Path, bool]]:
    """Files and visible folders directly in `folder`, sorted by name; True marks a folder. `passed` as above."""
    kept: list[tuple[str, bool]] = []
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with os.scandir(descriptor) as found:
                for entry in found:
                    if is_file(entry) or is_folder(entry):
                        kept.append((entry.name, is_folder(entry)))
                    elif passed is not None and not entry.name.startswith("."):
                        passed.append(folder / entry.name)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unreadable(folder) from error
    return [(folder / name, is_folder) for name, is_folder in sorted(kept)]


def is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)


def is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")


def is_plain(path: str) -> bool:
    """Absolute and without tricks; decided from the text alone."""
    if "\0" in path or path.startswith(("~", "\\\\", "//")) or not path.isprintable():
        return False
    return PurePath(path).is_absolute() and ".." not in path.replace("\\", "/").split("/")


def is_below(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and not any(part.startswith(".") for part in path.relative_to(root).parts)


def real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises on a loop of links, realpath never does


def refuse(path: str, roots: Sequence[Path]) -> NoReturn:
    allowed = ", ".join(map(str, roots)) or "no folder"
    raise PathRefused(
        f"{path!r} is not a folder that may be imported.",
        f"Give the full path of a visible folder below {allowed}, or start AI Studio with --data-root.",
    )


def unreadable(folder: Path) -> ImportRefused:
    return ImportRefused(
        f"The folder {folder} cannot be read.", "Give the user that runs AI Studio permission to read it."
    )
