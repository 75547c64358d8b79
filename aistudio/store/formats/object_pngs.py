"""PNG per object: for each image a folder of its own with a mask of every single object in it."""

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind
from aistudio.schema.project import Finding
from aistudio.store.formats.base import FoundImage, Layout, Listing, MaskFile, subset_of
from aistudio.store.formats.masks import is_mask_folder, lonely
from aistudio.store.formats.strays import tell_missing, tell_unannotated
from aistudio.store.formats.texts import base_of, folder_of, stem_of, text

NAME = "object_pngs"
TITLE = "PNG per object"
KINDS: tuple[Kind, ...] = ("instance", "box", "mask")

LABEL = "object"


def detect(listing: Listing) -> Finding | None:
    found = _masks(listing)
    if not found:
        return None
    masks = sum(map(len, found.values()))
    reason = f"found {len(found)} images with a folder of PNG masks each, {masks} in all, one for each object"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=45, reason=reason)


def _masks(listing: Listing) -> dict[str, list[str]]:
    """Image → the masks of its objects: in NAME/images and NAME/masks, or in masks/NAME."""
    below = {folder: sorted(_pngs(names)) for folder, names in listing.folders.items() if _pngs(names)}
    by_stem = {base_of(folder): folder for folder in below if _is_among_masks(folder_of(folder))}
    beside = {folder_of(folder): folder for folder in below if is_mask_folder(base_of(folder))}
    single = {names[0] for folder in listing.folders if len(names := _images(listing, folder)) == 1}
    found: dict[str, list[str]] = {}
    for image in listing.images:
        own = folder_of(image)
        if _is_among_masks(own):
            continue
        named = by_stem.get(stem_of(image))
        if named is None and image in single and folder_of(own) != own:
            named = beside.get(folder_of(own))
        if named is not None and stem_of(image) not in {stem_of(mask) for mask in below[named]}:
            found[image] = below[named]
    return found


def _is_among_masks(folder: str) -> bool:
    return any(is_mask_folder(part) for part in folder.split("/"))


def _pngs(names: list[str]) -> list[str]:
    return [name for name in names if name.lower().endswith(".png")]


def _images(listing: Listing, folder: str) -> list[str]:
    known = listing.image_set
    return [name for name in listing.folders[folder] if name in known]


def read(listing: Listing, kind: Kind = "instance") -> Layout:
    found = _masks(listing)
    if not found:
        raise ImportRefused(
            f"No image of {listing.called} has a folder with a PNG mask for each object.",
            "Put each image into NAME/images and the masks of its objects into NAME/masks.",
        )
    layout = Layout(NAME, "instance", [LABEL], [])
    for image in listing.images:
        path, source = listing.path(image), text(folder_of(found[image][0]) if image in found else image)
        if image in found:
            mask = MaskFile(found[image][0], objects=True, label=LABEL, single=tuple(found[image]))
            layout.images.append(FoundImage(text(image), path, (), source, mask=mask, subset=subset_of(image)))
    used = {mask for masks in found.values() for mask in masks}
    tell_missing(listing, layout, lonely(listing, used), used, "masks")
    tell_unannotated(listing, layout, "has no folder of masks")
    return layout
