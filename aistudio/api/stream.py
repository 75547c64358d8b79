"""Server-sent events of one experiment, resumable by an id that says how much of which attempt was sent."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

from aistudio.errors import NotFound
from aistudio.schema.experiment import Experiment
from aistudio.service import experiments
from aistudio.studio import Studio

INTERVAL_SECONDS = 0.3
CHUNK = 256 * 1024
_ID = re.compile(r"([0-9]{1,9}):([0-9]{1,15})")


async def stream(studio: Studio, pid: str, eid: str, last_id: str | None) -> AsyncIterator[str]:
    """An id is `attempt:bytes`; a malformed one starts from the beginning."""
    attempt, offset = _position(last_id)
    seen: Experiment | None = None
    while True:
        try:
            current = await asyncio.to_thread(experiments.get, studio, pid, eid)
        except NotFound:
            return
        if current != seen:
            yield f"event: experiment\ndata: {current.model_dump_json(by_alias=True)}\n\n"
            seen = current
        more = False
        for number, path in await asyncio.to_thread(_files, studio, pid, eid, attempt):
            if number != attempt:
                attempt, offset = number, 0
            lines, offset = await asyncio.to_thread(_read, path, offset)
            for line, end in lines:
                yield f"id: {attempt}:{end}\nevent: run\ndata: {line}\n\n"
            if more := bool(lines):
                break
        if not more:
            if not current.active:
                return
            await asyncio.sleep(INTERVAL_SECONDS)


def _position(last_id: str | None) -> tuple[int, int]:
    found = _ID.fullmatch(last_id or "")
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _files(studio: Studio, pid: str, eid: str, attempt: int) -> list[tuple[int, Path]]:
    jobs = studio.workspace.project(pid).experiment(eid).attempts()
    return [(number, job.events) for job in jobs if (number := int(job.path.name[8:])) >= attempt]


def _read(path: Path, offset: int) -> tuple[list[tuple[str, int]], int]:
    """Complete lines from `offset`, each with the offset behind it."""
    try:
        with path.open("rb") as file:
            file.seek(min(offset, path.stat().st_size))  # an id may name more than there is
            data = file.read(CHUNK)
            while b"\n" not in data and (more := file.read(CHUNK)):
                data += more
    except FileNotFoundError:
        return [], offset
    found = []
    for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
        offset += len(line)
        found.append((line.decode(errors="replace").strip(), offset))
    return found, offset
