"""The doctor: says what is wrong in words, and changes nothing."""

import subprocess
import sys
from pathlib import Path

from aistudio.jobs.devices import Declared
from aistudio.service import doctor
from aistudio.service.doctor import Finding
from tests.fixtures import contents, gpu, new_experiment, running, settings_in, until_status
from tests.jobs.stage import folder_of, pretending, trained


def findings(folder: Path) -> list[Finding]:
    found = list(doctor.examine(settings_in(folder), Declared([gpu(0)])))
    assert all(finding.advice for finding in found if finding.level != "ok")
    return found


def test_a_sound_workspace(tmp_path: Path) -> None:
    assert "There is no workspace" in str(findings(tmp_path)[-1])
    with pretending(tmp_path, "epochs") as (studio, pid):
        until_status(studio, pid, trained(studio, pid), "completed")
        served = [str(finding) for finding in findings(tmp_path)]
        assert any("in use by a test (process" in line for line in served)
    before = contents(studio.settings.workspace)
    found = findings(tmp_path)
    assert contents(studio.settings.workspace) == before
    lines = "\n".join(map(str, found))
    for part in ("Python 3.", "torch 2.", "Card (gpu:0)", "/dev/shm", "Nobody uses", "All 1 experiments"):
        assert part in lines
    assert not [finding for finding in found if finding.level == "problem"]


def test_everything_that_is_wrong_is_named(tmp_path: Path) -> None:
    with pretending(tmp_path, "epochs") as (studio, pid):
        eids = [trained(studio, pid, name, epochs=2) for name in ("Cut", "Lost", "Torn")]
        for eid in eids:
            until_status(studio, pid, eid, "completed")
        new_experiment(studio, pid)
        cut, lost, torn = (folder_of(studio, pid, eid) for eid in eids)
        lost.write(lost.read().model_copy(update={"status": "training"}))
    (cut.checkpoints / "last.ckpt").write_bytes(b"")
    (torn.path / "experiment.json").write_text("{")
    (torn.path / ".experiment.json.12345678.tmp").touch()
    found = findings(tmp_path)
    told = {level: [str(one) for one in found if one.level == level] for level in ("problem", "warning")}
    assert len(told["problem"]) == 2
    assert any("last.ckpt of Cut" in line and "Resume uses the one before" in line for line in told["problem"])
    assert any("experiment.json of" in line and "Copy experiment.json.prev" in line for line in told["problem"])
    assert any("Lost" in line and "its process is gone" in line for line in told["warning"])
    assert any("1 files were left half-written" in line for line in told["warning"])


def test_the_command_line_ends_with_1_on_problems(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        workspace = studio.settings.workspace
    code = "import sys; from aistudio.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "doctor", "--workspace", str(workspace)]
    sound = subprocess.run(command, capture_output=True, text=True)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout.startswith("ok ")
    project = workspace / "projects/p"
    project.mkdir(parents=True)
    (project / "project.json").write_text("{")
    sick = subprocess.run(command, capture_output=True, text=True)
    assert sick.returncode == 1
    assert "problem  Project p: project.json" in sick.stdout
