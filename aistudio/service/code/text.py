"""Python as text: values, calls, and what of the imports a script uses."""

import re
from collections.abc import Mapping
from typing import Any

WIDTH = 120
IMPORT = re.compile(r"(from \S+ )?import (.+)")


def literal(value: Any) -> str:
    """As ruff writes it: with double quotes."""
    text = repr(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text


def remark(text: str) -> str:
    """A name for a comment or a docstring: it may not end either."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(plain.replace("\\", "/").replace('"', "'").split()) or "without a name"


def call(function: str, arguments: Mapping[str, str], indent: int, before: str = "", behind: str = "") -> str:
    """What stands before the call, the call, and what stands behind: on one line where it fits, else with an argument
    on each. A name that begins with * stands for no keyword.
    """
    parts = [text if name.startswith("*") else f"{name}={text}" for name, text in arguments.items()]
    line = f"{before}{function}({', '.join(parts)}){behind}"
    if indent + len(line) <= WIDTH:
        return line
    inner = " " * (indent + 4)
    return "\n".join([f"{before}{function}(", *(f"{inner}{part}," for part in parts), f"{' ' * indent}){behind}"])


def without_unused(script: str) -> str:
    """The script with those imports alone that it uses."""
    lines = script.split("\n")
    body = "\n".join(line for line in lines if not IMPORT.fullmatch(line))
    return "\n".join(kept for line in lines if (kept := _used(line, body)) is not None)


def _used(line: str, body: str) -> str | None:
    match = IMPORT.fullmatch(line)
    if match is None:
        return line
    kept = [name for name in match[2].split(", ") if re.search(rf"\b{name.split(' as ')[-1]}\b", body)]
    return f"{match[1] or ''}import {', '.join(kept)}" if kept else None
