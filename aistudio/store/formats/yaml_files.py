"""YAML files that name classes, as YOLO has them: `names: [cat, dog]`, or `classes` with a number for each name."""

from collections.abc import Iterator

import yaml

from aistudio.errors import ImportRefused
from aistudio.schema.project import Subset
from aistudio.store.formats.base import SUBSETS, Listing
from aistudio.store.formats.texts import class_name, text, whole_number

MAX_BYTES = 2**20
_NOTHING = ("", "null", "~", "none")
_BROKEN = (yaml.YAMLError, RecursionError, ValueError, OverflowError, TypeError, KeyError, AttributeError)


def is_one(name: str) -> bool:
    return name.lower().endswith((".yaml", ".yml"))


def names(listing: Listing, name: str) -> dict[int, str]:
    """Number → name. Raises ImportRefused.

    Everything in the file stays text, or the classes no and yes would be called False and True.
    """
    document = _open(listing, name)
    given = (document.get("names") or document.get("classes")) if isinstance(document, dict) else None
    pairs: list[tuple[object, object]] = []
    if isinstance(given, list):
        pairs = list(enumerate(given))
    elif isinstance(given, dict):
        pairs = list(given.items())
    plain = all(isinstance(one, int | str) and isinstance(named, str) for one, named in pairs)
    if not pairs or not plain:
        raise ImportRefused(
            f"{text(name)} has no list of names.", "Write names: [cat, dog], or a number and a name in each line."
        )
    numbered = {whole_number(str(one)): class_name(str(named)) for one, named in pairs}
    return {one: named for one, named in numbered.items() if one is not None and named}


def said_count(listing: Listing, name: str) -> int | None:
    """How many classes `nc` says that there are."""
    document = _open(listing, name)
    return whole_number(str(document.get("nc"))) if isinstance(document, dict) else None


def lines(listing: Listing, name: str) -> dict[str, int]:
    """Name → line, of a file that `names` reads."""
    top = yaml.compose(listing.text(name, MAX_BYTES), yaml.SafeLoader)
    found: dict[str, int] = {}
    for key, given in top.value:
        if key.value in ("names", "classes"):
            values = given.value if isinstance(given, yaml.SequenceNode) else [value for _, value in given.value]
            found |= {class_name(one.value): one.start_mark.line + 1 for one in values if isinstance(one.value, str)}
    return found


def subsets(listing: Listing, name: str) -> Iterator[tuple[Subset, str, str]]:
    """Subset, the root for all of them, and each path that train, val or test names."""
    document = _open(listing, name)
    if not isinstance(document, dict):
        return
    root = document.get("path")
    for key, given in document.items():
        subset = SUBSETS.get(str(key).lower())
        for path in given if isinstance(given, list) else [given]:
            if subset is not None and isinstance(path, str) and path.lower() not in _NOTHING:
                yield subset, root if isinstance(root, str) else "", path


def _open(listing: Listing, name: str) -> object:
    try:
        return yaml.load(listing.text(name, MAX_BYTES), yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ImportRefused(f"{text(name)}{line} is not YAML: {error.problem}.", "Mend the file.") from None
    except _BROKEN as error:
        raise ImportRefused(f"{text(name)} is not YAML: {str(error)[:100]}.", "Mend the file.") from None
