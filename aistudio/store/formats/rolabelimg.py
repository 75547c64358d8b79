"""roLabelImg: an XML file for each image with rotated boxes by centre, size and angle in radians, clockwise as seen."""

from xml.etree.ElementTree import Element

from aistudio.schema.annotation import Flag, Kind, RotatedBox
from aistudio.schema.geometry import Rectangle, corners
from aistudio.schema.project import Finding
from aistudio.store.formats import xml_files
from aistudio.store.formats.base import Layout, Listing, is_ignored
from aistudio.store.formats.texts import number

NAME = "rolabelimg"
TITLE = "roLabelImg"
KINDS: tuple[Kind, ...] = ("rotated",)

_FLAGS: tuple[Flag, ...] = ("difficult", "truncated")


def detect(listing: Listing) -> Finding | None:
    if not xml_files.count(listing, "robndbox"):
        return None
    reason = f"found {len(listing.ending('.xml'))} XML files with objects and their rotated boxes"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=80, reason=reason)


def read(listing: Listing, kind: Kind = "rotated") -> Layout:
    advice = "roLabelImg leaves an XML file of the same name for each image."
    return xml_files.read(listing, NAME, "rotated", _box, advice)


def _box(element: Element) -> RotatedBox | str:
    """A box without an angle lies straight. A text says what is wrong."""
    label = xml_files.label_of(element)
    if not label:
        return "has an object without a name"
    flags = tuple(flag for flag in _FLAGS if xml_files.is_set(element, flag))
    name, flags = (None, ("ignored", *flags)) if is_ignored(label) else (label, flags)
    turned = [number(element.findtext(f"robndbox/{tag}")) for tag in ("cx", "cy", "w", "h", "angle")]
    if None not in turned:
        cx, cy, w, h, angle = (value or 0.0 for value in turned)
        w, h = (w, h) if w > 0 < h else (0.0, 0.0)  # the corners of a negative size look like those of a positive one
        return RotatedBox(name, corners(Rectangle(cx, cy, w, h, angle)), flags)
    straight = [number(element.findtext(f"bndbox/{tag}")) for tag in ("xmin", "ymin", "xmax", "ymax")]
    if None in straight:
        return f"has no box for its {label}"
    left, top, right, bottom = (value or 0.0 for value in straight)
    right, bottom = (right, bottom) if left < right and top < bottom else (left, top)
    return RotatedBox(name, (left, top, right, top, right, bottom, left, bottom), flags)
