"""The Studio: everything that rules need, built once and handed down."""

import logging
from dataclasses import dataclass
from pathlib import Path

from aistudio.jobs.console import ConsoleReader
from aistudio.jobs.devices import DeviceSource, Nvml
from aistudio.jobs.feed import Feed
from aistudio.jobs.janitor import Janitor
from aistudio.jobs.launchers.base import Launcher
from aistudio.jobs.launchers.local import Local
from aistudio.jobs.load import LoadMeter
from aistudio.jobs.manager import Manager
from aistudio.jobs.pressure import Patience
from aistudio.jobs.previewer import Previewer, PreviewLimits
from aistudio.jobs.readers import Readers
from aistudio.jobs.renderer import Renderer
from aistudio.jobs.system import SystemReader
from aistudio.settings import Settings
from aistudio.store.workspace import Workspace

log = logging.getLogger("aistudio")


@dataclass(frozen=True)
class Actor:
    """Who asks: `origin` is page, rest or cli."""

    name: str = "owner"
    role: str = "edit"
    origin: str = "page"


class Studio:
    """Holds the workspace's lock from `open` to `close`."""

    def __init__(
        self,
        settings: Settings,
        launcher: Launcher | None = None,
        devices: DeviceSource | None = None,
        patience: Patience | None = None,
        device_leases: Path | None = None,
        preview_limits: PreviewLimits | None = None,
    ) -> None:
        """`device_leases`: the folder in which servers of this machine agree on GPUs."""
        self.settings = settings
        self.workspace = Workspace(settings.workspace)
        self.devices = devices or Nvml()
        self.manager = Manager(
            self.workspace, launcher or Local(), self.devices, patience, device_leases, settings.cpu_runs
        )
        self.feed = Feed(self.manager)
        self.load = LoadMeter(self.devices)
        self.system = Readers(SystemReader, kept=32)
        self.console = Readers(ConsoleReader, kept=8)
        self.previewer = Previewer(self.workspace.previews, preview_limits)
        self.renderer = Renderer(self.workspace.renditions)
        self._janitor = Janitor(self.workspace.trash.expire, self.manager.expire_imports)

    def open(self, holder: str) -> "Studio":
        """`holder` is what a second process is told. Raises WorkspaceLocked."""
        self.workspace.lock(holder)
        self.manager.start()
        self._janitor.start()
        return self

    def close(self) -> None:
        self._janitor.close()
        self.previewer.close()
        self.renderer.close()
        self.manager.close(self.settings.stop_workers_on_exit)
        self.workspace.unlock()

    def record(self, actor: Actor, action: str, thing: str) -> None:
        """Notes who did what."""
        log.info("%s (%s): %s %s", actor.name, actor.origin, action, thing)
