"""Run as a process: `trying.py FOLDER PORT GPUS BEHAVIOUR` serves a project to try things on.

The GPUs are declared. `train` has runs done by the real engine, anything else is what a pretending worker does.
"""

import sys
from pathlib import Path

import app
from aistudio.jobs.devices import Declared
from aistudio.settings import Settings
from aistudio.studio import Studio
from tests.fixtures import gpu, ready_project
from tests.jobs.fakes import Pretending


def main(folder: Path, port: int, gpus: int, behaviour: str) -> None:
    settings = Settings(
        workspace=folder / "workspace",
        state_dir=folder / "state",
        data_root=(folder,),
        port=port,
        open=False,
        stop_workers_on_exit=True,
    )
    devices = Declared([gpu(index) for index in range(gpus)])
    launcher = None if behaviour == "train" else Pretending(behaviour)
    studio = Studio(settings, launcher, devices, device_leases=folder / "devices").open("a test")
    try:
        if not studio.workspace.projects():
            ready_project(studio, {"cats": 60, "dogs": 60})
        listener = app.listen(settings)
        assert listener is not None
        app.serve(studio, listener)
    finally:
        studio.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
