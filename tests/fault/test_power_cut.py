"""The power is cut after each system call of a save, and every state that the disk may then be in is looked at."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aistudio.schema.trash import TrashEntry
from aistudio.store import fresh
from aistudio.store.atomic import read_json, remove_unfinished
from aistudio.store.checkpoints import description, usable
from aistudio.store.job_folder import JobFolder
from aistudio.store.trash import Trash
from aistudio.store.workspace import Workspace
from tests.fault.invariants import epochs_of
from tests.fault.power_cut import ROOT, final, materialise, needs_strace, on_disk, power_cuts, record

pytestmark = [pytest.mark.fault, needs_strace]

JSON = """
import os, sys
from pathlib import Path
from aistudio.store.atomic import write_json
for number in range(1, 4):
    write_json(Path(sys.argv[1], "document.json"), {"number": number, "text": "x" * 100})
    os.write(1, b"saved")
"""
CREATE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from aistudio.schema.events import TrainRequest
from aistudio.schema.experiment import Experiment, MainMetric
from aistudio.schema.project import Project
from aistudio.store.workspace import Workspace
at = datetime(2026, 1, 1, tzinfo=UTC)
workspace = Workspace(Path(sys.argv[1], "workspace"))
project = workspace.create_project(Project(id="p1", name="Pets", task="classification", created_at=at))
os.write(1, b"saved")
folder = project.new_experiment("e1")
folder.create(
    Experiment(id="e1", name="First", created_at=at, config={}, main_metric=MainMetric(name="m", direction="max"))
)
os.write(1, b"saved")
job = folder.attempt(1)
names = dict(project="p1", experiment="e1", folder=str(job.path), dataset="", splits="", config={})
job.write_request(TrainRequest(attempt=1, **names))
os.write(1, b"queued")
"""
# A workspace with one experiment, all of it safe; what is then done to it is the story.
PLACE = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from aistudio.schema.experiment import Experiment, MainMetric
from aistudio.store import fresh
from aistudio.store.atomic import make_folder, write_json
from aistudio.store.trash import Trash
from aistudio.store.workspace import ProjectFolder, Workspace
root = Path(sys.argv[1], "workspace")
workspace, trash = Workspace(root), Trash(root)
old = root / "projects/p1/experiments/e1"
make_folder(old)
at = datetime(2026, 1, 1, tzinfo=UTC)
new = Experiment(id="e1", name="First", created_at=at, config={}, main_metric=MainMetric(name="m", direction="max"))
write_json(old / "experiment.json", {"old": True})
write_json(old / "results.json", {"all": "there"})
os.write(1, b"saved")
"""
DELETE = f"""{PLACE}
name = trash.put(old, "experiment", "First")
os.write(1, b"deleted")
"""
RESTORE = f"""{DELETE}
trash.restore(trash.entry(name))
os.write(1, b"restored")
"""
EXPIRE = f"""{DELETE}
trash.expire(datetime.now(UTC) + timedelta(days=8))
os.write(1, b"expired")
"""
RESTART = f"""{PLACE}
fresh.swap(workspace.staging, trash, old, new)
os.write(1, b"restarted")
"""
ADOPT = f"""{PLACE}
staged = workspace.staging / "i1/dataset"
make_folder(staged)
write_json(staged / "index.json", {{"images": 3}})
os.write(1, b"staged")
ProjectFolder(workspace, root / "projects/p1").adopt_dataset(staged)
os.write(1, b"adopted")
"""
CHECKPOINTS = """
import os, sys
from pathlib import Path
import torch
from aistudio.engine.checkpoints import save
for epoch in range(1, 4):
    for name in ("best", "last"):
        state = {"epoch": epoch, "model": {"weight": torch.full((8, 8), float(epoch))}}
        save(Path(sys.argv[1], "checkpoints"), name, state, {"epoch": epoch})
        os.write(1, b"saved")
