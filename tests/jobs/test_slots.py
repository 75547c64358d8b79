"""Where servers of one machine agree on its cards, whoever starts them and however."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from aistudio.jobs.slots import Slots, machine_folder, release
from tests.jobs.fakes import ROOT

WHERE = "from aistudio.jobs.slots import machine_folder; print(machine_folder())"


def test_servers_with_other_temporary_folders_meet_in_the_same_place(tmp_path: Path) -> None:
    places = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / name)}
        said = subprocess.check_output([sys.executable, "-c", WHERE], text=True, env=environment)
        places.append(Path(said.strip()))
    assert places[0] == places[1] == machine_folder()
    assert places[0].parent.stat().st_mode & stat.S_IWOTH


def test_a_place_that_only_one_user_may_write_is_none_for_all(tmp_path: Path) -> None:
    mine, everybodys = tmp_path / "mine", tmp_path / "everybodys"
    mine.mkdir(mode=0o755)
    everybodys.mkdir()
    everybodys.chmod(0o1777)
    assert machine_folder([tmp_path / "nowhere", mine, everybodys, tmp_path]).parent == everybodys
    assert machine_folder([Path("/proc/self"), mine]).parent == mine


def test_a_folder_whose_maker_was_killed_before_it_was_opened_for_all(tmp_path: Path) -> None:
    """Only the own one, and never what a link leads to."""
    folder, linked = tmp_path / "devices", tmp_path / "linked"
    for place in (folder, tmp_path / "private"):
        place.mkdir(mode=0o755)
    linked.symlink_to(tmp_path / "private")
    for place in (folder, linked):
        held = Slots(place).take(["GPU-0"], "mine")
        assert not isinstance(held, str)
        release(held)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, linked)] == [0o1777, 0o755]


class Cleaned(Slots):
    """Somebody removes the file after it was opened, before it is locked: what a cleaner of old files may do."""

    cleaned = 0

    def _open(self, card: str) -> int:
        descriptor = super()._open(card)
        if not self.cleaned:
            self.cleaned += 1
            (self._folder / card).unlink()
        return descriptor


def test_a_lock_on_a_file_that_was_removed_is_none(tmp_path: Path) -> None:
    slots = Cleaned(tmp_path / "devices")
    held = slots.take(["GPU-0"], "mine")
    assert slots.cleaned and not isinstance(held, str)
    assert Slots(tmp_path / "devices").take(["GPU-0"], "another") == "mine"
    release(held)
