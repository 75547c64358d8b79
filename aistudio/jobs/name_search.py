"""Searches many names for a regular expression somebody typed, in a process of its own that may take only so long."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from aistudio.errors import BadInput

SECONDS = 5.0
BYTES = 2**30
_SCRIPT = Path(__file__).with_name("name_search_script.py")


def found_in(pattern: str, names: Sequence[str]) -> list[tuple[str | None, ...] | None]:
    """For each name what the groups of the expression found, or all that it found if it has none; None for no match.

    Raises BadInput where that takes too long or too much memory: an expression can be made to take for ever.
    """
    command = [sys.executable, "-I", "-S", str(_SCRIPT), str(int(SECONDS) + 1), str(BYTES)]
    question = json.dumps([pattern, list(names)]).encode()
    advice = "Write it more simply, without repeats inside repeats such as (a+)+."
    try:
        answer = subprocess.run(command, input=question, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BadInput(f"The pattern {pattern} takes longer than {SECONDS:g} s.", advice) from None
    if answer.returncode:
        raise BadInput(f"The pattern {pattern} takes too much memory.", advice)
    return [None if one is None else tuple(one) for one in json.loads(answer.stdout)]
