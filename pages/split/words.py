"""What the page says about splits."""

from collections.abc import Mapping, Sequence

from aistudio.errors import FieldError
from aistudio.schema.annotation import Kind
from aistudio.schema.project import Dataset, Subset
from aistudio.schema.split import ByColumn, ByFolder, ByPattern, GroupBy, GroupCrossings, GroupReport, LeakReport, Split
from aistudio.ui.words import counted, percent
from pages.split.values import SUBSETS

NAMED = 3  # how many are named in a sentence
FAR = 0.02  # a share that is further off is told

STRATEGY: dict[Kind, str] = {
    "label": "Every class is shared out alike.",
    "value": "{target} is shared out alike over its whole range.",
    "box": "Images are shared out alike by the class that they have most boxes of.",
    "rotated": "Images are shared out alike by the class that they have most boxes of.",
    "instance": "Images are shared out alike by the class that they have most objects of.",
    "mask": "Images are shared out alike by the class that covers most of them, background left aside.",
    "anomaly": "Only normal images are for training. Images with defects go to validation and test.",
}
BARE: dict[Kind, str] = {
    "label": "(no label)",
    "value": "(no number)",
    "box": "(no box)",
    "rotated": "(no box)",
    "instance": "(no object)",
    "mask": "(only background)",
    "anomaly": "(no label)",
}


def strategy(kind: Kind | None, target: str | None) -> str:
    return STRATEGY[kind or "label"].format(target=target or "The number")


def shares(split: Split) -> str:
    """70 / 20 / 10 %"""
    parts = [f"{100 * share:.4g}" for key, share in split.ratios.items() if share or key != "test"]
    return f"{' / '.join(parts)} %"


def sizes(found: Mapping[Subset, int]) -> str:
    return " · ".join(f"{found[key]:,} {title.lower()}" for key, title in SUBSETS if found.get(key))


def origin(split: Split) -> tuple[str, str]:
    """How it came about, and what that is called."""
    if split.origin == "source":
        return "Origin", "Came with the data"
    if split.fold:
        return "Fold", f"{split.fold.number} of {split.fold.of}; each image is for validation once"
    return "Shares", shares(split)


def grouped(by: GroupBy | None) -> str:
    if by is None:
        return "Nothing"
    if isinstance(by, ByFolder):
        return "Folder"
    return f"Pattern {by.pattern}" if isinstance(by, ByPattern) else f"Column {by.column}"


def groups(report: GroupReport) -> str:
    """6 groups, 2 of them of a single image. The largest is P3 with 20 images."""
    first = report.largest[0]
    single = f", {report.single:,} of a single image" if report.single else ""
    largest = f" The largest, {first.key or 'the folder at the top'}, has {counted(first.images, 'image')}."
    return f"{counted(report.groups, 'group')}{single}.{largest}"


def apart(report: GroupReport) -> str:
    if not report.apart:
        return ""
    stays = "stays for itself" if report.apart == 1 else "stay each for itself"
    return f"{counted(report.apart, 'image')} in none of them {stays}: {_some(report.apart_names, report.apart)}."


def twins(images: int, found: int) -> str:
    if not images:
        return "No image looks like another one."
    return f"{counted(images, 'image')} look like another one, in {counted(found, 'group')}."


def warnings(split: Split, data: Dataset) -> list[str]:
    """What somebody should know before training on it."""
    thing = "range" if split.target else "class"
    used = {name: count for name, count in split.counts.items() if any(count.values())}
    found = []
    if unused := [name for name in split.counts if name not in used]:
        found.append(f"{counted(len(unused), thing)} without any image: {_some(unused, len(unused))}.")
    for key, title in SUBSETS:
        asked = dict(split.ratios.items())[key]
        if not asked or (key == "train" and data.annotation == "anomaly"):
            continue
        if not split.size(key):
            found.append(f"{title} would be empty. Give it a larger share.")
        elif lacking := [name for name, count in used.items() if not count.get(key)]:
            found.append(
                f"{counted(len(lacking), thing)} without a {title.lower()} image: {_some(lacking, len(lacking))}."
            )
    return found + _far(split, data)


