"""`aistudio doctor`: looks at the installation and the workspace, changes nothing, and says what to do."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

import orjson
from packaging.requirements import Requirement

from aistudio.errors import AIStudioError, Damaged
from aistudio.jobs.devices import DeviceSource, Nvml
from aistudio.settings import Settings
from aistudio.store.checkpoints import description
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.lease import is_held
from aistudio.store.workspace import Workspace, held_by

Level = Literal["ok", "warning", "problem"]
GIB = 2**30
IMPORT_SECONDS = 120.0


@dataclass(frozen=True)
class Finding:
    """`what` was looked at and what was found; `advice` is what to do unless it is ok."""

    level: Level
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.level:<8} {self.what} {self.advice}".rstrip()


def examine(settings: Settings, devices: DeviceSource | None = None) -> Iterator[Finding]:
    """One finding after another, as they come: importing torch takes a while."""
    yield from _python()
    yield from _packages()
    yield _torch()
    yield from _devices(devices or Nvml())
    yield _shared_memory()
    yield from _workspace(settings.workspace)


def _python() -> Iterator[Finding]:
    shown = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    yield Finding("ok" if fine else "problem", f"Python {shown}.", "" if fine else "Use Python 3.11 or newer.")


def _packages() -> Iterator[Finding]:
    """Every requirement of the package itself, so that there is no second list of them."""
    try:
        wanted = [Requirement(line) for line in requires("aistudio") or ()]
    except PackageNotFoundError:
        yield Finding("warning", "The package is not installed, only unpacked.", "Run: pip install .")
        return
    wrong = [text for one in wanted if not one.marker or one.marker.evaluate() if (text := _missing(one))]
    if wrong:
        yield Finding("problem", f"{'; '.join(wrong)}.", "Run: pip install --upgrade .")
    else:
        yield Finding("ok", "All packages are there in versions that fit.")


def _missing(wanted: Requirement) -> str | None:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing"
    return None if wanted.specifier.contains(found, prereleases=True) else f"{wanted.name} {found} is not {wanted}"


def _torch() -> Finding:
    """In a process of its own: the studio never imports it."""
    command = [sys.executable, "-c", "import torch; print(torch.__version__)"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_SECONDS)
    except subprocess.TimeoutExpired:
        return Finding("problem", f"torch was not imported within {IMPORT_SECONDS:g} s.", "Look at the disk.")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Finding("problem", f"torch cannot be imported: {last}.", "Install it again.")
    return Finding("ok", f"torch {done.stdout.strip()} can be imported.")


def _devices(source: DeviceSource) -> Iterator[Finding]:
    for device in source.devices():
        yield Finding("ok", f"{device.name} ({device.id}): {device.memory_free / GIB:.1f} GB of memory free.")
    problem = getattr(source, "problem", None)
    if problem:
        yield Finding("warning", problem, "Without a GPU training runs on the CPU; look at nvidia-smi.")


def _shared_memory(path: Path = Path("/dev/shm")) -> Finding:
    if not path.is_dir():
        return Finding("warning", "There is no /dev/shm.", "Set Num Workers to 0.")
    total = shutil.disk_usage(path).total
    if total < GIB:
        return Finding("warning", f"/dev/shm has {total / 2**20:.0f} MB.", "Start the container with --shm-size=2g.")
    return Finding("ok", f"/dev/shm has {total / GIB:.1f} GB.")


def _workspace(root: Path) -> Iterator[Finding]:
    if not root.is_dir():
        yield Finding("ok", f"There is no workspace {root} yet: it is made at the first start.")
        return
    lock = root / "workspace.lock"
    served = is_held(lock)
    yield Finding("ok", f"The workspace {root} is in use by {held_by(lock)}." if served else f"Nobody uses {root}.")
    yield _disk(root)
    folders = []
    for project in Workspace(root).projects():
        try:
            project.read()
        except AIStudioError as error:
            yield Finding("problem", f"Project {project.id}: {error.message}", "Copy project.json.prev over it.")
        folders += project.experiments()
    looks = (_document, lambda folder: _status(folder, served), _checkpoints)
    found = [finding for folder in folders for look in looks for finding in _looked(look, folder)]
    yield from found
    yield from _stray(root, served)
    if not found:
        yield Finding("ok", f"All {len(folders)} experiments and their checkpoints are whole.")


def _looked(look: Callable[[ExperimentFolder], Iterator[Finding]], folder: ExperimentFolder) -> Iterator[Finding]:
    try:
        yield from look(folder)
    except Damaged:
        return  # `_document` has said it


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free
    level: Level = "ok" if free > 5 * GIB else "warning" if free > GIB else "problem"
    advice = "" if level == "ok" else "Delete old experiments, and what is in .trash."
    return Finding(level, f"{free / GIB:.1f} GB are free on its disk.", advice)


def _document(folder: ExperimentFolder) -> Iterator[Finding]:
    try:
        folder.read()
    except Damaged as error:
        whole = _parses(folder.path / "experiment.json.prev")
        advice = "Copy experiment.json.prev over it while no server runs." if whole else "Delete the experiment."
        yield Finding("problem", error.message, advice)


def _parses(path: Path) -> bool:
    try:
        return isinstance(orjson.loads(path.read_bytes()), dict)
    except (OSError, orjson.JSONDecodeError):
        return False


def _status(folder: ExperimentFolder, served: bool) -> Iterator[Finding]:
    experiment, held = folder.read(), folder.lease_held()
    name = f"{experiment.name} ({folder.id})"
    if experiment.status == "training" and not held:
        advice = "Wait a second." if served else "Start the server: it judges the run."
        yield Finding("warning", f"{name} is training, but its process is gone.", advice)
    if experiment.active and held and not served:
        yield Finding("warning", f"{name} trains without a server.", "Start the server to watch it.")
    if not experiment.active and held:
        yield Finding("problem", f"{name} is {experiment.status}, but a process holds it.", "End that process.")


def _checkpoints(folder: ExperimentFolder) -> Iterator[Finding]:
    if folder.lease_held():
        return  # one may just be written
    for path in sorted(folder.checkpoints.glob("*.ckpt")):
        if description(path) is None:
            advice = "Resume uses the one before it." if path.name == "last.ckpt" else "Restart the experiment."
            yield Finding("problem", f"{path.name} of {folder.read().name} ({folder.id}) is damaged.", advice)


def _stray(root: Path, served: bool) -> Iterator[Finding]:
    stray = [] if served else list(root.glob("projects/**/.*.tmp"))
    if stray:
        yield Finding("warning", f"{len(stray)} files were left half-written.", "The next start removes them.")
