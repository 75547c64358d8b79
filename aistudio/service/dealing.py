"""How a plan comes out on a data set: which images get into which part, and what is written down of it."""

from collections.abc import Mapping
from typing import NamedTuple

from aistudio.errors import BadInput
from aistudio.schema.project import Subset
from aistudio.schema.split import ByFolder, Dealing, Fold, FoldsPlan, Origin, Ratios, Split, SplitPlan
from aistudio.service.groups import are_classes, kept, with_groups, with_twins
from aistudio.service.strata import Strata, strata
from aistudio.service.stratify import fold, stratify, stratify_groups
from aistudio.store import facts, source_split
from aistudio.store.dataset import DatasetFolder
from aistudio.store.experiments import now
from aistudio.store.workspace import new_id


class Dealt(NamedTuple):
    """`labels`: image id → what it counts as. `kept`: image id → what it was to be kept together by."""

    split: Split
    members: dict[int, Subset]
    labels: Mapping[int, int]
    kept: Mapping[int, str]


def deal(dataset: DatasetFolder, plan: SplitPlan, sid: str = "", name: str = "") -> Dealt:
    """Raises BadInput without an image for training or validation. A preview has neither `sid` nor `name`."""
    found, keys = strata(dataset, plan.target), kept(dataset, plan)
    together = with_twins(dataset, plan, keys)
    bad = facts.anomalous(dataset)
    if together or bad:
        members = stratify_groups(found.labels, together, plan.ratios, plan.seed, bad)
    else:
        members = stratify(found.labels, plan.ratios, plan.seed)
    split = _document(dataset, plan, found, members, plan.ratios, sid, name, "ratios", together)
    needed: tuple[tuple[Subset, str], ...] = (("train", "Training"), ("val", "Validation"))
    for subset, title in needed:
        if not split.size(subset):
            if isinstance(plan.group_by, ByFolder) and are_classes(dataset, plan.group_by, found.labels):
                raise BadInput(
                    "The folders are the classes, so they cannot be kept together.", "Group by something else."
                )
            raise _empty(title, split)
    return Dealt(split, members, found.labels, keys)


def deal_folds(dataset: DatasetFolder, plan: FoldsPlan, name: str = "") -> list[Dealt]:
    """A split for each fold. Raises BadInput where one would be empty."""
    found, keys = strata(dataset, plan.target), kept(dataset, plan)
    together = with_twins(dataset, plan, keys)
    never = with_groups(facts.anomalous(dataset), together)  # for training, so that each fold is asked for all of them
    labels = {image: label for image, label in found.labels.items() if image not in never}
    parts = fold(labels, together, plan.folds, plan.seed)
    made = []
    for number in range(plan.folds):
        members: dict[int, Subset] = {image: "val" if part == number else "train" for image, part in parts.items()}
        members |= dict.fromkeys(never, "val")
        sizes = source_split.sizes(members)
        if not sizes["train"] or not sizes["val"]:
            raise BadInput(
                f"Fold {number + 1} would be empty with {len(parts)} images.", "Make fewer folds, or smaller groups."
            )
        share = round(sizes["val"] / len(members), 3)
        ratios = Ratios(train=round(1 - share, 3), val=share, test=0)
        title = Fold(name, number + 1, plan.folds).name if name else ""
        sid = new_id() if name else ""
        split = _document(dataset, plan, found, members, ratios, sid, title, "fold", together)
        made.append(Dealt(split, members, found.labels, keys))
    return made


def _empty(title: str, split: Split) -> BadInput:
    what = f"ranges of {split.target}" if split.target else "classes"
    kept = f", {split.groups} group{'s' * (split.groups != 1)} of them kept together" if split.groups else ""
    return BadInput(
        f"{title} would be empty with {sum(split.sizes.values())} images in {len(split.counts)} {what}{kept}.",
        "Give it a larger share, or let groups come apart." if kept else "Give it a larger share.",
    )


def _document(
    dataset: DatasetFolder,
    how: Dealing,
    found: Strata,
    members: Mapping[int, Subset],
    ratios: Ratios,
    sid: str,
    name: str,
    origin: Origin,
    together: Mapping[int, int],
) -> Split:
    return Split(
        id=sid,
        name=name,
        dataset_version=dataset.version,
        seed=how.seed,
        ratios=ratios,
        counts=found.counts(members) if found.target else dataset.counts(members),
        sizes=source_split.sizes(members),
        bare=found.bare(members),
        origin=origin,
        group_by=how.group_by,
        keep_twins=how.keep_twins,
        groups=len(set(together.values())),
        target=found.target,
        created_at=now(),
    )
