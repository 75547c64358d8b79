"""Files that an import does not take although whoever put them there may count on it: told by folder and sort."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from aistudio.schema.project import Effect, Problem

Sort = Literal["link", "packed", "unnamed", "unsupported"]

PICTURES = frozenset(
    f".{one}"
    for one in (
        *("arw", "cr2", "cr3", "dng", "nef", "orf", "raf", "rw2"),  # as cameras write them
        *("avif", "heic", "heif", "j2k", "jp2", "jpx", "jxl"),
        *("dcm", "exr", "hdr", "ico", "pbm", "pcx", "pgm", "pnm", "ppm", "psd", "svg", "tga"),
    )
)
PACKED = frozenset([".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zst"])
HEAD = 12
_HEADS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")
_SAID: dict[Sort, tuple[str, str]] = {
    "link": (
        "is a link or no regular file; only real files are imported",
        "are links or no regular files; only real files are imported",
    ),
    "packed": ("is packed; unpack it to import what is in it", "are packed; unpack them to import what is in them"),
    "unnamed": (
        "is an image without a file ending; give it one, such as .jpg",
        "are images without a file ending; give them one, such as .jpg",
    ),
    "unsupported": (
        "is {format}, which cannot be read; save it as JPEG or PNG",
        "are {format} images, which cannot be read; save them as JPEG or PNG",
    ),
}
_EFFECTS: dict[Sort, Effect] = {"packed": "noted"}


@dataclass(frozen=True, slots=True)
class Passed:
    """A name below the imported folder, and why it is not taken."""

    name: str
    sort: Sort

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix.lower()

    def below(self, start: str) -> "Passed":
        return replace(self, name=self.name.removeprefix(start))


def by_name(names: Iterable[str]) -> Iterator[Passed]:
    """Those whose ending says that they are images, or hold some, but not in a way that can be read."""
    for name in names:
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in PICTURES:
            yield Passed(name, "unsupported")
        elif suffix in PACKED:
            yield Passed(name, "packed")


def is_picture(head: bytes) -> bool:
    """By the first bytes, for a file whose name says nothing."""
    return head.startswith(_HEADS) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def told(passed: Iterable[Passed]) -> list[Problem]:
    """A problem for each sort in a folder, with the first name and how many more there are."""
    groups: dict[tuple[str, Sort, str], list[str]] = {}
    for one in sorted(passed, key=lambda one: one.name):
        suffix = one.suffix if one.sort == "unsupported" else ""
        groups.setdefault((one.name.rpartition("/")[0], one.sort, suffix), []).append(one.name)
    return [_problem(folder, sort, suffix[1:].upper(), names) for (folder, sort, suffix), names in groups.items()]


def _problem(folder: str, sort: Sort, format: str, names: Sequence[str]) -> Problem:
    one, many = _SAID[sort]
    more = f"and {len(names) - 1:,} more in {folder or 'the folder'} " if len(names) > 1 else ""
    message = (more + many if more else one).format(format=format)
    kind = "unsupported" if sort == "unnamed" else sort
    return Problem(file=names[0], message=message, kind=kind, effect=_EFFECTS.get(sort, "left out"))