"""
RUN = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace
import torch
from aistudio.engine.job import Job
from aistudio.engine.keeper import Best, Keeper, Patience
from aistudio.schema.events import EpochFinished
from aistudio.schema.experiment import MainMetric
from aistudio.store.atomic import make_folder
attempt = Path(sys.argv[1], "e/attempt-1")
make_folder(attempt)
job = Job(attempt)
model = torch.nn.Linear(2, 2)
optimizer = torch.optim.SGD(model.parameters())
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
trainer = SimpleNamespace(
    global_step=1,
    optimizers=[optimizer],
    lr_scheduler_configs=[SimpleNamespace(scheduler=scheduler)],
    precision_plugin=SimpleNamespace(state_dict=dict),
)
best = Best(MainMetric(name="val_accuracy", direction="max"))
keeper = Keeper(job, attempt.parent / "checkpoints", {}, {}, best, Patience(None))
for epoch in range(1, 4):
    row = {"epoch": float(epoch), "val_accuracy": 0.5}
    job.emit(EpochFinished(time=time.time(), row=row, best=False))
    keeper.keep(trainer, model.state_dict(), row, best=False)
    os.write(1, b"saved")
job.conclude("completed")
os.write(1, b"concluded")
"""
TIDY = """
import sys
from pathlib import Path
from aistudio.store.checkpoint_writer import tidy
for folder in Path(sys.argv[1]).glob("cut-*/checkpoints"):
    tidy(folder)
"""

Cut = tuple[int, Path]


def cuts(folder: Path, script: str) -> list[Cut]:
    """Every state as a real folder, with how many of the saves were promised; the record itself is checked first."""
    real = folder / "real"
    real.mkdir()
    calls = record(folder / "log", real, script, real)
    assert final(calls) == on_disk(real)
    found = [
        (promised, materialise(state, folder / f"cut-{number}"))
        for number, (promised, state) in enumerate(power_cuts(calls))
    ]
    assert len(found) > 10
    return found


def test_f20_a_document_survives_a_power_cut(tmp_path: Path) -> None:
    """A document is the old or the new one after a power cut, never a torn one; what was saved stays saved."""
    for promised, folder in cuts(tmp_path, JSON):
        document, previous = folder / "document.json", folder / "document.json.prev"
        assert (read_json(document)["number"] if document.exists() else 0) in (promised, promised + 1)
        assert not previous.exists() or read_json(previous)["number"] <= promised
        remove_unfinished(folder)
        assert not list(folder.glob(".*"))


def test_f20_a_new_project_and_a_new_experiment_survive_a_power_cut(tmp_path: Path) -> None:
    """A project, an experiment or the request of a run that was made is still there after a power cut."""
    for promised, folder in cuts(tmp_path, CREATE):
        workspace = Workspace(folder / "workspace")
        assert len(workspace.projects()) >= min(promised, 1)
        if promised >= 2:
            assert workspace.project("p1").experiment("e1").read().name == "First"
        if promised == 3:
            assert workspace.project("p1").experiment("e1").attempt(1).request().job == "train"


def test_f20_what_is_deleted_survives_a_power_cut(tmp_path: Path) -> None:
    """It is whole in its place or whole in the trash, and in the trash once that was said; the same on its way back."""
    for script, said in ((DELETE, (False, True)), (RESTORE, (True, False))):
        place = tmp_path / f"{len(script)}"
        place.mkdir()
        states = cuts(place, script)
        for promised, folder in states:
            if promised:
                assert sum(found(folder)) == 1, "it is in one place"
        last = max(promised for promised, _ in states)
        assert {found(folder) for promised, folder in states if promised == last} == {said}


def test_f20_what_expired_is_never_half_there_after_a_power_cut(tmp_path: Path) -> None:
    """An entry of the trash is whole until it is no entry any more."""
    for promised, folder in cuts(tmp_path, EXPIRE):
        if promised >= 2:
            there, binned = found(folder)
            assert not there and (binned or promised == 3 or not listed(folder))
            Trash(folder / "workspace").expire(datetime.now(UTC))
            assert not list((folder / "workspace/.trash").glob(".expired-*"))


