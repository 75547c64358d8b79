"""What is checked when Train is pressed, so that a run which cannot succeed is refused with the reason, and a fix."""

import shutil
from dataclasses import dataclass, field

from aistudio.catalog import backbones
from aistudio.errors import FieldError, Fix, InvalidConfig, NotFound, PreflightFailed
from aistudio.schema.device import Device
from aistudio.schema.optimizer import SGD
from aistudio.schema.split import Split
from aistudio.service.hardware import precisions
from aistudio.service.order import wrong_order
from aistudio.service.sizes import wrong_sizes
from aistudio.service.weights import folder_words, origin
from aistudio.store.dataset import DatasetFolder
from aistudio.store.workspace import ProjectFolder
from aistudio.studio import Studio
from aistudio.tasks.base import TaskConfig

CHECKPOINTS = 3  # last, prev, and best or the one that is being written
BYTES = 4  # of a number: mixed precision too keeps the weights in full
SPARE_BYTES = 256 * 2**20
UNKNOWN_PARAMS = 50e6


@dataclass(frozen=True)
class Checked:
    """The data set that the run will use, and what the user should know although it does not forbid the run."""

    dataset: DatasetFolder
    fingerprint: str
    warnings: list[str] = field(default_factory=list)


def check(studio: Studio, project: ProjectFolder, config: TaskConfig, goes_on: bool = False) -> Checked:
    """Raises InvalidConfig or PreflightFailed. A run that `goes_on` has its weights."""
    split = _split(project, config)
    dataset, fingerprint = _dataset(project, split)
    _batch(split, config)
    if not goes_on:
        _weights(studio, config)
    _lists(config)
    _memory(studio, config, _devices(studio, config))
    _disk(studio, config)
    return Checked(dataset, fingerprint, _warnings(split))


def _split(project: ProjectFolder, config: TaskConfig) -> Split:
    if project.dataset() is None:
        raise PreflightFailed("The project has no images.", "Import images on the Data page first.")
    known = project.splits.all()
    fix = Fix(f"Use the split {known[-1].name}", {"split": known[-1].id}) if known else None
    if config.split is None:
        missing = "" if known else " There is none yet: make one on the Split page."
        raise InvalidConfig([FieldError("split", "Split", f"choose one.{missing}", fix)])
    try:
        return project.splits.get(config.split)
    except NotFound:
        raise InvalidConfig([FieldError("split", "Split", "was deleted, choose another one.", fix)]) from None


def _dataset(project: ProjectFolder, split: Split) -> tuple[DatasetFolder, str]:
    gone = PreflightFailed(
        f"The data set of the split {split.name!r} is gone.", "Import the images and make a new split."
    )
    dataset = project.dataset(split.dataset_version)
    if dataset is None:
        raise gone
    try:
        fingerprint = dataset.fingerprint()
        strangers = dataset.unknown_labels()
    except NotFound:
        raise gone from None
    if strangers:
        raise PreflightFailed(
            f"{strangers} images have a label that is not one of the classes.", "Import the data set again."
        )
    return dataset, fingerprint


def _warnings(split: Split) -> list[str]:
    empty = [name for name, counts in split.counts.items() if not counts.get("val")]
    if not empty:
        return []
    shown = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
    return [f"No validation images of {shown}: the metrics say nothing about that."]


def _batch(split: Split, config: TaskConfig) -> None:
    images = split.size("train")
    share = max(len(config.hardware.gpus), 1)
    if config.training.batch_size * share > images:
        each = f" on each of {share} GPUs" if share > 1 else ""
        message = f"{config.training.batch_size}{each} is more than the {images} training images of the split"
        most = images // share
        fix = Fix(f"Use a batch size of {most}", {"training.batch_size": most}) if most else None
        raise InvalidConfig(
            [FieldError("training.batch_size", "Batch Size", f"{message}; choose at most {most}.", fix)]
        )


