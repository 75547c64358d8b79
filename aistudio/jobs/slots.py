"""Leases on devices for the whole machine, so that two servers do not train on the same card.

Of the CPU each workspace has its own, as many as may train on it at a time: a worker that an earlier server launched
holds one, before it says who it is too.
"""

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

FOR_ALL = stat.S_ISVTX | stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO
SHARED = (Path("/run/lock"), Path("/dev/shm"), Path("/tmp"))


def machine_folder(places: Sequence[Path] = SHARED) -> Path:
    """Where the servers of all users of this machine meet: below the first place that everybody may write in.

    Not TMPDIR, which each of them may have set otherwise, and not what only this user may write.
    """
    return next((place for place in places if _is_for_all(place)), places[-1]) / "aistudio-devices"


def _is_for_all(place: Path) -> bool:
    everybody = stat.S_ISVTX | stat.S_IRWXO
    if not place.is_dir() or os.statvfs(place).f_flag & os.ST_RDONLY:
        return False
    return place.stat().st_mode & everybody == everybody


class Slots:
    """One file for each card, by its UUID; whoever holds its lock has the card. The kernel frees it with the holder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, cards: Sequence[str], note: str) -> list[int] | str:
        """Open locked files, to be handed to the worker and closed here; or who has one of them. Raises OSError."""
        held: list[int] = []
        try:
            for card in sorted(set(cards)):
                self._lock(card, held)
                with contextlib.suppress(OSError):  # another user's file: locked all the same
                    os.ftruncate(held[-1], 0)
                    os.pwrite(held[-1], note.encode(), 0)
        except BlockingIOError:
            holder = os.pread(held[-1], 1000, 0).decode(errors="replace")
            release(held)
            return holder or "another AI Studio"
        except OSError:
            release(held)
            raise
        return held

    def _lock(self, card: str, held: list[int]) -> None:
        """Adds its open file to `held`; another one if somebody cleaned up meanwhile: a lost file locks nobody out."""
        while True:
            held.append(self._open(card))
            fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(held[-1]).st_nlink:
                return
            os.close(held.pop())

    def take_one(self, places: Sequence[str], note: str) -> list[int] | str:
        """As `take`, of whichever is free first; who has the last of them if none is."""
        found: list[int] | str = "another AI Studio"
        for place in places:
            found = self.take([place], note)
            if not isinstance(found, str):
                break
        return found

    def _open(self, card: str) -> int:
        """Files in a shared folder: never through a link, and without O_CREAT where somebody else made it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        found = self._folder.lstat()
        mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if mine and stat.S_IMODE(found.st_mode) != FOR_ALL:  # it is new, or who made it was killed before it came here
            self._folder.chmod(FOR_ALL)
        path = self._folder / re.sub(r"[^A-Za-z0-9-]", "_", card)
        with contextlib.suppress(FileExistsError):
            made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            os.fchmod(made, 0o666)
            return made
        try:
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except PermissionError:
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)


def release(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
