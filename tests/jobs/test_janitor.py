"""Once a day what is old is removed, and a disk that refuses does not end that."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aistudio.errors import NotFound
from aistudio.jobs.janitor import Janitor
from aistudio.service import datasets
from aistudio.store.atomic import read_json, write_json
from aistudio.store.trash import Trash
from tests.fixtures import draw_classes, finish_import, new_project, running, until


def test_old_entries_go_and_young_ones_stay(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    names = []
    for eid in ("old", "young"):
        place = tmp_path / "projects/p/experiments" / eid
        place.mkdir(parents=True)
        names.append(trash.put(place, "experiment", eid))
    note = trash.path / names[0] / "trash.json"
    week_ago = (datetime.now(UTC) - timedelta(days=7, minutes=1)).isoformat()
    write_json(note, {**read_json(note), "discarded_at": week_ago})
    janitor = Janitor(trash.expire, interval=0.05)
    janitor.start()
    until(lambda: [entry.title for entry in trash.entries()] == ["young"], "the old one is gone")
    assert any(thread.name == "janitor" for thread in threading.enumerate())
    janitor.close()


def test_imports_that_ended_long_ago_are_forgotten(tmp_path: Path) -> None:
    with running(tmp_path) as studio:
        pid = new_project(studio)
        jobs = [finish_import(studio, pid, draw_classes(tmp_path / "pets", {"a": 1, "b": 1})) for _ in range(2)]
        week_ago = time.time() - 7 * 24 * 3600 - 60
        os.utime(studio.workspace.import_job(jobs[0].id).path / "outcome.json", (week_ago, week_ago))
        waiting = studio.workspace.staging / "abcd1234"
        waiting.mkdir()
        (waiting / "request.json").write_text("{}")
        os.utime(waiting / "request.json", (week_ago, week_ago))
        studio.manager.expire_imports(datetime.now(UTC))
        assert sorted(path.name for path in studio.workspace.staging.iterdir()) == sorted([jobs[1].id, "abcd1234"])
        assert datasets.all_imports(studio, pid) == [jobs[1]]
        with pytest.raises(NotFound):
            datasets.get_import(studio, pid, jobs[0].id)
