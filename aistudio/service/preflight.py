"""What is checked when Train is pressed, so that a run which cannot succeed is refused with the reason."""

import shutil

from aistudio.errors import FieldError, InvalidConfig, NotFound, PreflightFailed
from aistudio.schema.project import Split
from aistudio.store.dataset import DatasetFolder
from aistudio.store.workspace import ProjectFolder
from aistudio.studio import Studio
from aistudio.tasks.base import TaskConfig

FREE_BYTES = 2 * 2**30


def check(studio: Studio, project: ProjectFolder, config: TaskConfig) -> DatasetFolder:
    """The data set that the run will use. Raises InvalidConfig or PreflightFailed."""
    split = _split(project, config)
    dataset = project.dataset(split.dataset_version)
    if dataset is None:
        raise PreflightFailed(
            f"The data set of the split {split.name!r} is gone.", "Import the images and make a new split."
        )
    _batch(split, config)
    _devices(studio, config)
    _disk(studio)
    return dataset


def _split(project: ProjectFolder, config: TaskConfig) -> Split:
    if project.dataset() is None:
        raise PreflightFailed("The project has no images.", "Import images on the Data page first.")
    if config.split is None:
        missing = "" if project.splits.all() else " There is none yet: make one on the Split page."
        raise InvalidConfig([FieldError("split", "Split", f"choose one.{missing}")])
    try:
        return project.splits.get(config.split)
    except NotFound:
        raise InvalidConfig([FieldError("split", "Split", "was deleted, choose another one.")]) from None


def _batch(split: Split, config: TaskConfig) -> None:
    images = split.size("train")
    share = max(len(config.hardware.gpus), 1)
    if config.training.batch_size * share > images:
        each = f" on each of {share} GPUs" if share > 1 else ""
        message = f"{config.training.batch_size}{each} is more than the {images} training images of the split"
        raise InvalidConfig(
            [FieldError("training.batch_size", "Batch Size", f"{message}; choose at most {images // share}.")]
        )


def _devices(studio: Studio, config: TaskConfig) -> None:
    present = [device.id for device in studio.devices.devices()]
    missing = [device for device in config.hardware.used if device not in present]
    if missing:
        raise InvalidConfig(
            [
                FieldError(
                    "hardware.devices",
                    "Device",
                    f"{', '.join(missing)} is not on this machine, choose from {', '.join(present)}.",
                )
            ]
        )


def _disk(studio: Studio) -> None:
    free = shutil.disk_usage(studio.workspace.root).free
    if free < FREE_BYTES:
        raise PreflightFailed(
            f"Only {free / 2**30:.1f} GB are free on the disk of the workspace; checkpoints need about 2 GB.",
            "Delete what is no longer needed.",
        )
