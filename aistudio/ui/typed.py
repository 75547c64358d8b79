"""Values as people type them, and back."""

import contextlib
import re
from typing import Any


def text_of(value: Any) -> str:
    """A value as it is typed: 0.0001 as 1e-4 would be, lists with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(text_of(part) for part in value)
    if isinstance(value, float):
        return re.sub(r"e-0*", "e-", f"{value:.10g}")
    return "" if value is None else str(value)


def number_of(text: str) -> Any:
    """The number that was typed, or the text itself for the model to complain about."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            value = kind(text.strip())
            if abs(value) < 2**63:  # neither NaN, nor infinity, nor what JSON cannot hold
                return value
    return text.strip()


def numbers_of(text: str) -> list[Any]:
    return [number_of(part) for part in text.replace(";", ",").split(",") if part.strip()]
