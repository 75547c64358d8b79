"""What the form offers now: the entries of its menus, and the defaults that its fields can be reset to."""

import asyncio
from typing import TYPE_CHECKING, Any

from nicegui import background_tasks

from aistudio.schema.experiment import Experiment
from aistudio.service import experiments
from aistudio.ui.fields import Menu
from aistudio.ui.form import Form
from pages.training import menus

if TYPE_CHECKING:
    from pages.training.page import TrainingPage


class Offered:
    def __init__(self, page: "TrainingPage") -> None:
        self._page = page
        self.devices: menus.Devices = {}
        self.menus: dict[str, Menu] = {}
        self.defaults: dict[str, Any] = {}

    async def gather(self, experiment: Experiment, form: Form | None) -> None:
        """Devices known from before are good enough to begin with; the form is told when they have been asked."""
        studio, pid = self._page.studio, self._page.project.id
        known = bool(self.devices)
        if not known:
            self.devices = await asyncio.to_thread(menus.devices_of, studio)
        self.menus, self.defaults = await asyncio.to_thread(
            lambda: (
                menus.menus(studio, pid, self.devices, experiment.config),
                experiments.default_config(studio, pid, list(self.devices), experiment.config.get("split")),
            )
        )
        if known and form is not None:
            background_tasks.create(self._look_at_devices(form), name="devices")

    async def _look_at_devices(self, form: Form) -> None:
        """The driver takes a moment to answer, and their free memory changes all the time."""
        self.devices = await asyncio.to_thread(menus.devices_of, self._page.studio)
        if not self._page.gone:
            form.offer("devices", menus.devices_menu(self.devices))

    def deleted_split(self, config: dict[str, Any]) -> str:
        """The name of the one that the config has chosen, where it is gone."""
        option = self.menus["splits"].options.get(str(config.get("split"))) if "splits" in self.menus else None
        return option.label if option is not None and option.disabled else ""
