"""Folders around those of the classes: of the subsets, or of several renderings of the same images."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from aistudio.schema.project import Subset
from aistudio.store.formats.base import SUBSETS, Listing, subset_in

_FEWEST = 2  # folders that two have in common before they are taken for the same classes


@dataclass(frozen=True)
class Outer:
    """A folder at the top that is no class: how deep the folders of the classes are below it, and its subset."""

    depth: int
    subset: Subset | None = None


def outer_folders(listing: Listing) -> dict[str, Outer]:
    """Folder at the top → what it is; nothing if the classes are at the top themselves."""
    depths = {top: 2 if _is_twice(top, names) else 1 for top, names in _tops(listing).items()}
    exact = _exact(listing)
    if exact:
        return {top: Outer(depths.get(top, 1), subset) for top, subset in exact.items()}
    inner = {top: _inner(names, depths[top]) for top, names in _tops(listing).items()}
    named = {top: subset for top in inner if inner[top] and (subset := subset_in(top))}
    if len(set(named.values())) > 1 and len(_common({top: inner[top] for top in named})) >= _FEWEST:
        return {top: Outer(depths[top], subset) for top, subset in named.items()}
    full = {top: folders for top, folders in inner.items() if folders}
    plain = {one for one in _common(full) if not re.search(r"\d", one)}  # what is counted or dated is no class
    alike = {top for top, folders in full.items() if len(folders & plain) >= _FEWEST}
    return {top: Outer(depths[top]) for top in alike} if len(plain) > len(alike) > 1 else {}


def _tops(listing: Listing) -> dict[str, list[list[str]]]:
    """Folder at the top → the images in it, by the parts of their paths."""
    found: dict[str, list[list[str]]] = defaultdict(list)
    for name in listing.images:
        if "/" in name:
            found[name.split("/", 1)[0]].append(name.split("/"))
    return found


def _is_twice(top: str, names: list[list[str]]) -> bool:
    """Whether it holds nothing but a folder of its own name with further folders, as unpacking often leaves it."""
    return all(len(parts) > 3 and parts[1] == top for parts in names)


def _inner(names: list[list[str]], depth: int) -> set[str]:
    """Folders that can be classes; none if images lie beside them."""
    if any(len(parts) <= depth + 1 for parts in names):
        return set()
    return {parts[depth] for parts in names if parts[depth].lower() not in SUBSETS}


def _common(inner: Mapping[str, set[str]]) -> set[str]:
    """Names of folders that are in several."""
    met: set[str] = set()
    again: set[str] = set()
    for folders in inner.values():
        again |= met & folders
        met |= folders
    return again


def _exact(listing: Listing) -> dict[str, Subset]:
    """Folders called like subsets: two of them with folders below, or one if nothing else is there."""
    tops = {name.split("/", 1)[0].lower() for name in listing.images if "/" in name}
    deep = {name.split("/", 1)[0].lower() for name in listing.images if name.count("/") >= 2} & SUBSETS.keys()
    if len(deep) < 2 and not (deep and tops <= SUBSETS.keys()):
        return {}
    firsts = {name.split("/", 1)[0] for name in (*listing.names, *listing.bare)}
    return {one: SUBSETS[one.lower()] for one in firsts if one.lower() in SUBSETS}
