"""What a run prints, followed by a cursor: real files, odd bytes, rotation in between."""

import os
import random
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aistudio.engine.log import rotate
from aistudio.errors import BadInput
from aistudio.jobs import console as module
from aistudio.jobs.console import KEPT_LINES, ConsoleReader
from aistudio.jobs.log_lines import Cursor
from aistudio.jobs.log_text import LONGEST, Levels, readable
from aistudio.jobs.readers import Pace, Readers
from aistudio.schema.console import Console, Threshold
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.log_file import MOST, whole


@pytest.fixture
def folder(tmp_path: Path) -> ExperimentFolder:
    return ExperimentFolder(tmp_path / "e1", threading.RLock(), {})


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACE_SECONDS", 0.0)


def log_of(folder: ExperimentFolder, attempt: int = 1) -> Path:
    folder.attempt(attempt).path.mkdir(parents=True, exist_ok=True)
    return folder.attempt(attempt).log


def write(folder: ExperimentFolder, data: bytes, attempt: int = 1) -> None:
    with log_of(folder, attempt).open("ab") as file:
        file.write(data)


def turn_over(folder: ExperimentFolder) -> None:
    """As the worker does it, but for the second that it lets pass in between: the clock of files ticks every 4 ms."""
    old = folder.attempt(1).old_log
    before = old.stat().st_mtime_ns if old.exists() else 0
    with log_of(folder).open("ab") as file:
        assert rotate(log_of(folder), 0, file.fileno())
    later = max(old.stat().st_mtime_ns, before + 1)
    os.utime(old, ns=(later, later))


class Viewer:
    """Asks again and again; `shown` is what a page would have."""

    def __init__(self, reader: ConsoleReader, level: Threshold = "all") -> None:
        self.reader, self.level = reader, level
        self.cursor: Cursor | None = None
        self.shown: list[str] = []
        self.resets = 0

    def look(self) -> Console:
        answer = self.reader.read(self.cursor, self.level)
        self.shown = [*([] if answer.reset else self.shown), *(line.text for line in answer.lines)]
        self.resets += answer.reset
        self.cursor = Cursor.parse(answer.cursor)
        return answer


def test_nothing_was_printed(folder: ExperimentFolder) -> None:
    viewer = Viewer(ConsoleReader(folder))
    assert viewer.look().lines == []
    log_of(folder)
    assert viewer.look().lines == []
    write(folder, b"first\n")
    viewer.look()
    assert viewer.shown == ["first"]


def test_only_what_is_new_is_told(folder: ExperimentFolder) -> None:
    write(folder, b"one\ntwo\nthr")
    viewer = Viewer(ConsoleReader(folder))
    answer = viewer.look()
    assert [(line.attempt, line.number, line.text) for line in answer.lines] == [(1, 1, "one"), (1, 2, "two")]
    assert answer.unfinished is not None
    assert (answer.unfinished.number, answer.unfinished.text) == (3, "thr")
    write(folder, b"ee\n\nfive\n")
    answer = viewer.look()
    assert [(line.number, line.text) for line in answer.lines] == [(3, "three"), (4, ""), (5, "five")]
    assert answer.unfinished is None
    assert (viewer.look().lines, viewer.resets) == ([], 1)


def test_rotation_loses_and_repeats_nothing(folder: ExperimentFolder) -> None:
    reader = ConsoleReader(folder)
    followers = [Viewer(reader), Viewer(reader)]
    expected = []
    for number in range(6):
        for part in ("before", "unseen"):
            write(folder, f"{part} {number}\n".encode())
            expected.append(f"{part} {number}")
            if part == "before":
                followers[0].look()
        turn_over(folder)
        if number % 2:
            write(folder, f"after {number}\n".encode())
            expected.append(f"after {number}")
        followers[0].look()
    followers[1].look()
    assert followers[0].shown == followers[1].shown == expected
    assert followers[0].resets == 1
    numbers = [line.number for line in reader.read(None, "all").lines]
    assert numbers == list(range(1, len(expected) + 1))


def test_a_line_that_is_torn_by_the_rotation_is_one_line(folder: ExperimentFolder) -> None:
    write(folder, b"one\nhalf a ")
    viewer = Viewer(ConsoleReader(folder))
    viewer.look()
    turn_over(folder)
    viewer.look()
    write(folder, b"line\n")
    viewer.look()
    assert viewer.shown == ["one", "half a line"]


def test_while_the_log_is_copied_nothing_is_told_twice(folder: ExperimentFolder) -> None:
    """The moments of a rotation, one by one: copied in part, copied, emptied."""
    write(folder, b"one\ntwo\n")
    viewer = Viewer(ConsoleReader(folder))
    viewer.look()
    job = folder.attempt(1)
    write(folder, b"three\n")
    job.old_log.write_bytes(b"one\n")
    viewer.look()
    assert b"".join(whole(job)) == b"one\ntwo\nthree\n"
    shutil.copyfile(job.log, job.old_log)
    viewer.look()
    assert b"".join(whole(job)) == b"one\ntwo\nthree\n"
    write(folder, b"lost in between\n")
    job.log.write_bytes(b"")
    viewer.look()
    write(folder, b"four\n")
    viewer.look()
    assert viewer.shown == ["one", "two", "three", "four"]
    assert b"".join(whole(job)) == b"one\ntwo\nthree\nfour\n"