def _far(split: Split, data: Dataset) -> list[str]:
    if split.origin != "ratios":
        return []
    total = max(sum(split.size(key) for key, _ in SUBSETS), 1)
    shares = dict(split.ratios.items())
    off = [
        f"{title.lower()} {percent(split.size(key) / total)} instead of {percent(shares[key])}"
        for key, title in SUBSETS
        if abs(split.size(key) / total - shares[key]) > max(FAR, 1.5 / total)
    ]
    why = "Images that stay together come in lumps" if split.groups else "The shares do not come out even"
    why = "Images with defects are never for training" if data.annotation == "anomaly" else why
    return [f"{why}: {', '.join(off)}."] if off else []


def folds(made: Sequence[Split]) -> str:
    """5 splits: each image is for validation in one of them, 16 to 17 at a time."""
    least, most = min(one.size("val") for one in made), max(one.size("val") for one in made)
    each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"{counted(len(made), 'split')}: each image is for validation in one of them, {each} at a time."


def leaks(report: LeakReport, designed: bool) -> str:
    if not report.same + report.alike:
        return "No image is the same as one in another part, or looks like it."
    parts = []
    if report.same:
        parts.append(f"{counted(report.same, 'pair')} of equal files")
    if report.alike:
        parts.append(f"{counted(report.alike, 'pair')} of images that look alike")
    verb = "stands" if report.same + report.alike == 1 else "stand"
    told = f"{' and '.join(parts)} {verb} in different parts: what is learned from one is asked for with the other."
    return f"{told} Keep twins together to avoid it." if designed else told


def crossing(found: GroupCrossings, supposed: bool, designed: bool) -> str:
    """`supposed`: nobody said that these groups belong together."""
    said = f"{_crossing(found)}{_apart(found.apart)}"
    if not found.crossing:
        return said
    learned = "what is learned from some is asked for with the others."
    if not supposed:
        return f"{said} Of their images, {learned}"
    if designed:
        return f"{said} If images of one folder belong together, such as those of one patient, group by folder."
    return f"{said} If images of one folder belong together, such as those of one patient, {learned}"


def _crossing(found: GroupCrossings) -> str:
    """None of 20 groups by patient is in several parts."""
    thing = "folder" if isinstance(found.by, ByFolder) else "group"
    by = "" if isinstance(found.by, ByFolder) else f" by {_rule(found.by)}"
    if found.single == found.groups:
        return f"Each {thing}{by} has a single image, so none is in several parts."
    if found.groups == 1:
        return f"The only {thing}{by} is in {'several parts' if found.crossing else 'one part'}."
    many = f"{found.groups:,} {thing}s{by}"
    if not found.crossing:
        return f"None of {many} is in several parts."
    some = f"All {many}" if found.crossing == found.groups else f"{found.crossing:,} of {many}"
    return f"{some} {'is' if found.crossing == 1 else 'are'} in several parts."


def _rule(by: ByPattern | ByColumn) -> str:
    return by.pattern if isinstance(by, ByPattern) else by.column


def _apart(images: int) -> str:
    if not images:
        return ""
    return f" {counted(images, 'image')} {'is' if images == 1 else 'are'} in none of them."


def wrong(error: FieldError) -> str:
    """A message that names its field needs no title."""
    return error.message if error.message.startswith(("The ", "No ")) else f"{error.title}: {error.message}"


def users(names: Sequence[str], folds: int = 1) -> str:
    """Who uses a split, or so many folds."""
    it = "it" if folds == 1 else "them"
    if not names:
        return f"No experiment uses {it}."
    return (
        f"{counted(len(names), 'experiment')} {'uses' if len(names) == 1 else 'use'} {it}: {_some(names, len(names))}."
    )


def lost(used: bool) -> str:
    """What becomes of a split that is deleted, and of experiments that use it."""
    back = "What is deleted goes to the trash, and can be restored for a week."
    stay = (
        "Results stay, but an experiment that was stopped or failed cannot be resumed, and one that was not trained yet"
        " needs another split."
    )
    return f"{stay} {back}" if used else back


def _some(names: Sequence[str], total: int, most: int = NAMED) -> str:
    more = f" and {total - most:,} more" if total > most else ""
    return f"{', '.join(names[:most])}{more}"