def test_f20_a_restart_survives_a_power_cut(tmp_path: Path) -> None:
    """The results are whole in their place or whole in the trash, and the experiment is there in every case."""
    for promised, folder in cuts(tmp_path, RESTART):
        if promised:
            root = folder / "workspace"
            Trash(root).tidy()
            fresh.finish(root, root / ".staging")
            there, binned = found(folder)
            document = root / "projects/p1/experiments/e1/experiment.json"
            assert there + binned == 1
            assert read_json(document).get("old") if there else read_json(document)["name"] == "First"
            assert binned or promised == 1
            assert not list((root / ".staging").glob("*"))


def test_f20_an_imported_data_set_survives_a_power_cut(tmp_path: Path) -> None:
    """It is where it was staged or where it belongs, never nowhere; once that was said it is where it belongs."""
    for promised, folder in cuts(tmp_path, ADOPT):
        if promised >= 2:
            staged = folder / "workspace/.staging/i1/dataset/index.json"
            adopted = folder / "workspace/projects/p1/dataset/1/index.json"
            assert staged.exists() + adopted.exists() == 1
            assert read_json(adopted if adopted.exists() else staged) == {"images": 3}
            assert adopted.exists() or promised == 2


def listed(folder: Path) -> list[TrashEntry]:
    return Trash(folder / "workspace").entries()


def found(folder: Path) -> tuple[bool, bool]:
    """Whether the old experiment is whole in its place, and whether the trash lists it whole."""
    binned = [folder / "workspace/.trash" / entry.name / "e1" for entry in listed(folder)]
    there = folder / "workspace/projects/p1/experiments/e1"
    return _whole(there), any(_whole(place) for place in binned)


def _whole(place: Path) -> bool:
    try:
        return bool(read_json(place / "experiment.json").get("old")) and bool(read_json(place / "results.json"))
    except FileNotFoundError:
        return False


def test_f20_checkpoints_survive_a_power_cut(tmp_path: Path) -> None:
    """After a power cut the best model is whole, and the last checkpoint or the one before it, to go on from."""
    found = cuts(tmp_path, CHECKPOINTS)
    for promised, folder in [*found, *tidied(tmp_path, found)]:
        best, last, prev = (epoch_of(folder / "checkpoints" / f"{name}.ckpt") for name in ("best", "last", "prev"))
        assert best in ((promised + 1) // 2, promised // 2 + 1)
        assert max(last, prev) in (promised // 2, (promised + 1) // 2)


def epoch_of(checkpoint: Path) -> int:
    """That of a checkpoint which is exactly what was written, otherwise 0."""
    return int((description(checkpoint) or {"epoch": 0})["epoch"])


def tidied(folder: Path, found: list[Cut]) -> Iterator[Cut]:
    """The same folders after the next worker took them up."""
    subprocess.run([sys.executable, "-c", TIDY, str(folder)], check=True, cwd=ROOT)
    for promised, cut in found:
        names = {path.name for path in (cut / "checkpoints").glob("*")}
        assert not any(name.endswith(".tmp") or "upcoming" in name for name in names)
        yield promised, cut


def test_f20_epochs_before_a_checkpoint_survive_a_power_cut(tmp_path: Path) -> None:
    """The rows of all epochs before a checkpoint are there after a power cut, and of all before a verdict."""
    for promised, folder in cuts(tmp_path, RUN):
        job = JobFolder(folder / "e/attempt-1")
        found, concluded = usable(folder / "e/checkpoints"), job.verdict() is not None
        told = epochs_of(job)
        kept = found.epoch if found else 0
        assert kept >= min(promised, 3) and (concluded or promised < 4)
        # Going on tells the row of the checkpoint itself again, but none before it.
        assert told[: max(kept - 1, 0)] == [float(epoch) for epoch in range(1, kept)]
        assert not concluded or told == [1.0, 2.0, 3.0]
