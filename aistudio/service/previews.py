"""Previews of an augmentation list: what it does to the project's own images, step by step."""

import random
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aistudio import tasks
from aistudio.errors import BadInput, FieldError, InvalidConfig, Mismatch, NotFound
from aistudio.schema.events import PreviewJobRequest, PreviewSource
from aistudio.schema.explain import invalid
from aistudio.schema.preview import MOST_IMAGES, Preview, PreviewRequest
from aistudio.store import split_trash
from aistudio.store.dataset import DatasetFolder
from aistudio.store.workspace import ProjectFolder
from aistudio.studio import Studio
from aistudio.tasks.base import Task


def preview(
    studio: Studio,
    pid: str,
    request: PreviewRequest,
    *,
    page: str | None = None,
    shown: Callable[[Preview], None] | None = None,
) -> Preview:
    """Waits for the pictures; the same request again is answered at once.

    A newer call of the same `page` takes the place of one that has not begun, which raises Superseded. `shown` is
    called from this thread with what there is after each image, unless all was there already.
    Raises InvalidConfig or BadInput for transforms that cannot work, NotFound, WorkerLost and StartFailed.
    """
    folder = studio.workspace.project(pid)
    job = _job(studio, folder, request)
    try:
        return studio.previewer.render(job, page, shown)
    except Mismatch as error:
        raise BadInput(error.message, error.advice) from error


def warm(studio: Studio) -> None:
    """Starts the worker if need be, without waiting: call it when a preview is likely to be asked for."""
    studio.previewer.warm()


def picture(studio: Studio, pid: str, preview_id: str, name: str) -> Path:
    """A picture file of a preview of this project. Raises NotFound, also when the cache was emptied."""
    folder = studio.workspace.previews.get(preview_id)
    if folder.project() != studio.workspace.project(pid).id:
        raise NotFound(f"There is no preview {preview_id!r}.", "Ask for it again.")
    return folder.picture(name)


def _job(studio: Studio, folder: ProjectFolder, request: PreviewRequest) -> PreviewJobRequest:
    task = tasks.task(folder.read().task)
    transforms = _checked(task, request)
    dataset = _dataset(folder, request)
    return PreviewJobRequest(
        project=folder.id,
        task=task.key,
        version=dataset.version,
        images=[_source(dataset, number) for number in request.images or _chosen(folder, dataset, request)],
        pipeline=request.pipeline,
        transforms=transforms,
        backbone=request.backbone,
        pretrained=request.pretrained,
        weights_dir=str(studio.settings.weights_dir) if studio.settings.weights_dir else None,
        seed=request.seed,
        epoch=request.epoch - 1 if request.pipeline == "train" else 0,  # validation draws the same in every epoch
    )


def _checked(task: Task, request: PreviewRequest) -> list[dict[str, Any]]:
    """The transforms with their defaults filled in. Raises InvalidConfig, which names them by their place."""
    try:
        made = task.augmentations.model_validate({request.pipeline: request.transforms})
    except ValidationError as error:
        raise InvalidConfig([_placed(one, request) for one in invalid(task.augmentations, error).fields]) from None
    return [dict(transform) for transform in made.model_dump(mode="json")[request.pipeline]]


def _placed(error: FieldError, request: PreviewRequest) -> FieldError:
    """`train.2.p` of the config is `transforms.2.p` here, and the third transform for people."""
    _, *rest = error.path.split(".")
    if not rest:
        return FieldError("transforms", "Augmentations", error.message)
    kind = str(request.transforms[int(rest[0])].get("kind", "of no kind")).encode(errors="replace").decode()
    where = f"Transform {int(rest[0]) + 1} ({kind})"
    title = f"{where}, {error.title}" if len(rest) > 1 else where
    return FieldError(".".join(["transforms", *rest]), title, error.message)


def _dataset(folder: ProjectFolder, request: PreviewRequest) -> DatasetFolder:
    """The version that the split is of, or the newest."""
    try:
        version = folder.splits.get(request.split).dataset_version if request.split else None
    except NotFound:
        name = split_trash.deleted(folder).get(request.split or "")
        if name is None:
            raise
        raise NotFound(f"The split {name} was deleted.", "Choose another one, or restore it from the trash.") from None
    dataset = folder.dataset(version)
    if dataset is None:
        raise BadInput("There are no images to show.", "Import images on the Data page first.")
    return dataset


def _source(dataset: DatasetFolder, number: int) -> PreviewSource:
    record, _ = dataset.image(number)
    return PreviewSource(id=record.id, name=record.name, label=record.label, path=str(dataset.original(number)))


def _chosen(folder: ProjectFolder, dataset: DatasetFolder, request: PreviewRequest) -> list[int]:
    labels = dataset.labels()
    members = folder.splits.members(request.split)[request.pipeline] if request.split else labels
    if not members:
        raise BadInput("The split has no images for this pipeline.", "Choose or create another split.")
    return choose(labels, members, request.count, request.seed)


def choose(labels: Mapping[int, int], members: Iterable[int], count: int, seed: int) -> list[int]:
    """So many of the members, as many classes as possible before one comes again; the same for the same seed.

    Asked for more of them, those that are seen already stay, and others come after them.
    """
    dice, most = random.Random(seed), max(count, MOST_IMAGES)
    by_class: dict[int, list[int]] = {}
    for number in sorted(members):
        by_class.setdefault(labels[number], []).append(number)
    piles = [dice.sample(by_class[label], min(most, len(by_class[label]))) for label in sorted(by_class)]
    dice.shuffle(piles)
    rounds = chain.from_iterable(zip_longest(*piles))
    return [number for number in rounds if number is not None][:count]
