"""Splits: which images are for training, validation and test."""

import contextlib
from collections.abc import Iterator

from aistudio.errors import BadInput, Conflict, Damaged, NotFound
from aistudio.schema.experiment import Experiment
from aistudio.schema.project import Subset
from aistudio.schema.split import (
    FoldsPlan,
    FoldsRequest,
    GroupBy,
    GroupCrossings,
    GroupReport,
    LeakReport,
    Split,
    SplitPlan,
    SplitRequest,
)
from aistudio.service import crossing, groups
from aistudio.service.dealing import Dealt, deal, deal_folds
from aistudio.service.leaks import find_leaks
from aistudio.service.strata import strata
from aistudio.store import facts, source_split, split_trash
from aistudio.store.dataset import DatasetFolder
from aistudio.store.workspace import ProjectFolder, new_id
from aistudio.studio import Actor, Studio


def preview(studio: Studio, pid: str, plan: SplitPlan) -> Split:
    """What `create` would make; nothing is stored."""
    return deal(_dataset(studio, pid), plan).split


def preview_with_leaks(studio: Studio, pid: str, plan: SplitPlan) -> tuple[Split, LeakReport]:
    """The same, and what would leak in it."""
    dataset = _dataset(studio, pid)
    dealt = deal(dataset, plan)
    return dealt.split, _leaks(dataset, dealt)


def preview_folds(studio: Studio, pid: str, plan: FoldsPlan) -> list[Split]:
    """What `create_folds` would make; nothing is stored."""
    return preview_folds_with_leaks(studio, pid, plan)[0]


def preview_folds_with_leaks(studio: Studio, pid: str, plan: FoldsPlan) -> tuple[list[Split], LeakReport]:
    """The same, and what would leak in the first fold."""
    dataset = _dataset(studio, pid)
    made = deal_folds(dataset, plan)
    return [one.split for one in made], _leaks(dataset, made[0])


def preview_groups(studio: Studio, pid: str, by: GroupBy) -> GroupReport:
    """Which images would stay together. Raises BadInput where none would."""
    return groups.report(_dataset(studio, pid), by)


def create(studio: Studio, actor: Actor, pid: str, request: SplitRequest) -> Split:
    """Raises BadInput without images or with an empty part, Conflict if the name is taken."""
    made = deal(_dataset(studio, pid), request, new_id(), request.name)
    _add(studio, pid, [made])
    studio.record(actor, "create split", made.split.id)
    return made.split


def create_folds(studio: Studio, actor: Actor, pid: str, request: FoldsRequest) -> list[Split]:
    """A split for each fold, named `…, fold 1 of 5` and so on. Raises as `create`."""
    made = deal_folds(_dataset(studio, pid), request, request.name)
    _add(studio, pid, made)
    studio.record(actor, "create folds", ", ".join(one.split.id for one in made))
    return [one.split for one in made]


def source_sizes(studio: Studio, pid: str) -> dict[Subset, int] | None:
    """What `keep_source` would bring back: subset → images; None if there is nothing to bring back."""
    found = source_split.offered(studio.workspace.project(pid))
    return source_split.sizes(found[1]) if found else None


def keep_source(studio: Studio, actor: Actor, pid: str) -> Split:
    """Brings back the split that the source of the newest version came with. Raises BadInput if there is none."""
    with studio.workspace.guard(f"splits:{pid}"):
        split = source_split.keep(studio.workspace.project(pid))
    if split is None:
        raise BadInput("The source says nothing about training and validation, or its split is there already.")
    studio.record(actor, "create split", split.id)
    return split


def leaks(studio: Studio, pid: str, sid: str) -> LeakReport:
    """Images that are the same or look alike in different subsets of a split, and groups that cross them."""
    split, dataset, members = _made(studio, pid, sid)
    labels = strata(dataset, split.target).labels
    kept = groups.keys(dataset, split.group_by) if split.group_by else {}
    return _leaks(dataset, Dealt(split, members, labels, kept))


def group_crossings(studio: Studio, pid: str, sid: str, by: GroupBy) -> GroupCrossings:
    """Which of any groups cross the subsets of a split. Raises BadInput where there are none, or they say nothing."""
    _, dataset, members = _made(studio, pid, sid)
    return crossing.check(dataset, by, members)


def _made(studio: Studio, pid: str, sid: str) -> tuple[Split, DatasetFolder, dict[int, Subset]]:
    folder = studio.workspace.project(pid)
    split = folder.splits.get(sid)
    members = {image: subset for subset, images in folder.splits.members(sid).items() for image in images}
    dataset = folder.dataset(split.dataset_version)
    if dataset is None:
        raise NotFound("The data set of the split is missing.", "Import the images again.")
    return split, dataset, members


def _leaks(dataset: DatasetFolder, dealt: Dealt) -> LeakReport:
    by = dealt.split.group_by
    report = find_leaks(dataset, dealt.members)
    if by is not None:
        report.groups = crossing.crossings(by, dealt.kept, dealt.members)
    else:
        report.groups = crossing.crossing_folders(dataset, dealt.members, dealt.labels)
    return report


