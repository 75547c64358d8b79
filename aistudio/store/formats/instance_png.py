"""Instance PNG: for each image a mask of 16 bits in which each number but 0 is one object."""

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind
from aistudio.schema.project import Finding
from aistudio.store.formats import masks
from aistudio.store.formats.base import FoundImage, Layout, Listing, MaskFile, subset_of
from aistudio.store.formats.strays import tell_missing, tell_unannotated
from aistudio.store.formats.texts import text

NAME = "instance_png"
TITLE = "Instance PNG"
KINDS: tuple[Kind, ...] = ("instance", "box", "mask")

LABEL = "object"


def detect(listing: Listing) -> Finding | None:
    pairs = masks.pairs(listing, objects=True)
    if not pairs:
        return None
    reason = f"found {len(pairs)} images with a PNG mask of 16 bits of the same name in {text(masks.folder(pairs))}"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=50, reason=reason)


def read(listing: Listing, kind: Kind = "instance") -> Layout:
    pairs = masks.pairs(listing, objects=True)
    if not pairs:
        raise ImportRefused(
            f"No image of {listing.called} has a PNG mask of 16 bits of the same name.{masks.unreadable(listing)}",
            "Put images into a folder images and masks of the same names into a folder masks.",
        )
    layout = Layout(NAME, "instance", [LABEL], [])
    for image in listing.images:
        if image in pairs:
            mask = MaskFile(pairs[image], objects=True, label=LABEL)
            path, origin = listing.path(image), text(pairs[image])
            layout.images.append(FoundImage(text(image), path, (), origin, mask=mask, subset=subset_of(image)))
    used = set(pairs.values())
    lonely = masks.lonely(listing, used)
    tell_missing(listing, layout, lonely, used, "masks")
    tell_unannotated(listing, layout, "has no mask", told={*used, *lonely})
    return layout
