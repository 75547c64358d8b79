"""PNG masks: for each image one whose pixels are classes, as numbers, as a palette, as 0 and 255, or as colours."""

import re
from collections.abc import Iterator, Mapping

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind
from aistudio.schema.project import Finding, Problem
from aistudio.store.formats import masks, table, yaml_files
from aistudio.store.formats.base import FoundImage, Layout, Listing, MaskFile, is_ignored, problem, subset_of
from aistudio.store.formats.strays import tell_missing, tell_unannotated
from aistudio.store.formats.texts import base_of, lines_of, number, text

NAME = "png_masks"
TITLE = "PNG masks"
KINDS: tuple[Kind, ...] = ("mask",)

Key = int | tuple[int, int, int]
_MAX_BYTES = 2**22
_NAMED = ("classes.txt", "labels.txt", "class_names.txt", "label_colors.txt", "labelmap.txt")


def detect(listing: Listing) -> Finding | None:
    pairs = _pairs(listing)
    if not pairs:
        return None
    source = _source(listing)
    told = f", and {text(source)} with the names of the classes" if source else ""
    folder = masks.folder(pairs)
    reason = f"found {len(pairs)} images with a PNG mask of the same name in {text(folder)}{told}"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=70 if source else 60, reason=reason)


def read(listing: Listing, kind: Kind = "mask") -> Layout:
    pairs = _pairs(listing)
    if not pairs:
        raise ImportRefused(
            f"No image of {listing.called} has a PNG mask of the same name.{masks.unreadable(listing)}",
            "Put images into a folder images and masks of the same names into a folder masks.",
        )
    source = _source(listing)
    layout = Layout(NAME, "mask", [], [])
    named = _classes(listing, source, layout.problems) if source else None
    classes = None
    if source is not None and named is not None:
        classes = {key: None if is_ignored(name) else name for key, (name, _) in named.items()}
        layout.places = {name: (text(source), line) for name, line in named.values() if not is_ignored(name)}
        layout.classes = list(dict.fromkeys(name for name in classes.values() if name))
    for image in listing.images:
        if image in pairs:
            mask = MaskFile(pairs[image], classes)
            path, origin = listing.path(image), text(pairs[image])
            layout.images.append(FoundImage(text(image), path, (), origin, mask=mask, subset=subset_of(image)))
    used = set(pairs.values())
    lonely = masks.lonely(listing, used)
    tell_missing(listing, layout, lonely, used, "masks")
    tell_unannotated(listing, layout, "has no mask", told={*used, *lonely})
    return layout


def _pairs(listing: Listing) -> dict[str, str]:
    """Of 16 bits only where a file names the classes: otherwise their numbers are objects."""
    return masks.pairs(listing, objects=False) or (masks.pairs(listing, objects=True) if _source(listing) else {})


def _source(listing: Listing) -> str | None:
    """The file that names the classes, the one nearest to the top."""
    found = [name for name in listing.names if base_of(name).lower() in _NAMED]
    found += [name for name in listing.ending(".csv") if {"r", "g", "b"} <= _head(listing, name)]
    found += [name for name in listing.ending(".yaml", ".yml") if _lists_names(listing.head(name, _MAX_BYTES))]
    order = {name: place for place, name in enumerate(found)}
    ours = {name: "mask" in name or "semantic" in name for name in found}
    return min(found, key=lambda name: (name.count("/"), not ours[name], order[name]), default=None)


def _lists_names(content: str) -> bool:
    return "names:" in content or "classes:" in content


def _head(listing: Listing, name: str) -> set[str]:
    first = listing.head(name, 4096).lstrip("\ufeff").split("\n", 1)[0].lower()
    return {part.strip().strip('"') for part in re.split(r"[,;\t]", first)}


def _classes(listing: Listing, source: str, problems: list[Problem]) -> Mapping[Key, tuple[str, int | None]] | None:
    """With the line that names each."""
    if source.lower().endswith(".csv"):
        return dict(_coloured(listing, source, problems)) or None
    if yaml_files.is_one(source):
        lines = yaml_files.lines(listing, source)
        return {key: (name, lines.get(name)) for key, name in yaml_files.names(listing, source).items()}
    rows = enumerate((row.strip() for row in lines_of(listing.text(source, _MAX_BYTES))), start=1)
    numbered = [(number, row) for number, row in rows if row and not row.startswith("#")]
    keyed = _keyed([row for _, row in numbered])
    return {key: (name, line) for (key, name), (line, _) in zip(keyed, numbered, strict=True)} or None


def _keyed(lines: list[str]) -> Iterator[tuple[Key, str]]:
    """`name`, `number name`, `r g b name` or `name: r,g,b`; a bare name has the number of its line, from 0.

    Only where all lines begin with a number, and each with another one, is it none of the name: 2 wheeler is a class.
    """
    found = [re.fullmatch(r"(\d{1,5})\s*[:=,\s]\s*(.+)", line) for line in lines]
    numbers = [int(one[1]) for one in found if one]
    are_numbered = len(set(numbers)) == len(lines)
    for place, (line, numbered) in enumerate(zip(lines, found, strict=True)):
        colour = re.fullmatch(r"(.+?)[\s:,]+(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[:\s]*", line)
        front = re.fullmatch(r"(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[\s:,]+(.+)", line)
        if front:
            yield _rgb(front.groups()[:3]), text(front[4].strip())
        elif colour:
            yield _rgb(colour.groups()[1:]), text(colour[1].strip())
        elif numbered and are_numbered:
            yield int(numbered[1]), text(numbered[2].strip())
        else:
            yield place, text(line)


def _rgb(parts: tuple[str | None, ...]) -> tuple[int, int, int]:
    red, green, blue = (min(int(part or 0), 255) for part in parts)
    return red, green, blue


def _coloured(listing: Listing, source: str, problems: list[Problem]) -> Iterator[tuple[Key, tuple[str, int]]]:
    """Lines that make no sense are told. Raises ImportRefused where no column has names."""
    given = table.read(listing, source)
    lower = {name.lower(): name for name in given.columns}
    others = [name for name in given.columns if name.lower() not in ("r", "g", "b")]
    name = next((lower[one] for one in ("name", "class", "label") if one in lower), next(iter(others), None))
    if name is None:
        raise ImportRefused(f"{text(source)} has colours, but no names of classes.", "Write name,r,g,b in its head.")
    problems += [problem(source, "has another number of cells than the head", "class", line) for line in given.ragged]
    for line, cells in given.rows:
        rgb = [value for part in "rgb" if (value := number(cells[lower[part]])) is not None and 0 <= value <= 255]
        if len(rgb) == 3 and cells[name].strip():
            yield (int(rgb[0]), int(rgb[1]), int(rgb[2])), (text(cells[name].strip()), line)
        else:
            problems.append(problem(source, "is not a name and three numbers from 0 to 255", "class", line))
