"""Once a day the trash is emptied of what is old, and a disk that refuses does not end that."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aistudio.jobs.janitor import Janitor
from aistudio.store.atomic import read_json, write_json
from aistudio.store.trash import Trash
from tests.fixtures import until


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
    janitor = Janitor(trash, interval=0.05)
    janitor.start()
    until(lambda: [entry.title for entry in trash.entries()] == ["young"], "the old one is gone")
    assert any(thread.name == "janitor" for thread in threading.enumerate())
    janitor.close()
