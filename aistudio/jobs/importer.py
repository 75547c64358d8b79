"""All imports under way: started, taken up after a restart of the server, followed to their end."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

from aistudio.errors import DiskFull, NotFound
from aistudio.jobs.imports import ImportWatch
from aistudio.jobs.launchers.base import Launcher
from aistudio.jobs.pressure import Patience, end_group
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import UNDER_WAY
from aistudio.store.job_folder import JobFolder
from aistudio.store.process import identity
from aistudio.store.trash import DAYS
from aistudio.store.workspace import Workspace, remove_tree


class Importer:
    """`look` at each watch in turn; `unfinished` are those that an earlier server left."""

    def __init__(self, workspace: Workspace, launcher: Launcher, patience: Patience) -> None:
        self._workspace = workspace
        self._launcher = launcher
        self._patience = patience
        self._watches: dict[str, ImportWatch] = {}

    def unfinished(self) -> list[JobFolder]:
        jobs = [JobFolder(path) for path in sorted(self._workspace.staging.glob("*"))]
        return [job for job in jobs if (job.path / "request.json").exists() and not job.outcome.exists()]

    def start(self, job: JobFolder, request: ImportJobRequest) -> ImportWatch:
        """Raises OSError or DiskFull; then nothing runs."""
        job.write_request(request)
        worker = identity(0, self._launcher.launch(job.path, {"CUDA_VISIBLE_DEVICES": ""}).pid)
        try:
            job.write_launched(worker)
        except (OSError, DiskFull):
            end_group(worker)
            raise
        watch = ImportWatch(self._workspace, job, request, self._patience)
        self._watches[job.path.name] = watch
        return watch

    def watch(self, job: JobFolder) -> ImportWatch:
        """Raises NotFound."""
        name = job.path.name
        if name not in self._watches:
            self.take_up(job)
        return self._watches[name]

    def take_up(self, job: JobFolder) -> None:
        try:
            request = job.request()
        except FileNotFoundError:
            raise NotFound(f"There is no import {job.path.name!r}.") from None
        assert isinstance(request, ImportJobRequest)
        watch = ImportWatch(self._workspace, job, request, self._patience)
        watch.follow()
        self._watches.setdefault(job.path.name, watch)  # one that is being started is looked at by one alone

    def is_importing(self, project: str) -> bool:
        mine = [watch for watch in list(self._watches.values()) if watch.request.project == project]
        return any(watch.view().status in UNDER_WAY for watch in mine)

    def expire(self, at: datetime) -> None:
        """Removes what is left of imports that ended a week before; their data sets have all that is to be known."""
        for job in self._workspace.import_jobs():
            with contextlib.suppress(FileNotFoundError):
                ended = job.outcome.stat().st_mtime
                if ended <= (at - timedelta(days=DAYS)).timestamp():
                    self._watches.pop(job.path.name, None)
                    remove_tree(job.path)

    def look(self, changed: Callable[[str], None]) -> list[Callable[[], None]]:
        """One step for each import; `changed` is told the project of one that went on."""

        def step(watch: ImportWatch) -> None:
            if watch.look():
                changed(watch.request.project)

        return [lambda watch=watch: step(watch) for watch in list(self._watches.values())]  # type: ignore[misc]
