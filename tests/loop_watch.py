"""A server whose event loop is watched: how long each callback held it."""

import json
from pathlib import Path

LIMIT_SECONDS = 0.1

# A module run as a program, with the CPU time of each callback measured: [seconds, callback] of each longer one goes
# into the file. Without uvloop, which runs callbacks where nobody can measure them; they are the same.
_LAUNCHER = """
import asyncio, json, runpy, sys, time
sys.modules["uvloop"] = None

run, out = asyncio.events.Handle._run, open(sys.argv.pop(1), "w", buffering=1)

def awaited(handle):
    part, names = getattr(getattr(handle._callback, "__self__", None), "get_coro", lambda: None)(), []
    while part is not None:
        names.append(getattr(part, "__qualname__", type(part).__name__))
        part = getattr(part, "cr_await", None)
    return names

def timed(handle):
    names, began = awaited(handle), time.thread_time()
    try:
        run(handle)
    finally:
        seconds = time.thread_time() - began
        if seconds > 0.01:
            print(json.dumps([round(seconds, 4), " > ".join(names) or repr(handle)]), file=out)

asyncio.events.Handle._run = timed
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""


def timed(folder: Path, module: str) -> list[str]:
    """Arguments of Python in place of `-m MODULE`; what is measured is written into the folder."""
    return ["-c", _LAUNCHER, f"{folder}/callbacks", module]


def callbacks(folder: Path) -> list[tuple[float, str]]:
    """CPU seconds and name of each longer callback so far."""
    lines = (folder / "callbacks").read_text().splitlines()
    return [(seconds, name) for seconds, name in map(json.loads, lines)]


def too_long(folder: Path, since: int = 0) -> list[tuple[float, str]]:
    """Those that held the loop for longer than they may, but for the first so many."""
    measured = callbacks(folder)
    assert measured, "nothing was measured: is it another event loop?"
    return [(seconds, name[-300:]) for seconds, name in measured[since:] if seconds > LIMIT_SECONDS]