def test_a_log_that_could_only_be_emptied(folder: ExperimentFolder) -> None:
    """On a full disk the old part is given up."""
    write(folder, b"one\ntwo\n")
    viewer = Viewer(ConsoleReader(folder))
    viewer.look()
    log_of(folder).write_bytes(b"")
    viewer.look()
    write(folder, b"three\n")
    viewer.look()
    assert (viewer.shown, viewer.resets) == (["one", "two", "three"], 1)


def test_a_cursor_outlives_the_server(folder: ExperimentFolder) -> None:
    write(folder, b"old\n" * 3)
    turn_over(folder)
    write(folder, b"one\n")
    viewer = Viewer(ConsoleReader(folder))
    viewer.look()
    write(folder, b"two\n")
    viewer.reader = ConsoleReader(folder)
    viewer.look()
    assert (viewer.shown, viewer.resets) == (["old"] * 3 + ["one", "two"], 1)
    turn_over(folder)
    viewer.reader = ConsoleReader(folder)
    viewer.look()
    assert (viewer.shown, viewer.resets) == (["one", "two"], 2)


def test_attempts_follow_one_another(folder: ExperimentFolder) -> None:
    write(folder, b"first\nlast words")
    viewer = Viewer(ConsoleReader(folder))
    viewer.look()
    write(folder, b"second\n", attempt=2)
    answer = viewer.look()
    assert [(line.attempt, line.number, line.text) for line in answer.lines] == [(1, 2, "last words"), (2, 1, "second")]
    write(folder, b"tenth\n", attempt=10)
    viewer.look()
    assert (viewer.shown, viewer.resets) == (["first", "last words", "second", "tenth"], 1)


def test_a_run_that_is_taken_back_begins_anew(folder: ExperimentFolder) -> None:
    write(folder, b"old\n")
    viewer = Viewer(ConsoleReader(folder))
    viewer.look()
    shutil.rmtree(folder.attempt(1).path)
    viewer.look()
    assert viewer.shown == []
    write(folder, b"new\n", attempt=2)
    viewer.look()
    assert viewer.shown == ["new"]


def test_only_the_last_lines_are_shown_at_first(folder: ExperimentFolder) -> None:
    count = KEPT_LINES + 500
    write(folder, b"ERROR: rare\n" + b"".join(b"%d\n" % number for number in range(2, count + 1)))
    reader = ConsoleReader(folder)
    lines = reader.read(None, "all").lines
    assert [line.number for line in lines] == list(range(501, count + 1))
    assert [line.text for line in reader.read(None, "error").lines] == ["ERROR: rare"]
    late = Viewer(reader)
    late.look()
    write(folder, b"more\n" * (KEPT_LINES + 1))
    late.look()
    assert (late.resets, late.shown) == (2, ["more"] * KEPT_LINES)


def test_of_a_huge_log_only_the_end_is_read(folder: ExperimentFolder) -> None:
    write(folder, b"x" * 99 + b"\n")
    write(folder, b"".join(b"%099d\n" % number for number in range(2, 30_001)))
    assert folder.attempt(1).log.stat().st_size > 2 * MOST
    viewer = Viewer(ConsoleReader(folder))
    answer = viewer.look()
    assert (answer.lines[-1].number, int(answer.lines[-1].text)) == (30_000, 30_000)
    assert all(int(line.text) == line.number for line in answer.lines)
    write(folder, b"".join(b"%099d\n" % number for number in range(30_001, 60_001)))
    answer = viewer.look()
    assert (viewer.resets, answer.lines[-1].number) == (2, 60_000)


def test_a_level_hides_what_is_less(folder: ExperimentFolder) -> None:
    write(folder, b"fine\nWarning: odd\nValueError: bad\n")
    reader = ConsoleReader(folder)
    wanted: dict[Threshold, list[str]] = {
        "all": ["fine", "Warning: odd", "ValueError: bad"],
        "warning": ["Warning: odd", "ValueError: bad"],
        "error": ["ValueError: bad"],
    }
    viewers = {level: Viewer(reader, level) for level in wanted}
    for level, viewer in viewers.items():
        viewer.look()
        assert viewer.shown == wanted[level]
    write(folder, b"fine\nError: worse\nnot yet")
    for level, viewer in viewers.items():
        assert (viewer.look().unfinished is None) == (level != "all")
    assert viewers["error"].shown == ["ValueError: bad", "Error: worse"]
    assert [viewer.resets for viewer in viewers.values()] == [1, 1, 1]