def _weights(studio: Studio, config: TaskConfig) -> None:
    """Only where there is no way to them; whether the hub answers is seen by the run."""
    model = config.model_dump().get("model", {})
    found = origin(studio, str(model.get("backbone"))) if model.get("pretrained") else None
    if found is not None and found.place == "nowhere":
        raise PreflightFailed(
            f"The trained weights are not on this machine, {found.why}.",
            f"Put {found.file} into {folder_words(studio)}, or switch Pretrained off.",
            Fix("Train without pretrained weights", {"model.pretrained": False}),
        )


def _lists(config: TaskConfig) -> None:
    if wrong := [*wrong_order(config), *wrong_sizes(config)]:
        raise InvalidConfig(wrong)


def _devices(studio: Studio, config: TaskConfig) -> list[Device]:
    """Those that the run will use."""
    present = {device.id: device for device in studio.devices.devices()}
    missing = [device for device in config.hardware.used if device not in present]
    if missing:
        other = next((device for device in present if device != "cpu"), "cpu")
        message = f"{', '.join(missing)} is not on this machine, choose from {', '.join(present)}."
        fix = Fix(f"Train on {other}", {"hardware.devices": [other]})
        raise InvalidConfig([FieldError("hardware.devices", "Device", message, fix)])
    reason = precisions(present, config.hardware.used)[config.hardware.precision]
    if reason:
        raise InvalidConfig(
            [
                FieldError(
                    "hardware.precision", "Precision", reason, Fix("Use precision 32", {"hardware.precision": "32"})
                )
            ]
        )
    return [present[device] for device in config.hardware.used]


def _memory(studio: Studio, config: TaskConfig, chosen: list[Device]) -> None:
    """The least that the network alone takes. A device that a run of ours holds is free when this one's turn comes."""
    needed = (BYTES + _bytes_of_learning(config)) * _params(config, 0)
    busy = studio.manager.busy_devices()
    for device in chosen:
        if device.id not in busy and device.memory_free < needed:
            free = [one.id for one in studio.devices.devices() if one.id != "cpu" and one.memory_free > 2 * needed]
            raise PreflightFailed(
                f"{device.name} has {device.memory_free / 2**30:.1f} GB free; the network alone needs "
                f"{needed / 2**30:.1f} GB.",
                "Choose another device or a smaller Architecture, or end what else uses it.",
                Fix(f"Train on {free[0]}", {"hardware.devices": free[:1]}) if free else None,
            )


def _disk(studio: Studio, config: TaskConfig) -> None:
    free = shutil.disk_usage(studio.workspace.root).free
    needed = CHECKPOINTS * (BYTES + _bytes_of_state(config)) * _params(config, UNKNOWN_PARAMS) + SPARE_BYTES
    if free < needed:
        raise PreflightFailed(
            f"Only {free / 2**30:.1f} GB are free on the disk of the workspace; checkpoints need about "
            f"{needed / 2**30:.1f} GB.",
            "Delete what is no longer needed.",
        )


def _bytes_of_learning(config: TaskConfig) -> int:
    """Of each parameter: its gradient and what the optimizer remembers. A frozen backbone has neither."""
    return 0 if _is_frozen(config) else BYTES + _bytes_of_state(config)


def _bytes_of_state(config: TaskConfig) -> int:
    """Of each parameter: two numbers of Adam, one of momentum."""
    if _is_frozen(config):
        return 0
    if isinstance(config.optimizer, SGD):
        return BYTES if config.optimizer.momentum else 0
    return 2 * BYTES


def _is_frozen(config: TaskConfig) -> bool:
    return bool(config.model_dump().get("model", {}).get("freeze_backbone"))


def _params(config: TaskConfig, unknown: float) -> float:
    """Numbers in the network, where the catalog knows."""
    found = backbones.find(str(config.model_dump().get("model", {}).get("backbone")))
    return found.params * 1e6 if found else unknown
