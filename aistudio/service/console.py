"""What a run prints: followed live, or as a file."""

from collections.abc import Iterator
from typing import NamedTuple

from aistudio.errors import NotFound
from aistudio.jobs.log_lines import Cursor
from aistudio.schema.console import Console, Threshold
from aistudio.store.log_file import whole
from aistudio.studio import Studio


def console(studio: Studio, pid: str, eid: str, since: str | None = None, level: Threshold = "all") -> Console:
    """At first the last 2,000 lines of all attempts, then what came after the cursor of the answer before.

    Any number of viewers costs no more reading than one. Raises BadInput for what is not a cursor.
    """
    cursor = Cursor.parse(since) if since is not None else None
    return studio.console.of(studio.workspace.project(pid).experiment(eid)).read(cursor, level)


class LogDownload(NamedTuple):
    name: str
    parts: Iterator[bytes]


def download(studio: Studio, pid: str, eid: str, attempt: int | None = None) -> LogDownload:
    """All that is kept of what an attempt printed, the last one if none is named. Raises NotFound."""
    folder = studio.workspace.project(pid).experiment(eid)
    jobs = {int(job.path.name[8:]): job for job in folder.attempts()}
    wanted = attempt if attempt is not None else max(jobs, default=0)
    if wanted not in jobs:
        which = f"attempt {attempt}" if attempt is not None else "attempt yet"
        raise NotFound(f"{folder.read().name} has no {which}, so there is no log.")
    return LogDownload(f"{eid}-attempt-{wanted}.txt", whole(jobs[wanted]))
