"""MVTec: train/good, test/good, test/DEFECT with masks in ground_truth/DEFECT, or just folders good and DEFECT."""

from collections.abc import Iterator

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Anomaly, Kind
from aistudio.schema.project import Finding, Subset
from aistudio.store.formats.base import SUBSETS, Draft, FoundImage, Layout, Listing, MaskFile, problem
from aistudio.store.formats.strays import tell_missing, tell_unannotated
from aistudio.store.formats.texts import folder_of, stem_of, text

NAME = "mvtec"
TITLE = "MVTec (good and defects)"
KINDS: tuple[Kind, ...] = ("anomaly",)

GOOD = "good"
_GOOD = frozenset(("good", "normal", "ok", "nominal"))
_LOSSLESS = (".png", ".bmp", ".tif", ".tiff", ".gif")
_TRUTH = frozenset(("ground_truth", "groundtruth", "masks", "mask", "gt"))


def detect(listing: Listing) -> Finding | None:
    images = dict(_images(listing))
    good = [name for name, (label, _) in images.items() if label == GOOD]
    defects = {label for label, _ in images.values() if label != GOOD}
    if not good:
        return None
    named = f" and {len(defects)} folders of defects" if defects else ", and no defects"
    reason = f"found a folder of good images with {len(good)} in it{named}"
    return Finding(format=NAME, title=TITLE, kinds=list(KINDS), score=80 if defects else 60, reason=reason)


def read(listing: Listing, kind: Kind = "anomaly") -> Layout:
    images = dict(_images(listing))
    labels = {label for label, _ in images.values()}
    if GOOD not in labels:
        raise ImportRefused(
            f"There is no folder of good images in {listing.called}.",
            "Put them into train/good, and those to test into test/good and test/<name of the defect>.",
        )
    layout = Layout(NAME, "anomaly", [GOOD, *sorted(labels - {GOOD})], [], places=dict(_places(listing)))
    truth = _masks(listing)
    for name in listing.images:
        if name in images:
            label, subset = images[name]
            mask = _mask(truth, name, label)
            if label != GOOD and truth and mask is None:
                with layout.about(name):
                    layout.problems.append(problem(name, "has no mask", "unannotated", effect="noted"))
            drafts = [Draft(Anomaly(label != GOOD, label))]
            file = MaskFile(mask) if mask else None
            path, source = listing.path(name), text(mask or name)
            layout.images.append(FoundImage(text(name), path, drafts, source, mask=file, subset=subset))
    truths = [name for name in listing.images if _is_truth(name)]
    used = {one.mask.name for one in layout.images if one.mask}
    stems = {stem_of(name) for name, (label, _) in images.items() if label == GOOD}
    needless = {name for name in truths if _is_good(name) and _stem(name) in stems}
    lossy = [name for name in truths if name not in needless and not name.lower().endswith(_LOSSLESS)]
    layout.problems += [problem(name, "is no mask: save it as PNG, BMP or TIFF", "mask") for name in lossy]
    tell_missing(listing, layout, truths, {*used, *needless, *lossy}, "masks")
    if needless:
        one, several = "a mask of a good image, which is", f"masks of {len(needless):,} good images, which are"
        told = f"has {one if len(needless) == 1 else several} not used"
        layout.problems.append(problem(folder_of(min(needless)), told, "mask", effect="noted"))
    tell_unannotated(listing, layout, "is in no folder of good images or of a defect", told=truths)
    return layout


def _images(listing: Listing) -> Iterator[tuple[str, tuple[str, Subset | None]]]:
    """(name, (good or the defect, subset)) of each image that lies where it should."""
    for name in listing.images:
        parts = name.split("/")
        if _is_truth(name) or len(parts) < 2:
            continue
        subset = SUBSETS.get(parts[0].lower())
        label = parts[1] if subset and len(parts) > 2 else None if subset else parts[0]
        if label is not None:
            yield name, (GOOD if label.lower() in _GOOD else text(label), subset)


def _places(listing: Listing) -> Iterator[tuple[str, tuple[str, int | None]]]:
    """Defects whose folder is empty, or that only have a folder of masks."""
    for folder in (*listing.bare, *(folder_of(name) for name in listing.images if _is_truth(name))):
        parts = folder.split("/")
        if len(parts) == 2 and (_is_truth(folder) or parts[0].lower() in SUBSETS) and parts[1].lower() not in _GOOD:
            yield text(parts[1]), (text(folder), None)


def _is_truth(name: str) -> bool:
    return name.split("/")[0].lower() in _TRUTH


def _masks(listing: Listing) -> dict[tuple[str, str], str]:
    """(defect, stem of the image) → mask; the defect is "" where all masks lie in one folder."""
    return {
        (text(name.split("/")[-2]) if name.count("/") >= 2 else "", _stem(name)): name
        for name in listing.ending(*_LOSSLESS)
        if _is_truth(name)
    }


def _stem(name: str) -> str:
    """Of the image that a mask is of."""
    return stem_of(name).removesuffix("_mask")


def _is_good(mask: str) -> bool:
    return mask.count("/") >= 2 and mask.split("/")[-2].lower() in _GOOD


def _mask(truth: dict[tuple[str, str], str], name: str, label: str) -> str | None:
    return truth.get((label, stem_of(name))) or truth.get(("", stem_of(name))) if label != GOOD else None