def preview_leaks(studio: Studio, pid: str, plan: SplitPlan) -> LeakReport:
    """What would leak in a split that is not made yet."""
    return preview_with_leaks(studio, pid, plan)[1]


def _add(studio: Studio, pid: str, made: list[Dealt]) -> None:
    with studio.workspace.guard(f"splits:{pid}"):
        splits = studio.workspace.project(pid).splits  # or the project was deleted meanwhile
        taken = {other.name for other in splits.all()}
        for one in made:
            if one.split.name in taken:
                raise Conflict(f"There is a split named {one.split.name!r} already.", "Choose another name.")
        splits.add([(one.split, one.members) for one in made])


def all_splits(studio: Studio, pid: str) -> list[Split]:
    """Oldest first."""
    return studio.workspace.project(pid).splits.all()


def revision(studio: Studio, pid: str) -> tuple[int, int]:
    """Another one whenever a split was made or deleted, or there is a new version of the images."""
    folder = studio.workspace.project(pid)
    dataset = folder.dataset()
    return folder.splits.changed(), dataset.version if dataset else 0


def twins(studio: Studio, pid: str) -> tuple[int, int]:
    """How many images look like another one, and in how many groups."""
    return facts.twin_counts(_dataset(studio, pid))


def counts(studio: Studio, pid: str, split: Split) -> Split:
    """The same with its counts and what has none, which a split that came with numbers does not know of itself."""
    folder = studio.workspace.project(pid)
    dataset = folder.dataset(split.dataset_version)
    if split.origin != "source" or dataset is None:
        return split
    members = {image: subset for subset, images in folder.splits.members(split.id).items() for image in images}
    found = strata(dataset, None)
    known = {"counts": found.counts(members)} if found.target else {}
    return split.model_copy(update={**known, "bare": found.bare(members), "target": found.target})


def get(studio: Studio, pid: str, sid: str) -> Split:
    return studio.workspace.project(pid).splits.get(sid)


def deleted_name(studio: Studio, pid: str, sid: str) -> str | None:
    """What a split that is gone was called, "Split" if it is not even in the trash; None for one that is there."""
    folder = studio.workspace.project(pid)
    if any(split.id == sid for split in folder.splits.all()):
        return None
    return split_trash.deleted(folder).get(sid, "Split")


def why_gone(studio: Studio, pid: str, sid: str | None) -> str:
    """Why nothing can be done with a split that was deleted, in a sentence; nothing for one that is there."""
    name = deleted_name(studio, pid, sid) if sid is not None else None
    return "" if name is None else f"The split {name} was deleted."


def delete(studio: Studio, actor: Actor, pid: str, sid: str) -> None:
    """Moves it to the trash. Raises Conflict while a run uses it."""
    with studio.workspace.guard(f"splits:{pid}"):
        _delete(studio, actor, pid, [get(studio, pid, sid)])


def delete_folds(studio: Studio, actor: Actor, pid: str, sid: str) -> None:
    """The same with all that is left of a set of folds, of which a split is one: they come back together, too."""
    with studio.workspace.guard(f"splits:{pid}"):
        _delete(studio, actor, pid, fold_set(studio, pid, sid))


def _delete(studio: Studio, actor: Actor, pid: str, gone: list[Split]) -> None:
    """While no run can begin to use it, see `runs`."""
    folder = studio.workspace.project(pid)
    names = {split.id: split.name for split in gone}
    for document in documents(folder):
        used = names.get(str(document.config.get("split")))
        if document.active and used is not None:
            what = "this split" if len(gone) == 1 else used
            raise Conflict(f"{document.name} is training on {what}.", "Stop it first, or wait.")
    fold = gone[0].fold
    title = f"{fold.given}, {len(gone)} folds" if fold and len(gone) > 1 else gone[0].name
    split_trash.discard(folder, list(names), title)
    studio.record(actor, "delete split", ", ".join(names))


def fold_set(studio: Studio, pid: str, sid: str) -> list[Split]:
    """The folds that were made together with a split and are still there, by number; itself, if it is no fold."""
    split = get(studio, pid, sid)
    own = split.fold
    if own is None:
        return [split]
    folds = ((other.fold, other) for other in all_splits(studio, pid) if other.dataset_version == split.dataset_version)
    alike = ((fold, other) for fold, other in folds if fold and (fold.given, fold.of) == (own.given, own.of))
    return [other for _, other in sorted(alike, key=lambda pair: pair[0].number)]


def users(studio: Studio, pid: str, *sids: str) -> list[Experiment]:
    """The experiments that use any of these splits, by name."""
    found = documents(studio.workspace.project(pid))
    return sorted((one for one in found if one.config.get("split") in sids), key=lambda one: one.name)


def documents(folder: ProjectFolder) -> Iterator[Experiment]:
    """The experiments that can be read."""
    for experiment in folder.experiments():
        with contextlib.suppress(Damaged, NotFound):
            yield experiment.read()


def _dataset(studio: Studio, pid: str) -> DatasetFolder:
    dataset = studio.workspace.project(pid).dataset()
    if dataset is None:
        raise BadInput("There are no images to split.", "Import images on the Data page first.")
    return dataset
