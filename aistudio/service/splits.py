"""Splits: which images are for training, validation and test."""

import contextlib
from collections.abc import Iterator, Mapping

from aistudio.errors import BadInput, Conflict, Damaged, NotFound
from aistudio.schema.experiment import Experiment
from aistudio.schema.project import Split, SplitPlan, SplitRequest, Subset
from aistudio.service.stratify import stratify
from aistudio.store.dataset import DatasetFolder
from aistudio.store.experiments import now
from aistudio.store.workspace import ProjectFolder, new_id
from aistudio.studio import Actor, Studio


def preview(studio: Studio, pid: str, plan: SplitPlan) -> Split:
    """What `create` would make; nothing is stored."""
    return _plan(_dataset(studio, pid), plan, "", "")[0]


def create(studio: Studio, actor: Actor, pid: str, request: SplitRequest) -> Split:
    """Raises BadInput without images or with an empty part, Conflict if the name is taken."""
    splits = studio.workspace.project(pid).splits
    split, members = _plan(_dataset(studio, pid), request, new_id(), request.name)
    with studio.workspace.guard(f"splits:{pid}"):
        if any(other.name == request.name for other in splits.all()):
            raise Conflict(f"There is a split named {request.name!r} already.", "Choose another name.")
        splits.add(split, members)
    studio.record(actor, "create split", split.id)
    return split


def all_splits(studio: Studio, pid: str) -> list[Split]:
    """Oldest first."""
    return studio.workspace.project(pid).splits.all()


def get(studio: Studio, pid: str, sid: str) -> Split:
    return studio.workspace.project(pid).splits.get(sid)


def delete(studio: Studio, actor: Actor, pid: str, sid: str) -> None:
    """Raises Conflict while a run uses it."""
    folder = studio.workspace.project(pid)
    for document in _documents(folder):
        if document.active and document.config.get("split") == sid:
            raise Conflict(f"{document.name} is training on this split.", "Stop it first, or wait.")
    folder.splits.delete(sid)
    studio.record(actor, "delete split", sid)


def users(studio: Studio, pid: str, sid: str) -> list[str]:
    """Names of the experiments that use a split."""
    documents = _documents(studio.workspace.project(pid))
    return sorted(document.name for document in documents if document.config.get("split") == sid)


def _documents(folder: ProjectFolder) -> Iterator[Experiment]:
    """The experiments that can be read."""
    for experiment in folder.experiments():
        with contextlib.suppress(Damaged, NotFound):
            yield experiment.read()


def _dataset(studio: Studio, pid: str) -> DatasetFolder:
    dataset = studio.workspace.project(pid).dataset()
    if dataset is None:
        raise BadInput("There are no images to split.", "Import images on the Data page first.")
    return dataset


def _plan(dataset: DatasetFolder, plan: SplitPlan, sid: str, name: str) -> tuple[Split, dict[int, Subset]]:
    labels = dataset.labels()
    members = stratify(labels, plan.ratios, plan.seed)
    counts = _counts(dataset.classes(), labels, members)
    split = Split(
        id=sid,
        name=name,
        dataset_version=dataset.version,
        seed=plan.seed,
        ratios=plan.ratios,
        counts=counts,
        created_at=now(),
    )
    needed: tuple[tuple[Subset, str], ...] = (("train", "Training"), ("val", "Validation"))
    for subset, title in needed:
        if not any(count[subset] for count in counts.values()):
            raise BadInput(
                f"{title} would be empty with {len(labels)} images in {len(counts)} classes.", "Give it a larger share."
            )
    return split, members


def _counts(
    classes: list[str], labels: Mapping[int, int], members: Mapping[int, Subset]
) -> dict[str, dict[Subset, int]]:
    counts: dict[str, dict[Subset, int]] = {name: {"train": 0, "val": 0, "test": 0} for name in classes}
    for image, subset in members.items():
        counts[classes[labels[image]]][subset] += 1
    return counts
