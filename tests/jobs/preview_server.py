"""Run as a process: a studio with a warm preview worker. `preview_server.py FOLDER PID busy|idle` prints its pid."""

import sys
import threading
import time
from pathlib import Path

from aistudio.schema.preview import PreviewRequest
from aistudio.service import previews
from tests.fixtures import running, until
from tests.jobs.test_previewer import SLOW


def main(folder: Path, pid: str, what: str) -> None:
    with running(folder) as studio:
        begun = threading.Event()
        if what == "busy":
            request = PreviewRequest(transforms=SLOW, count=8)
            arguments = {"shown": lambda preview: begun.set()}
            threading.Thread(
                target=previews.preview, args=(studio, pid, request), kwargs=arguments, daemon=True
            ).start()
            assert begun.wait(60)
        else:
            previews.preview(studio, pid, PreviewRequest(transforms=[], count=1))
        print(until(lambda: studio.previewer.pid, "the worker is there"), flush=True)
        time.sleep(300)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
