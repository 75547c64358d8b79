"""Pascal VOC: an XML file for each image with boxes by their corners; ImageSets/Main says what is for training."""

from xml.etree.ElementTree import Element

from aistudio.schema.annotation import Box, Flag, Kind
from aistudio.schema.project import Finding
from aistudio.store.formats import xml_files
from aistudio.store.formats.base import Layout, Listing, is_ignored
from aistudio.store.formats.texts import number

NAME = "voc"
TITLE = "Pascal VOC"
KINDS: tuple[Kind, ...] = ("box",)

_FLAGS: tuple[Flag, ...] = ("difficult", "truncated")


def detect(listing: Listing) -> Finding | None:
    boxes = xml_files.count(listing, "bndbox")
    if not boxes or xml_files.count(listing, "robndbox") > boxes:
        return None
    reason = f"found {len(listing.ending('.xml'))} XML files with objects and their boxes"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=70, reason=reason)


def read(listing: Listing, kind: Kind = "box") -> Layout:
    advice = "Pascal VOC has folders Annotations and JPEGImages with files of the same names."
    return xml_files.read(listing, NAME, "box", _box, advice)


def _box(element: Element) -> Box | str:
    """A text says what is wrong."""
    label = xml_files.label_of(element)
    if not label:
        return "has an object without a name"
    corners = [number(element.findtext(f"bndbox/{tag}")) for tag in ("xmin", "ymin", "xmax", "ymax")]
    if None in corners:
        return f"has no box for its {label}"
    left, top, right, bottom = (value or 0.0 for value in corners)
    flags = tuple(flag for flag in _FLAGS if xml_files.is_set(element, flag))
    if is_ignored(label):
        return Box(None, left, top, right - left, bottom - top, ("ignored", *flags))
    return Box(label, left, top, right - left, bottom - top, flags)
