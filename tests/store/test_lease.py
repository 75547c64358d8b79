"""Leases: who lives, as the kernel knows it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aistudio.errors import BadInput, WorkspaceLocked
from aistudio.store.lease import Lease, is_held
from aistudio.store.process import boot_id, identity, is_running, orphans, start_ticks
from aistudio.store.workspace import Workspace
from tests.fixtures import until

HOLD = "import sys, time; from pathlib import Path; from aistudio.store.lease import Lease\n"
KEEP = HOLD + "lease = Lease.acquire(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
FORK = HOLD + (
    "import os; lease = Lease.acquire(Path(sys.argv[1])); child = os.fork()\n"
    "if child: print(child, flush=True); os._exit(0)\n"
    "time.sleep(60)"
)
PROBE = (
    "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_SH)\n"
    "print('looks', flush=True); sys.stdin.read()"
)
OPEN = (
    "import sys; from pathlib import Path; from aistudio.store.workspace import Workspace\n"
    "Workspace(Path(sys.argv[1])).lock('the other one'); print('open', flush=True); sys.stdin.read()"
)


def holder(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_one_holds_it_and_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "lease.lock"
    assert not is_held(path)
    assert not path.exists()
    lease = Lease.acquire(path)
    assert lease is not None
    assert is_held(path)
    assert Lease.acquire(path, patience=0.02) is None
    lease.release()
    assert not is_held(path)


def test_who_asks_at_the_same_time_is_not_taken_for_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "lease.lock"
    path.touch()
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.extend(is_held(path) for _ in range(3000))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), any(answers)) == (9000, False)


@pytest.mark.fault
def test_a_killed_holder_frees_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "lease.lock"
    process = holder(KEEP, path)
    assert line(process) == "held"
    assert is_held(path)
    end(process)
    assert not is_held(path)


@pytest.mark.fault
def test_a_forked_child_keeps_it_until_it_dies_too(tmp_path: Path) -> None:
    path = tmp_path / "lease.lock"
    process = holder(FORK, path)
    child = int(line(process))
    process.wait()
    assert is_held(path)
    os.kill(child, signal.SIGKILL)
    until(lambda: not is_held(path), "the child's lease is free")
    process.communicate()


def test_probing_does_not_keep_a_worker_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "lease.lock"
    path.touch()
    done = threading.Event()

    def probe() -> None:
        while not done.is_set():
            is_held(path)

    threads = [threading.Thread(target=probe) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            lease = Lease.acquire(path)
            assert lease is not None
            lease.release()
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.fault
def test_a_probe_that_stands_still_is_not_taken_for_a_holder(tmp_path: Path) -> None:
    """A server may be stopped in just that moment; a worker that starts then does not leave."""
    path = tmp_path / "lease.lock"
    path.touch()
    process = holder(PROBE, path)
    assert line(process) == "looks"
    process.send_signal(signal.SIGSTOP)
    threading.Timer(0.5, end, [process]).start()
    lease = Lease.acquire(path, patience=0.1)
    assert lease is not None
    assert is_held(path)
    lease.release()


def test_the_workspace_has_one_writer_and_a_second_is_told_who(tmp_path: Path) -> None:
    process = holder(OPEN, tmp_path / "w")
    assert line(process) == "open"
    with pytest.raises(WorkspaceLocked, match=rf"in use by the other one \(process {process.pid} on "):
        Workspace(tmp_path / "w").lock("me")
    end(process)
    workspace = Workspace(tmp_path / "w")
    workspace.lock("me")
    workspace.unlock()


@pytest.mark.parametrize("note", [b"", b"[]", b"{}", b"\xff", b'"x"'])
def test_a_lock_without_a_readable_name_is_still_a_lock(note: bytes, tmp_path: Path) -> None:
    lease = Lease.acquire(tmp_path / "workspace.lock")
    assert lease is not None
    with lease:
        lease.write(note)
        with pytest.raises(WorkspaceLocked, match="in use by another process"):
            Workspace(tmp_path).lock("me")


def test_a_file_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "w").touch()
    for path in (tmp_path / "w", tmp_path / "w/inner"):
        with pytest.raises(BadInput, match="is not a folder"):
            Workspace(path).lock("me")


def test_a_process_is_known_by_more_than_its_pid() -> None:
    me = identity(3)
    assert (me.attempt, me.pid, me.boot_id) == (3, os.getpid(), boot_id())
    assert is_running(me)
    assert not is_running(me.model_copy(update={"start_ticks": me.start_ticks + 1}))
    assert not is_running(me.model_copy(update={"boot_id": "another"}))


def test_a_zombie_does_not_run() -> None:
    process = subprocess.Popen(["true"])
    until(lambda: start_ticks(process.pid) is None, "it is a zombie")
    process.wait()


def test_what_a_dead_worker_left_running_is_found_and_nobody_else() -> None:
    parent = subprocess.Popen(
        ["sh", "-c", "sleep 600 & echo $!; exec sleep 600"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    child = int(line(parent))
    ticks = start_ticks(parent.pid)
    assert ticks is not None
    worker = identity(1).model_copy(update={"pid": parent.pid, "start_ticks": ticks})
    assert orphans(worker.model_copy(update={"start_ticks": ticks - 1})) == []
    parent.kill()
    parent.wait()
    assert orphans(worker) == [child]
    assert orphans(worker.model_copy(update={"boot_id": "another"})) == []
    os.kill(child, signal.SIGKILL)
    parent.communicate()
