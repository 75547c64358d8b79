"""Run as a process: a studio that trains one experiment and then only watches. `server.py FOLDER BEHAVIOUR PID EID`."""

import sys
import time
from pathlib import Path

from aistudio.service import experiments
from tests.fixtures import ME, running
from tests.jobs.fakes import Pretending


def main(folder: Path, behaviour: str, pid: str, eid: str) -> None:
    with running(folder, launcher=Pretending(behaviour) if behaviour != "train" else None) as studio:
        experiments.train(studio, ME, pid, eid)
        print("started", flush=True)
        time.sleep(300)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
