"""What packing adds to a data set: folders around everything, and files that nobody put there."""

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

_PROSE = (".txt", ".md", ".rst", ".html", ".pdf", "license", "readme")
_GOOD = frozenset(("good", "normal", "ok", "nominal"))
_CLUTTER = frozenset(("Thumbs.db", "desktop.ini"))


def is_noise(name: str) -> bool:
    """Also hidden folders, which walking a folder passes over but a zip file lists."""
    parts = name.split("/")
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or parts[-1] in _CLUTTER


def wrapper(names: Sequence[str], subsets: Collection[str], images: Collection[str], started: bool) -> str:
    """The only folder at the top, if it holds folders of images and its name says nothing of them; else nothing.

    Deeper down a text file beside it may list classes or subsets, so that only at the top it is taken for prose.
    """
    prose = _PROSE[1:] if started else _PROSE
    firsts = {name.split("/", 1)[0] for name in names if "/" in name or not name.lower().endswith(prose)}
    inner = next(iter(firsts), "")
    deep = all(name.count("/") >= 2 for name in names if PurePosixPath(name).suffix.lower() in images)
    means = inner.lower() in subsets or (started and inner.lower() in _GOOD)
    return inner if len(firsts) == 1 and deep and not means and any("/" in name for name in names) else ""
