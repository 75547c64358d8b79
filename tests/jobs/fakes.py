"""A launcher whose workers only pretend to train."""

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from aistudio.jobs.launchers.base import Handle
from aistudio.jobs.launchers.local import Local
from aistudio.schema.events import TrainRequest
from aistudio.store.job_folder import JobFolder

SCRIPT = Path(__file__).with_name("fake_worker.py")
ROOT = Path(__file__).parents[2]


class Pretending:
    """Starts a real process for each run; `behaviours` are used up in order, the last one stays. Imports are real."""

    def __init__(self, *behaviours: str) -> None:
        self._behaviours = list(behaviours)
        self.launched: list[Path] = []

    def launch(self, folder: Path, env: Mapping[str, str], leases: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        if not isinstance(JobFolder(folder).request(), TrainRequest):
            return Local().launch(folder, env, leases)
        self.launched.append(folder)
        behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
        if behaviour == "nothing":
            raise OSError(11, "Resource temporarily unavailable")
        with (folder / "log.txt").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, str(SCRIPT), str(folder), behaviour],
                env={"PYTHONPATH": str(ROOT), **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=leases,
            )
        threading.Thread(target=child.wait, daemon=True).start()
        return child

    def alive(self, handle: Handle) -> bool:
        assert isinstance(handle, subprocess.Popen)
        return handle.poll() is None

    def exit_code(self, handle: Handle) -> int | None:
        assert isinstance(handle, subprocess.Popen)
        return handle.poll()

    def end(self, handle: Handle) -> None:
        Local().end(handle)
