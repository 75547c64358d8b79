"""The check report of a version as a table, to go through what was left out with the files at hand."""

import csv
import sys
from io import StringIO

from aistudio.service.datasets import problems
from aistudio.studio import Studio

COLUMNS = ("effect", "kind", "file", "line", "message")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(studio: Studio, pid: str, version: int | None = None) -> str:
    """CSV, what was left out first. A cell that a spreadsheet would take for a formula has an apostrophe before it."""
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in problems(studio, pid, 1, sys.maxsize, version=version).problems:
        writer.writerow([one.effect, one.kind, _cell(one.file), one.line, _cell(one.message)])
    return lines.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
