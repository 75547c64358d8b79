"""The workspace: a folder with everything in it, written by one process at a time."""

import os
import re
import secrets
import shutil
import socket
from collections import defaultdict
from pathlib import Path
from threading import Lock, RLock

import orjson
from pydantic import ValidationError

from aistudio.errors import BadInput, Damaged, NotFound, WorkspaceLocked
from aistudio.schema.project import Project
from aistudio.store import fresh, split_trash, upload
from aistudio.store.atomic import make_folder, move, read_json, remove_stubs, remove_unfinished, sync_folder, write_json
from aistudio.store.dataset import DatasetFolder
from aistudio.store.experiments import Cache, ExperimentFolder, now
from aistudio.store.job_folder import JobFolder
from aistudio.store.lease import Lease
from aistudio.store.previews import Previews
from aistudio.store.renditions import Renditions
from aistudio.store.splits import SplitFile
from aistudio.store.trash import Trash

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def new_id() -> str:
    return secrets.token_hex(4)


class Workspace:
    """`lock` it before the first write; reading needs no lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.trash = Trash(root)
        self.staging = root / ".staging"
        self.previews = Previews(root / ".cache" / "previews")
        self.renditions = Renditions(root / ".cache" / "renditions")
        self._projects = root / "projects"
        self._lease: Lease | None = None
        self._locks: defaultdict[str, RLock] = defaultdict(RLock)
        self._locks_lock = Lock()
        self.documents: Cache = {}

    def lock(self, holder: str) -> None:
        """Takes the workspace for this process; `holder` is what a second one is told. Raises WorkspaceLocked."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise BadInput(
                f"The workspace {self.root} is not a folder.", "Choose another one with --workspace."
            ) from None
        path = self.root / "workspace.lock"
        try:
            self._lease = Lease.acquire(path, patience=0.5)
        except OSError as error:
            raise BadInput(
                f"The workspace {self.root} cannot be written: {error.strerror}.",
                "Give the user that runs AI Studio permission to write it, or choose another one with --workspace.",
            ) from error
        if self._lease is None:
            raise WorkspaceLocked(
                f"The workspace {self.root} is in use by {held_by(path)}.",
                "Use that one, stop it, or choose another folder with --workspace.",
            )
        self._lease.write(
            orjson.dumps({"holder": holder, "pid": os.getpid(), "host": socket.gethostname(), "since": now()})
        )
        self.trash.tidy()
        fresh.finish(self.root, self.staging)
        upload.tidy(self.staging)
        remove_stubs(self.staging)
        remove_stubs(self._projects)
        for project in self.projects():
            project.remove_unfinished()
            split_trash.take_back(project)

    def unlock(self) -> None:
        if self._lease is not None:
            self._lease.write(b"")
            self._lease.release()
            self._lease = None

    def guard(self, name: str) -> RLock:
        """The one lock of this process for a thing, by its name."""
        with self._locks_lock:
            return self._locks[name]

    def create_project(self, project: Project) -> "ProjectFolder":
        folder = ProjectFolder(self, self._projects / project.id)
        make_folder(folder.path.parent)
        folder.path.mkdir()
        folder.write(project)
        sync_folder(folder.path.parent)
        return folder

    def projects(self) -> list["ProjectFolder"]:
        if not self._projects.is_dir():
            return []
        folders = sorted(path for path in self._projects.iterdir() if _ID.fullmatch(path.name))
        return [ProjectFolder(self, path) for path in folders if (path / "project.json").exists()]

    def project(self, pid: str) -> "ProjectFolder":
        path = self._projects / pid
        if not _ID.fullmatch(pid) or not (path / "project.json").exists():
            raise NotFound(f"There is no project {pid!r}.")
        return ProjectFolder(self, path)

    def import_job(self, iid: str) -> JobFolder:
        if not _ID.fullmatch(iid):
            raise NotFound(f"There is no import {iid!r}.")
        return JobFolder(self.staging / iid)

    def import_jobs(self) -> list[JobFolder]:
        """Those under way and those that ended."""
        return [JobFolder(path.parent) for path in self.staging.glob("*/request.json")]


class ProjectFolder:
    def __init__(self, workspace: Workspace, path: Path) -> None:
        self.workspace = workspace
        self.path = path
        self.splits = SplitFile(path / "splits.sqlite")
        self._experiments = path / "experiments"
        self._datasets = path / "dataset"

    @property
    def id(self) -> str:
        return self.path.name

    def read(self) -> Project:
        try:
            return Project.model_validate(read_json(self.path / "project.json"))
        except ValidationError as error:
            raise Damaged(f"project.json of {self.id} is damaged: {error.errors()[0]['msg']}.") from error

    def write(self, project: Project) -> None:
        write_json(
            self.path / "project.json", project.model_dump(mode="json", exclude={"images", "experiments", "damage"})
        )

    def dataset(self, version: int | None = None) -> DatasetFolder | None:
        """That version, or the newest; None if there is none."""
        versions = self.versions()
        if version is None and versions:
            version = versions[-1]
        return DatasetFolder(self._datasets / str(version)) if version in versions else None

    def adopt_dataset(self, staged: Path) -> DatasetFolder:
        """Moves a complete staged data set into place as the next version, in one step."""
        with self.workspace.guard(f"dataset:{self.id}"):
            make_folder(self._datasets)
            target = self._datasets / str(max(self.versions(), default=0) + 1)
            move(staged, target)
            return DatasetFolder(target)

    def versions(self) -> list[int]:
        """Of the data set, oldest first."""
        if not self._datasets.is_dir():
            return []
        return sorted(int(path.name) for path in self._datasets.iterdir() if path.name.isdigit())

    def remove_unfinished(self) -> None:
        """Deletes what a killed server left of documents that it was writing."""
        remove_unfinished(self.path)
        remove_unfinished(self.path / split_trash.FOLDER)
        remove_stubs(self._experiments)
        for experiment in self.experiments():
            remove_unfinished(experiment.path)
            if not experiment.is_active():  # else a worker may be writing there
                experiment.tidy()

    def experiments(self) -> list[ExperimentFolder]:
        if not self._experiments.is_dir():
            return []
        folders = sorted(path for path in self._experiments.iterdir() if _ID.fullmatch(path.name))
        return [self._experiment(path) for path in folders if (path / "experiment.json").exists()]

    def experiment(self, eid: str) -> ExperimentFolder:
        """Raises NotFound unless it exists."""
        path = self._experiments / eid
        if not _ID.fullmatch(eid) or not path.is_dir():
            raise NotFound(f"There is no experiment {eid!r}.")
        return self._experiment(path)

    def new_experiment(self, eid: str) -> ExperimentFolder:
        return self._experiment(self._experiments / eid)

    def _experiment(self, path: Path) -> ExperimentFolder:
        return ExperimentFolder(path, self.workspace.guard(f"experiment:{path}"), self.workspace.documents)


def remove_tree(path: Path) -> None:
    """Deletes what is no longer anybody's: staged files of an import that did not finish."""
    shutil.rmtree(path, ignore_errors=True)


def held_by(path: Path) -> str:
    """Who has the workspace, in words."""
    try:
        note = orjson.loads(path.read_bytes())
        return f"{note['holder']} (process {note['pid']} on {note['host']})"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "another process"
