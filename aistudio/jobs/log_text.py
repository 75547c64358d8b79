"""A line of a log as text to show, and how serious it is."""

import re

from aistudio.schema.console import Level

LONGEST = 2000
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, moves of the cursor (ECMA-48)
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # strings: titles, links
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_LOGGED = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S* +\[?(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
_NATIVE = re.compile(r"(?:\[rank\d+\]: ?)?\[([IWEF])\d{0,4} ")  # torch's own: [W1122 21:00:01 file.cpp:12] …
_NAMED = re.compile(r"\W{0,3}(warning|error|fatal|critical) ?[:\]|-]", re.IGNORECASE)
_PYTHON_WARNING = re.compile(r"\S[^:]*:\d+: \w*Warning: |[\w.]*Warning: ")
_EXCEPTION = re.compile(r"[\w.]*(?:Error|Exception|KeyboardInterrupt)(?:: |$)")
_TRACEBACK = "Traceback (most recent call last):"
_DEATHS = (
    "Fatal Python error",
    "Segmentation fault",
    "Killed",
    "Aborted",
    "terminate called",
    "During handling of the above exception",
    "The above exception was the direct cause",
)
_LETTERS: dict[str, Level] = {"I": "info", "W": "warning", "E": "error", "F": "error"}
_WORDS: dict[str, Level] = {"debug": "info", "info": "info", "warning": "warning"}


def readable(line: bytes) -> str:
    """Without colours and controls. Of what was printed over itself (a progress bar) the last stays."""
    text = _ESCAPES.sub("", line.decode(errors="replace"))
    last = next((part for part in reversed(text.split("\r")) if part.strip()), "")
    shown = _CONTROLS.sub("", last).rstrip()
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


class Levels:
    """Judges one line after the other, because what is indented belongs to a traceback or a warning before it."""

    def __init__(self) -> None:
        self._block: Level = "info"

    def of(self, text: str) -> Level:
        if _TRACEBACK in text:
            self._block = "error"
            return "error"
        if self._block != "info" and text[:1] in (" ", "\t"):
            return self._block
        level = "error" if self._block == "error" and text else alone(text)  # the line that names the exception
        self._block = "warning" if _PYTHON_WARNING.match(text) else "info"
        return level


def alone(text: str) -> Level:
    """What can be said of a line without those before it."""
    if found := _LOGGED.match(text):
        return _WORDS.get(found[1].lower(), "error")
    if found := _NATIVE.match(text):
        return _LETTERS[found[1]]
    if found := _NAMED.match(text):
        return _WORDS.get(found[1].lower(), "error")
    if _PYTHON_WARNING.match(text):
        return "warning"
    return "error" if text.startswith(_DEATHS) or _EXCEPTION.match(text) else "info"
