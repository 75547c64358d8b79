"""Which PNG is the mask of which image, told by folders, names and the heads of the files."""

import re
import struct
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from aistudio.store.formats.base import Listing, folder_subset
from aistudio.store.formats.pairs import Pairs
from aistudio.store.formats.texts import base_of, folder_of, stem_of, text

_IMAGES = frozenset(
    ("images", "image", "img", "imgs", "jpegimages", "rgb", "photos", "photo", "input", "inputs", "leftimg8bit")
)
_WORDS = re.compile(
    r"mask|(?<!un)label|(?<!un)annot|(?<![a-z])gt(?![a-z])|(?<!back)(?<!fore)ground|segm|semantic|instance|target"
)
_LOSSLESS = (".png", ".bmp", ".tif", ".tiff", ".gif")
_ENDINGS = ("_mask", "-mask", ".mask", "_seg", "_label", "_labels", "_gt", "_instance", "_l")


def pairs(listing: Listing, objects: bool) -> dict[str, str]:
    """Image → its mask, of the folder of masks that has most and those like it that have other images, such as
    trainannot and valannot. `objects`: masks of 16 bits, whose numbers are objects.
    """
    found: dict[str, dict[str, str]] = {}
    masks = [name for name in listing.ending(".png") if _named(name)]
    deeper = [name for name in masks if name.count("/")]
    for whole in (Pairs(deeper), Pairs(deeper, _image_stem)):
        for image in listing.images:
            for own, part, name in whole.apart(image):
                if _belong(own, part):
                    found.setdefault(part, {}).setdefault(image, name)
    for image, name in _suffixed(listing, masks).items():
        found.setdefault("", {})[image] = name
    fitting = {part: some for part, some in found.items() if _fits(listing, some, objects)}
    chosen: dict[str, str] = {}
    parts = sorted(fitting, key=lambda part: (len(fitting[part]), _plainness(part, objects), part), reverse=True)
    for part in parts:
        alike = _plainness(part, objects) == _plainness(parts[0], objects)
        if alike and chosen.keys().isdisjoint(fitting[part]):
            chosen |= fitting[part]
    return chosen


def _belong(own: str, part: str) -> bool:
    """Whether masks in `part` can be of images in `own`: val has its files numbered as train has them."""
    if not is_mask_folder(part) or (own.lower() not in _IMAGES and is_mask_folder(own)):
        return False
    return None in (subsets := {folder_subset(own), folder_subset(part)}) or len(subsets) == 1


def _image_stem(name: str) -> str:
    """The stem of the image that a mask is called after, such as 1 for 1_mask."""
    stem = stem_of(name)
    ending = next((one for one in _ENDINGS if stem.lower().endswith(one)), "")
    return stem[: len(stem) - len(ending)] or stem


def unreadable(listing: Listing) -> str:
    """For a refusal: the first file that could have been a mask, but is no PNG."""
    names = (name for name in listing.ending(".png") if _named(name) and png_head(listing.path(name)) is None)
    return "".join(f" {text(name)} is no readable PNG file." for name in islice(names, 1))


def folder(found: dict[str, str]) -> str:
    return Counter(folder_of(name) for name in found.values()).most_common(1)[0][0] or "the same folder"


def _named(name: str) -> bool:
    folders = folder_of(name).lower().split("/")
    return any(is_mask_folder(part) for part in folders) or stem_of(name).lower().endswith(_ENDINGS)


def is_mask_folder(part: str) -> bool:
    """Whether a folder of that name holds masks rather than images."""
    return part.lower() not in _IMAGES and _WORDS.search(part.lower()) is not None


def is_mask(name: str) -> bool:
    """By its name alone: a picture without losses in a folder of masks."""
    return name.lower().endswith(_LOSSLESS) and any(is_mask_folder(part) for part in folder_of(name).split("/"))


class Masks:
    """Those that are no images: all that lie like masks where masks are `used`, else those of other images.

    Folders of photos may be called with_mask or labelled_images as well.
    """

    def __init__(self, listing: Listing, used: bool) -> None:
        self._used = used
        self._stems = {stem_of(name) for name in listing.images if not is_mask(name)}

    def __contains__(self, name: str) -> bool:
        stem = stem_of(name)
        bare = (stem[: -len(ending)] for ending in _ENDINGS if stem.lower().endswith(ending))
        return is_mask(name) and (self._used or any(one in self._stems for one in (stem, *bare)))


def lonely(listing: Listing, used: Collection[str]) -> list[str]:
    """Other masks that lie where those of the images do, or in a folder of the same name without images beside it."""
    beside = {folder_of(name) for name in used}
    above = {folder_of(folder) for folder in beside if is_mask(f"{folder_of(folder)}/x.png")}
    bases = {base_of(folder) for folder in beside if is_mask_folder(base_of(folder))}
    peopled = {folder for name in listing.images if not is_mask(name) for folder in _above(name)}

    def is_near(name: str) -> bool:
        folder = folder_of(name)
        if folder in beside:
            return is_mask(name) or stem_of(name).lower().endswith(_ENDINGS)
        return folder_of(folder) in above or (base_of(folder) in bases and folder_of(folder) not in peopled)

    return [name for name in listing.ending(".png") if name not in used and is_near(name)]


def _above(name: str) -> Iterator[str]:
    while name := folder_of(name):
        yield name


def _plainness(part: str, objects: bool) -> bool:
    return ("instance" in part.lower()) == objects


def _suffixed(listing: Listing, masks: list[str]) -> dict[str, str]:
    """Masks whose name is that of an image with an ending such as _mask."""
    stems = {(folder_of(name), stem_of(name)): name for name in listing.images}
    found = {}
    for name in masks:
        stem = stem_of(name)
        for ending in _ENDINGS:
            image = stems.get((folder_of(name), stem[: -len(ending)])) if stem.lower().endswith(ending) else None
            if image is not None:
                found[image] = name
    return found


def _fits(listing: Listing, found: dict[str, str], objects: bool) -> bool:
    """Looked at in a few heads: 16 bits of grey are objects, anything else classes."""
    names = list(found.values())
    heads = [head for name in names[:: max(len(names) // 10, 1)] if (head := png_head(listing.path(name)))]
    deep = sum(depth == 16 for depth, _ in heads)
    return bool(heads) and (deep * 2 > len(heads)) == objects


def png_head(path: Path) -> tuple[int, int] | None:
    """Bit depth and colour type of a PNG; None if it is none."""
    try:
        with path.open("rb") as file:
            head = file.read(26)
    except OSError:
        return None
    if len(head) < 26 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    depth, kind = struct.unpack_from("BB", head, 24)
    return depth, kind
