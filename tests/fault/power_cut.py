"""What a power cut may leave of a folder: records what a process does to it, and lists every state that POSIX allows.

Bytes are safe after fsync of their file, names after fsync of their folder, a move between two folders after fsync of
both. Before that each change on its own may be there or not, in any order, and of bytes that were not synced any part
at the end may be missing.
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
NAMING = ("rename", "renameat", "link", "linkat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat")
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
        call = _call(name, numbers[name], match[3], folder)
        if call is not None:
            yield call


def _call(name: str, number: int, arguments: str, folder: Path) -> Call | None:
    texts = [(_plain(quoted), _plain(shown)) for quoted, shown in _TEXT.findall(arguments)]
    if name == "write" and arguments.startswith("1<"):
        return Call("promise", number, data=texts[-1][0])
    data = texts.pop()[0] if name == "write" else b""
    paths = tuple(path.relative_to(folder).as_posix() for path in _paths(texts) if path.is_relative_to(folder))
    if not paths or (name == "openat" and "O_CREAT" not in arguments and "O_DIRECTORY" not in arguments):
        return None
    assert name not in UNKNOWN and "O_TRUNC" not in arguments, f"the model does not know {name}({arguments})"
    return Call(name, number, paths, data, creates="O_CREAT" in arguments)


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _paths(texts: Sequence[tuple[bytes, bytes]]) -> list[Path]:
    """Of each quoted name, seen from the open folder before it; without one, that of the open file itself."""
    base, found = Path("/"), []
    for quoted, shown in texts:
        if shown:
            base = Path(shown.decode())
        else:
            found.append(base / quoted.decode())
    return found or [base]


Entry = tuple[int, str]  # a name in the folder with that inode


@dataclass
class Change:
    """Names that come or go together: a rename is one change. It is safe when all its folders were synced."""

    names: dict[Entry, int | None]
    unsynced: set[int]


@dataclass
class Disk:
    """`changes` is everything that was done to names; what a process sees is the outcome of all of them."""

    changes: list[Change] = field(default_factory=list)
    content: dict[int, bytes] = field(default_factory=dict)
    synced: dict[int, int] = field(default_factory=dict)
    _inodes: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    @property
    def names(self) -> dict[str, int]:
        return _reachable(_outcome(self.changes))

    def apply(self, call: Call) -> None:
        names = self.names
        match call.name:
            case "openat" if call.creates and call.paths[-1] not in names:
                self._add(call.paths[-1], next(self._inodes), b"")
            case "mkdir" | "mkdirat":
                self._change({call.paths[-1]: next(self._inodes)})
            case "write":
                self.content[names[call.paths[0]]] += call.data
            case "fsync" | "fdatasync":
                self._sync(names[call.paths[0]])
            case "link" | "linkat":
                self._change({call.paths[1]: names[call.paths[0]]})
            case "unlink" | "unlinkat" | "rmdir":
                self._change({call.paths[0]: None})
            case "rename" | "renameat" if names[call.paths[0]] != names.get(call.paths[1]):
                self._change({call.paths[0]: None, call.paths[1]: names[call.paths[0]]})

    def _add(self, path: str, inode: int, content: bytes) -> None:
        self.content[inode], self.synced[inode] = content, 0
        self._change({path: inode})

    def _change(self, wanted: dict[str, int | None]) -> None:
        names = self.names
        entries = {(names[_parent(path)], PurePosixPath(path).name): inode for path, inode in wanted.items()}
        self.changes.append(Change(entries, {folder for folder, _ in entries}))

    def _sync(self, inode: int) -> None:
        if inode in self.content:
            self.synced[inode] = len(self.content[inode])
        for change in self.changes:
            change.unsynced.discard(inode)

    def states(self) -> Iterator[State]:
        """Every state that a power cut now may leave."""
        open_ones = [change for change in self.changes if change.unsynced]
        for chosen in product((False, True), repeat=len(open_ones)):
            lost = {id(change) for change, there in zip(open_ones, chosen, strict=True) if not there}
            yield from self._with_contents(
                _reachable(_outcome([change for change in self.changes if id(change) not in lost]))
            )

    def _with_contents(self, names: dict[str, int]) -> Iterator[State]:
        inodes = sorted({inode for inode in names.values() if inode in self.content})
        for contents in product(*(self._remains(inode) for inode in inodes)):
            known = dict(zip(inodes, contents, strict=True))
            yield {path: known.get(inode) for path, inode in names.items() if path != "."}

    def _remains(self, inode: int) -> list[bytes]:
        whole, safe = self.content[inode], self.synced[inode]
        return list({whole, whole[:safe], whole[: (safe + len(whole)) // 2]})


def _outcome(changes: Sequence[Change]) -> dict[Entry, int]:
    names: dict[Entry, int | None] = {}
    for change in changes:
        names.update(change.names)
    return {entry: inode for entry, inode in names.items() if inode is not None}


def _reachable(entries: dict[Entry, int]) -> dict[str, int]:
    """Inodes by path from the folder on; what hangs on nothing is lost."""
    found, waiting = {".": 0}, [("", 0)]
    while waiting:
        path, folder = waiting.pop()
        for (parent, name), inode in entries.items():
            if parent == folder:
                found[f"{path}{name}"] = inode
                waiting.append((f"{path}{name}/", inode))
    return found


def _parent(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()


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
