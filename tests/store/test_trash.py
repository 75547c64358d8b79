"""The trash: a week long everything can be had back, then it is gone for good."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aistudio.errors import NotFound
from aistudio.store.trash import Trash
from tests.fixtures import contents


def thing(root: Path) -> Path:
    place = root / "projects/p/experiments/e"
    place.mkdir(parents=True)
    (place / "a.txt").write_text("a")
    return place


def test_there_and_back(tmp_path: Path) -> None:
    trash, place = Trash(tmp_path), thing(tmp_path)
    before = contents(place)
    name = trash.put(place, "experiment", "One")
    assert not place.exists()
    assert [entry.name for entry in trash.entries()] == [name]
    trash.restore(trash.entry(name))
    assert contents(place) == before
    assert list(trash.path.iterdir()) == []
    with pytest.raises(NotFound):
        trash.restore(trash.entry(name))


def test_the_newest_is_first_within_a_second_too(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    names = [trash.put(thing(tmp_path), "experiment", f"{number}") for number in range(12)]
    assert [entry.name for entry in trash.entries()] == names[::-1]


def test_after_a_week_it_is_gone(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    trash.put(thing(tmp_path), "experiment", "One")
    now = datetime.now(UTC)
    assert trash.expire(now + timedelta(days=6, hours=23)) == 0
    assert trash.entries()
    assert trash.expire(now + timedelta(days=7, minutes=1)) == 1
    assert list(trash.path.iterdir()) == []


@pytest.mark.parametrize("place", ["/etc/passwd", "../x", "projects/../../x", "elsewhere/x"])
def test_a_note_that_points_outside_is_no_entry(place: str, tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    name = trash.put(thing(tmp_path), "experiment", "One")
    note = trash.path / name / "trash.json"
    note.write_text(note.read_text().replace("projects/p/experiments/e", place))
    assert trash.entries() == []
    with pytest.raises(NotFound):
        trash.restore(trash.entry(name))


def test_what_was_never_moved_leaves_no_note(tmp_path: Path) -> None:
    trash = Trash(tmp_path)
    name = trash.put(thing(tmp_path), "experiment", "One")
    (trash.path / "begun").mkdir()
    (trash.path / "begun/trash.json").write_text((trash.path / name / "trash.json").read_text())
    trash.tidy()
    assert [path.name for path in trash.path.iterdir()] == [name]
