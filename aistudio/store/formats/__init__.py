"""Importers: one file for each way of laying out a data set, and the choice between them."""

from aistudio.errors import BadInput, ImportRefused
from aistudio.schema.annotation import NAMES, Kind
from aistudio.schema.project import Finding
from aistudio.store.formats import (
    class_folders,
    coco,
    csv_table,
    dota,
    instance_png,
    mvtec,
    object_pngs,
    png_masks,
    rolabelimg,
    voc,
    yolo,
)
from aistudio.store.formats.base import Importer, Layout, Listing

IMPORTERS: tuple[Importer, ...] = (
    class_folders,
    csv_table,
    coco,
    yolo,
    voc,
    rolabelimg,
    dota,
    png_masks,
    instance_png,
    object_pngs,
    mvtec,
)


def importer(name: str) -> Importer:
    for one in IMPORTERS:
        if name == one.NAME:
            return one
    known = ", ".join(one.NAME for one in IMPORTERS)
    raise BadInput(f"There is no format {name!r}.", f"Choose auto or one of {known}.")


def detect(listing: Listing, kind: Kind) -> list[Finding]:
    """All formats that the folder may have, best first: those that bring what is needed come before the others."""
    found = [finding for one in IMPORTERS if (finding := one.detect(listing)) is not None]
    return sorted(found, key=lambda finding: (kind not in finding.kinds, _is_derived(finding, kind), -finding.score))


def _is_derived(finding: Finding, kind: Kind) -> bool:
    """Whether class masks would have to be drawn from outlines, or boxes around them."""
    return (kind != finding.kinds[0] and finding.kinds[0] == "instance") or kind == "mask" != finding.kinds[0]


def choose(listing: Listing, kind: Kind, given: str, found: list[Finding]) -> Importer:
    """The given one, or the best. Raises ImportRefused if none brings what is needed."""
    if given != "auto":
        chosen = importer(given)
        if kind not in chosen.KINDS:
            brings = ", ".join(NAMES[one] for one in chosen.KINDS)
            raise ImportRefused(
                f"{chosen.TITLE} brings {brings}; the project needs {NAMES[kind]}.", "Choose another format."
            )
        return chosen
    if found and kind in found[0].kinds:
        return importer(found[0].format)
    if not listing.images:
        raise ImportRefused(
            f"There are no images in {listing.called}.", "It takes JPEG, PNG, WebP, BMP or TIFF images."
        )
    if kind == "label" and (unclear := csv_table.unclear(listing)):
        raise unclear
    if found:
        brings = ", ".join(NAMES[one] for one in found[0].kinds)
        raise ImportRefused(
            f"What is in {listing.called} looks like {found[0].title} ({found[0].reason}), which brings {brings}; the "
            f"project needs {NAMES[kind]}{csv_table.odd(listing) if kind == 'value' else ''}.",
            "Choose other data, or make a project for that task.",
        )
    return _usual(listing, kind)


def _usual(listing: Listing, kind: Kind) -> Importer:
    """The one that says best what is missing, unless there is a table: then what is the matter with that is said."""
    why_not = csv_table.why_not(listing) if kind in csv_table.KINDS else ""
    if kind == "label" and not why_not:
        return class_folders
    fitting = ", ".join(one.TITLE for one in IMPORTERS if kind in one.KINDS)
    count, called = len(listing.images), listing.called
    raise ImportRefused(
        f"There are {count} images in {called}, but nothing that gives them {NAMES[kind]}.{why_not}",
        f"{NAMES[kind].capitalize()} can come as {fitting}.",
    )


__all__ = ["IMPORTERS", "Importer", "Layout", "Listing", "choose", "detect", "importer"]
