"""Guards are taken out one by one, in a copy: the test that is there for each must notice."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.jobs.fakes import ROOT

pytestmark = pytest.mark.fault
FAILED = 1  # not 2 to 5, which say that pytest could not run it


@dataclass(frozen=True)
class Change:
    """`text` stands once in the file; with `instead` in its place the test must fail."""

    file: str
    text: str
    instead: str
    test: str


CHANGES = {
    "a document is not on the disk before it is renamed": Change(
        "aistudio/store/atomic.py",
        "            os.fsync(file.fileno())\n        _keep_previous(path)",
        "        _keep_previous(path)",
        "tests/fault/test_power_cut.py::test_f20_a_document_survives_a_power_cut",
    ),
    "epochs are not on the disk before their checkpoint": Change(
        "aistudio/engine/keeper.py",
        "        self.job.sync()",
        "        pass",
        "tests/fault/test_power_cut.py::test_f20_epochs_before_a_checkpoint_survive_a_power_cut",
    ),
    "a late worker is not fenced off": Change(
        "aistudio/engine/__main__.py",
        'document["attempt"] == request.attempt and document["status"] in ("queued", "training")',
        "bool(document)",
        "tests/engine/test_worker.py::test_f06_a_worker_that_comes_too_late_leaves[another attempt]",
    ),
    "a worker trains without the lease": Change(
        "aistudio/engine/__main__.py",
        "if lease is None or not _wanted(job, request):",
        "if not _wanted(job, request):",
        "tests/engine/test_worker.py::test_f06_a_worker_that_comes_too_late_leaves[another worker]",
    ),
    "a foreign process is taken for the worker": Change(
        "aistudio/store/process.py",
        "start_ticks(worker.pid) == worker.start_ticks",
        "start_ticks(worker.pid) is not None",
        "tests/fault/test_workers.py::test_f19_the_pid_belongs_to_somebody_else_by_now",
    ),
    "a loss may be no number": Change(
        "aistudio/engine/steplog.py",
        "        self._refuse_nonfinite(first, losses)\n",
        "",
        "tests/engine/test_train.py::test_f53_a_loss_that_is_no_number",
    ),
    "weights may be no numbers": Change(
        "aistudio/engine/reporter.py",
        "        refuse_nonfinite(module.model, trainer.current_epoch + 1)\n",
        "",
        "tests/engine/test_train.py::test_f53_weights_that_are_no_numbers_are_never_kept",
    ),
    "the digest of a checkpoint is not compared": Change(
        "aistudio/store/checkpoints.py",
        '.get("sha256") == found:',
        ":",
        "tests/fault/test_checkpoints.py::test_f32_a_bit_of_the_last_checkpoint_is_flipped",
    ),
    "nobody asks for a stop while images are read": Change(
        "aistudio/engine/train.py",
        "bool(run.config.hardware.gpus), job.check_stop,",
        "bool(run.config.hardware.gpus), lambda: None,",
        "tests/engine/test_train.py::test_stop_while_validation_images_are_read",
    ),
    "each click on Train counts": Change(
        "aistudio/jobs/lifecycle.py",
        'if experiment.status != "created":',
        'if experiment.status not in ("created", "queued"):',
        "tests/fault/test_two_at_once.py::test_f42_six_threads_press_train",
    ),
    "the order of the queue is ignored": Change(
        "aistudio/jobs/queue.py",
        "return sorted((entry for entry in entries if not entry.running), key=_order)",
        "return [entry for entry in entries if not entry.running]",
        "tests/jobs/test_queue.py::test_a_position_goes_before_the_time",
    ),
    "an import is swapped in without its verdict": Change(
        "aistudio/jobs/imports.py",
        """        if verdict is None:
            return "failed", WORDLESS
        if verdict.status == "stopped":
            return "cancelled", None
        if verdict.error""",
        "        if verdict and verdict.error",
        "tests/fault/test_imports.py::test_f39_an_import_is_killed_or_cancelled[killed-some images are copied]",
    ),
    "a page works things out on the event loop": Change(
        "pages/training/experiments.py",
        "        self._cards.put(card(experiment, origin))",
        "        sum(range(2 * 10**7))\n        self._cards.put(card(experiment, origin))",
        "tests/test_event_loop.py::test_f62_no_action_holds_the_event_loop_while_pages_are_open",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_to_be_changed_is_there(what: str) -> None:
    """Or the list would be about code and tests of long ago."""
    change = CHANGES[what]
    file, _, name = change.test.partition("::")
    assert (ROOT / change.file).read_text().count(change.text) == 1
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that is or will be in the repository."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    folder = tmp_path_factory.mktemp("copy")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    found = python(folder, "-c", "import aistudio; print(aistudio.__file__)").stdout.strip()
    assert found == str(folder / "aistudio/__init__.py")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("what", CHANGES)
def test_a_guard_that_is_taken_out_is_missed(what: str, copy: Path, tmp_path: Path) -> None:
    """The test passes in the copy, and fails once the guard is gone."""
    change = CHANGES[what]
    before = outcome(copy, change.test, tmp_path)
    assert before.returncode == 0, before.stdout
    file = copy / change.file
    whole = file.read_text()
    file.write_text(whole.replace(change.text, change.instead))
    try:
        after = outcome(copy, change.test, tmp_path)
    finally:
        file.write_text(whole)
    assert after.returncode == FAILED, f"nobody noticed that {what}:\n{after.stdout}"


def outcome(folder: Path, test: str, own: Path) -> "subprocess.CompletedProcess[str]":
    return python(folder, "-m", "pytest", test, "-m", "", "-p", "no:cacheprovider", f"--basetemp={own}/t")


def python(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Of the copy alone, without what this very run of pytest is told by its environment."""
    own: Mapping[str, str] = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))
    }
    env = {**own, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True)