def test_viewers_share_one_reading(folder: ExperimentFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once read the files may be gone: for the next viewers nothing is read."""
    monkeypatch.setattr(module, "PACE_SECONDS", 1000.0)
    readers = Readers(ConsoleReader, kept=2)
    write(folder, b"one\n")
    assert [line.text for line in readers.of(folder).read(None, "all").lines] == ["one"]
    shutil.rmtree(folder.path)
    for _ in range(10):
        same = ExperimentFolder(folder.path, folder.lock, {})
        assert [line.text for line in readers.of(same).read(None, "all").lines] == ["one"]
    for name in ("e2", "e3"):
        readers.of(ExperimentFolder(folder.path.with_name(name), folder.lock, {}))
    assert readers.of(folder).read(None, "all").lines == []


def test_a_pace() -> None:
    slow, quick = Pace(1000), Pace(0)
    assert [slow.due(), slow.due(), quick.due(), quick.due()] == [True, False, True, True]


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "a.b.c", "-1.0.0", "1.0.0\n", "9" * 40 + ".0.0", "١.0.0"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a cursor"):
        Cursor.parse(text)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"plain \xc3\xbc\xe2\x82\xac", "plain ü€"),
        (b"\xff\xfe broken \xc3", "�� broken �"),
        (b"\x1b[1;31mred\x1b[0m and \x1b[38;5;196mmore\x1b[K", "red and more"),
        (b"\x1b]0;title\x07shown\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "shownlink"),
        (b"\x1b(Bset\x1b7\x1b=", "set"),
        (b"cut \x1b[31", "cut 31"),
        (b"a\x00b\x07c\x08\td\x7f\x0b", "abc\td"),
        ("a\x9b31mb\u202egnp.exe".encode(), "a31mbgnp.exe"),
        (b"  0%|    |\r 50%|##  |\r100%|####|", "100%|####|"),
        (b"100%|####|\r", "100%|####|"),
        (b"100%|####|\r          \r", "100%|####|"),
        (b"windows\r", "windows"),
        (b"\r\r", ""),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_a_line_becomes_text(line: bytes, text: str) -> None:
    assert readable(line) == text


@given(some.binary(max_size=300))
def test_any_bytes_become_text_without_controls(line: bytes) -> None:
    shown = readable(line)
    assert not [
        character for character in shown if character != "\t" and (character < " " or "\x7f" <= character < "\xa0")
    ]
    assert len(readable(line * 100)) <= LONGEST


def levels(lines: Sequence[str]) -> str:
    judge = Levels()
    return "".join(judge.of(line)[0] for line in lines)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["2026-11-22 20:47:41,123 INFO Error: none", "2026-11-22 20:47:41,123 WARNING odd"], "iw"),
        (["2026-11-22 20:47:41,123 ERROR bad", "2026-11-22 20:47:41,123 CRITICAL bad", "next"], "eei"),
        (["Traceback (most recent call last):", '  File "a.py", line 1', "    f()", "ValueError: x", "next"], "eeeei"),
        (["Traceback (most recent call last):", "  File", "my.Odd", "", "next"], "eeeii"),
        (["2026-11-22 20:47:41,1 ERROR odd", "Traceback (most recent call last):", "  x", "KeyError: 1"], "eeee"),
        (["RuntimeError: Caught", "Original Traceback (most recent call last):", "  File", "OSError: x"], "eeee"),
        (["", "During handling of the above exception, another exception occurred:", ""], "iei"),
        (["/a/b.py:12: UserWarning: slow", "  warnings.warn(x)", "fine", "  fine"], "wwii"),
        (["FutureWarning: gone soon", "Warning: x", "WARNING - y", "[WARNING] z"], "wwww"),
        (["[W1122 21:00:01.123 socket.cpp:4] x", "[rank1]:[E1122 21:00 NCCL.cpp:6] y", "[W socket.cpp:4] z"], "wew"),
        (["error: x", "FATAL: y", "Fatal Python error: Aborted", "Segmentation fault", "Killed"], "eeeee"),
        (["errors 0", "error rate 0.1", "warnings are fine", "no Error: here", "ErrorBar: 3"], "iiiii"),
    ],
)
def test_how_serious_lines_are(lines: list[str], expected: str) -> None:
    assert levels(lines) == expected


@settings(deadline=None)
@given(some.lists(some.integers(0, 40), min_size=1, max_size=30), some.randoms())
def test_in_whatever_pieces_it_is_read_and_rotated(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], dice: random.Random
) -> None:
    folder = ExperimentFolder(tmp_path_factory.mktemp("any") / "e", threading.RLock(), {})
    text = "".join(f"line {number}\n" for number in range(60))
    log_of(folder).touch()
    viewer, at = Viewer(ConsoleReader(folder)), 0
    viewer.look()
    for size in [*sizes, len(text)]:
        write(folder, text[at : at + size].encode())
        at += size
        viewer.look()
        if log_of(folder).stat().st_size >= 20 and dice.random() < 0.3:  # less could be alike by chance
            turn_over(folder)
            if dice.random() < 0.5:
                viewer.look()
    viewer.look()
    assert viewer.shown == text.splitlines()
