"""What a power cut may leave of a folder: records what a process does to it, and lists every state that POSIX allows.

Bytes are safe after fsync of their file, names after fsync of their folder. Before that each change on its own may be
there or not, in any order, and of bytes that were not synced any part at the end may be missing.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
WRITING = ("openat", "write", "fsync", "fdatasync")
NAMING = ("rename", "renameat", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat")
UNKNOWN = ("truncate", "ftruncate", "renameat2")
CHANGES = (*WRITING, *NAMING, *UNKNOWN)

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

State = dict[str, bytes | None]  # by path below the folder; None is a folder


@dataclass(frozen=True)
class Call:
    """One system call: `number` counts those of its name in the process, `paths` are relative to the folder."""

    name: str
    number: int
    paths: tuple[str, ...] = ()
    data: bytes = b""
    creates: bool = False


def run_traced(log: Path, script: str, *args: object, inject: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    """`python -c script args`, with each call that changes files in `log`; `inject` are errors for strace(1)."""
    options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", "999999999", f"--trace={','.join(CHANGES)}", "-o", str(log)]
    options += [f"--inject={one}" for one in inject]
    command = ["strace", *options, sys.executable, "-B", "-c", script, *map(str, args)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


def record(log: Path, folder: Path, script: str, *args: object) -> list[Call]:
    """What the script does in `folder`, and what it prints: then something was promised to the user."""
    done = run_traced(log, script, *args)
    assert done.returncode == 0, done.stderr
    return list(_parse(log.read_text(), folder))


_LINE = re.compile(r"(\d+)\s+(\w+)\((.*)\)\s+= (\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"|<((?:\\x[0-9a-f]{2})+)>')


def _parse(log: str, folder: Path) -> Iterator[Call]:
    numbers: dict[str, int] = {}
    first = log.split(maxsplit=1)[0]
    for line in log.splitlines():
        thread, _, rest = line.partition(" ")
        name = rest.strip().partition("(")[0]
        if thread != first or name not in CHANGES:
            continue
        numbers[name] = numbers.get(name, 0) + 1
        if (match := _LINE.match(line)) is None:
            continue
        texts = [bytes.fromhex((text or shown).replace("\\x", "")) for text, shown in _TEXT.findall(match[3])]
        call = _call(name, numbers[name], match[3], texts, folder)
        if call is not None:
            yield call


def _call(name: str, number: int, arguments: str, texts: list[bytes], folder: Path) -> Call | None:
    if name == "write" and arguments.startswith("1<"):
        return Call("promise", number, data=texts[-1])
    data = texts.pop() if name == "write" else b""
    found = [Path(text.decode()) for text in texts if text.startswith(b"/")]
    paths = tuple(path.relative_to(folder).as_posix() for path in found if path.is_relative_to(folder))
    if not paths or (name == "openat" and "O_CREAT" not in arguments and "O_DIRECTORY" not in arguments):
        return None
    assert name not in UNKNOWN and "O_TRUNC" not in arguments, f"the model does not know {name}({arguments})"
    return Call(name, number, paths, data, creates="O_CREAT" in arguments)


@dataclass
class Change:
    """Names that come or go together: a rename is one change."""

    folder: str
    names: dict[str, int | None]


@dataclass
class Disk:
    """`names` are what a process sees, `safe` those that a power cut cannot take any more."""

    names: dict[str, int] = field(default_factory=lambda: {".": 0})
    safe: dict[str, int] = field(default_factory=lambda: {".": 0})
    changes: list[Change] = field(default_factory=list)
    content: dict[int, bytes] = field(default_factory=dict)
    synced: dict[int, int] = field(default_factory=dict)
    _inodes: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    def apply(self, call: Call) -> None:
        match call.name:
            case "openat" if call.creates and call.paths[-1] not in self.names:
                self._add(call.paths[-1], next(self._inodes), b"")
            case "mkdir" | "mkdirat":
                self._change({call.paths[-1]: next(self._inodes)})
            case "write":
                inode = self.names[call.paths[0]]
                self.content[inode] += call.data
            case "fsync" | "fdatasync":
                self._sync(call.paths[0])
            case "link" | "linkat":
                self._change({call.paths[1]: self.names[call.paths[0]]})
            case "unlink" | "unlinkat":
                self._change({call.paths[0]: None})
            case "rename" | "renameat" if self.names[call.paths[0]] != self.names.get(call.paths[1]):
                self._change({call.paths[0]: None, call.paths[1]: self.names[call.paths[0]]})

    def _add(self, path: str, inode: int, content: bytes) -> None:
        self.content[inode], self.synced[inode] = content, 0
        self._change({path: inode})

    def _change(self, names: dict[str, int | None]) -> None:
        (folder,) = {_parent(path) for path in names}
        self.changes.append(Change(folder, names))
        self.names = _changed(self.names, names)

    def _sync(self, path: str) -> None:
        inode = self.names[path]
        if inode in self.content:
            self.synced[inode] = len(self.content[inode])
            return
        for change in self.changes:
            if change.folder == path:
                self.safe = _changed(self.safe, change.names)
        self.changes = [change for change in self.changes if change.folder != path]

    def states(self) -> Iterator[State]:
        """Every state that a power cut now may leave."""
        for chosen in product((False, True), repeat=len(self.changes)):
            names = self.safe
            for change, there in zip(self.changes, chosen, strict=True):
                names = _changed(names, change.names) if there else names
            yield from self._with_contents({path: inode for path, inode in names.items() if _reachable(path, names)})

    def _with_contents(self, names: dict[str, int]) -> Iterator[State]:
        inodes = sorted({inode for inode in names.values() if inode in self.content})
        for contents in product(*(self._remains(inode) for inode in inodes)):
            known = dict(zip(inodes, contents, strict=True))
            yield {path: known.get(inode) for path, inode in names.items() if path != "."}

    def _remains(self, inode: int) -> list[bytes]:
        whole, safe = self.content[inode], self.synced[inode]
        return list({whole, whole[:safe], whole[: (safe + len(whole)) // 2]})


def _changed(names: dict[str, int], change: dict[str, int | None]) -> dict[str, int]:
    return {path: inode for path, inode in {**names, **change}.items() if inode is not None}


def _parent(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()


def _reachable(path: str, names: dict[str, int]) -> bool:
    return path == "." or (_parent(path) in names and _reachable(_parent(path), names))


def power_cuts(calls: Sequence[Call]) -> Iterator[tuple[int, State]]:
    """Each different state after each call, with how many promises were made until then."""
    disk, promises = Disk(), 0
    seen: set[tuple[int, frozenset[tuple[str, bytes | None]]]] = set()
    for call in calls:
        promises += call.name == "promise"
        disk.apply(call)
        for state in disk.states():
            key = promises, frozenset(state.items())
            if key not in seen:
                seen.add(key)
                yield promises, state


def final(calls: Sequence[Call]) -> State:
    """What is there if the power stays on."""
    disk = Disk()
    for call in calls:
        disk.apply(call)
    return {path: disk.content.get(inode) for path, inode in disk.names.items() if path != "."}


def on_disk(folder: Path) -> State:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


def materialise(state: State, folder: Path) -> Path:
    """That state as a real folder; what was there before goes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, content in sorted(state.items()):
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)
    return folder
