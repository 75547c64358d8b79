"""JSON documents: old or new after a crash, never torn."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aistudio.errors import Damaged
from aistudio.store.atomic import read_json, remove_unfinished, write_json

FULL_DISK = """
import sys
from pathlib import Path
from aistudio.errors import DiskFull
from aistudio.store.atomic import write_json
folder = Path(sys.argv[1])
write_json(folder / "a.json", {"value": "old"})
ballast = (folder / "ballast").open("wb", buffering=0)
try:
    while ballast.write(b"x" * 4096):
        pass
except OSError:
    pass
try:
    write_json(folder / "a.json", {"value": "new" * 100_000})
except DiskFull as error:
    print(error.__cause__.errno)
print((folder / "a.json").read_text(), sorted(path.name for path in folder.iterdir()))
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_document_reads_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Größe “A” 🦊", "values": [1, 2.5, None, True]})
    assert read_json(tmp_path / "a.json") == {"name": "Größe “A” 🦊", "values": [1, 2.5, None, True]}
    assert names(tmp_path) == ["a.json"]


def test_nan_and_infinity_become_null_and_a_flag(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"loss": math.nan, "rows": [(1.0, math.inf), {"x": -math.inf}], "fine": 0.5})
    document = json.loads((tmp_path / "a.json").read_text(), parse_constant=pytest.fail)
    assert document == {"loss": None, "rows": [[1.0, None], {"x": None}], "fine": 0.5, "nonfinite": True}


def test_the_last_good_copy_is_kept(tmp_path: Path) -> None:
    for number in range(3):
        write_json(tmp_path / "a.json", {"number": number})
    assert read_json(tmp_path / "a.json") == {"number": 2}
    assert read_json(tmp_path / "a.json.prev") == {"number": 1}
    assert names(tmp_path) == ["a.json", "a.json.prev"]


def test_a_crash_between_keeping_and_replacing_leaves_nothing_behind_later(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"number": 0})
    (tmp_path / "a.json.prev").hardlink_to(tmp_path / "a.json")
    write_json(tmp_path / "a.json", {"number": 1})
    assert read_json(tmp_path / "a.json.prev") == {"number": 0}
    assert names(tmp_path) == ["a.json", "a.json.prev"]


def test_what_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"number": 0})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"number": object()})
    assert read_json(tmp_path / "a.json") == {"number": 0}
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'{"a": NaN}'])
def test_a_damaged_file_is_named_with_where_the_good_copy_is(data: bytes, tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"number": 1})
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(Damaged, match=rf"a\.json of {tmp_path.name} is") as alone:
        read_json(tmp_path / "a.json")
    assert alone.value.advice == ""  # it was never changed, so there is none
    write_json(tmp_path / "a.json", {"number": 2})
    (tmp_path / "a.json.prev").write_bytes(b"{}")
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(Damaged, match=r"in a\.json\.prev: copy that over it"):
        read_json(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == data


@pytest.mark.fault
def test_killed_at_any_moment_it_is_old_or_new(tmp_path: Path) -> None:
    code = (
        "import sys, itertools; from pathlib import Path; from aistudio.store.atomic import write_json\n"
        "for n in itertools.count(): write_json(Path(sys.argv[1]), {'n': n, 'same': [n] * 2000})"
    )
    path = tmp_path / "a.json"
    dice = random.Random(1)
    last = -1
    for _ in range(8):
        path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", code, str(path)])
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(dice.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for name in ("a.json", "a.json.prev"):
            if (tmp_path / name).exists():
                document = read_json(tmp_path / name)
                assert document["same"] == [document["n"]] * 2000
        last = read_json(path)["n"]
        remove_unfinished(tmp_path)
        assert set(names(tmp_path)) <= {"a.json", "a.json.prev"}
    assert last >= 0


@pytest.mark.fault
def test_a_full_disk_leaves_the_old_document(tmp_path: Path) -> None:
    """On a disk of 256 KB in a mount namespace of its own."""
    command = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", command, "sh", str(tmp_path), sys.executable, FULL_DISK],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    assert done.stderr == ""
    assert done.stdout.startswith("28\n")
    assert '"value": "old"' in done.stdout
    assert "['a.json', 'ballast']" in done.stdout
