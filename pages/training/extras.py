"""What stands in the form beside its fields: advice, the learning rate as a curve, the effective batch size."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from aistudio.catalog.backbones import find, split, suggestions
from aistudio.errors import FieldError
from aistudio.schema.advice import Advice, advice
from aistudio.schema.project import Project
from aistudio.schema.training import Hardware, Training, effective_batch_size
from aistudio.service.sizes import wrong_sizes
from aistudio.studio import Studio
from aistudio.tasks.base import TaskConfig
from aistudio.ui.form import Form
from aistudio.ui.words import sentence
from pages.training import menus
from pages.training.preview import warm_when_near
from pages.training.rate import RatePreview
from pages.training.weights import WeightsLine


class Extras:
    def __init__(self, studio: Studio, project: Project, form: Form) -> None:
        self._studio = studio
        self._project = project
        self._form = form
        self._advice: dict[str, ui.column] = {}
        self._rate: RatePreview | None = None
        self._batch: ui.label | None = None
        self._weights: WeightsLine | None = None

    def add_to(self, section: str) -> None:
        """What belongs below the fields of that section."""
        if section == "model":
            self._weights = WeightsLine(self._studio)
        if section == "scheduler":
            self._rate = RatePreview(self._studio, self._project)
        if section == "augmentations":
            warm_when_near(self._studio, ui.context.slot.parent)
        if section == "hardware":
            self._batch = ui.label().classes("muted numbers")
        self._advice[section] = ui.column().classes("w-full gap-1 advice").props("role=status")
        self._advice[section].set_visibility(False)

    def update(
        self, config: TaskConfig | None, errors: Sequence[FieldError], devices: menus.Devices, begun: bool
    ) -> None:
        """`config` is None while something is wrong. `begun`: a run has got its weights, or is about to."""
        if self._rate is not None:
            self._rate.draw(self._form.value)
        if self._batch is not None:
            self._batch.set_text(_batch(self._form.value, errors))
        if self._weights is not None:
            self._weights.show(None if begun else _backbone(self._form.value, errors))
        self._form.offer("precisions", menus.precisions(devices, self._form.value))
        self._advise(config)

    def _advise(self, config: TaskConfig | None) -> None:
        found = _advice(config) if config else []
        for section, box in self._advice.items():
            box.clear()
            mine = [one.message for one in found if one.section == section]
            box.set_visibility(bool(mine))
            with box:
                for message in mine:
                    ui.label(message)


def _backbone(config: Mapping[str, Any], errors: Sequence[FieldError]) -> str | None:
    """Whose trained weights are wanted."""
    model = config["model"]
    wrong = any(error.path.startswith("model") for error in errors)
    return None if wrong or not model.get("pretrained") else str(model["backbone"])


def _advice(config: TaskConfig) -> list[Advice]:
    """What Train would refuse comes last, beside the list that is to be changed."""
    wrong = (sentence(error.message) for error in wrong_sizes(config))
    model = getattr(config, "model", None)  # not every task has one
    return [
        *(Advice("model", message) for message in _unlisted(getattr(model, "backbone", None))),
        *advice(config.training, config.optimizer, config.scheduler, config.augmentations, model),
        *(Advice("augmentations", message) for message in wrong),
    ]


def _unlisted(name: str | None) -> list[str]:
    """Any name may be typed, so what was only begun to be searched for would be taken for one."""
    if name is None or find(split(name)[0]) is not None:
        return []
    near = suggestions(name)
    looks = f" Near names: {', '.join(near)}." if near else ""
    return [f"{name} is not in the list: whether there is such a network shows once the run starts.{looks}"]


def _batch(config: Mapping[str, Any], errors: Sequence[FieldError]) -> str:
    if any(error.path.startswith(("training", "hardware")) for error in errors):
        return "Effective batch size: –"
    training, hardware = Training.model_validate(config["training"]), Hardware.model_validate(config["hardware"])
    return effective_batch_size(training, hardware)
