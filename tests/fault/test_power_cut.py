"""The power is cut after each system call of a save, and every state that the disk may then be in is looked at."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aistudio.store.atomic import read_json, remove_unfinished
from aistudio.store.checkpoints import description
from aistudio.store.workspace import Workspace
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
from aistudio.schema.experiment import Experiment, MainMetric
from aistudio.schema.project import Project
from aistudio.store.workspace import Workspace
at = datetime(2026, 1, 1, tzinfo=UTC)
workspace = Workspace(Path(sys.argv[1], "workspace"))
project = workspace.create_project(Project(id="p1", name="Pets", task="classification", created_at=at))
os.write(1, b"saved")
project.new_experiment("e1").create(
    Experiment(id="e1", name="First", created_at=at, config={}, main_metric=MainMetric(name="m", direction="max"))
)
os.write(1, b"saved")
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
TIDY = """
import sys
from pathlib import Path
from aistudio.engine.checkpoints import tidy
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
    """A project or an experiment that was created is still there after a power cut."""
    for promised, folder in cuts(tmp_path, CREATE):
        workspace = Workspace(folder / "workspace")
        assert len(workspace.projects()) >= min(promised, 1)
        if promised == 2:
            assert workspace.project("p1").experiment("e1").read().name == "First"


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
