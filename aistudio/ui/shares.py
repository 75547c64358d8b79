"""Shares that add up to 100 %, each with a slider and a field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nicegui import ui

WHOLE = 1000


@dataclass(frozen=True)
class Share:
    """`empty`: it may be nothing at all."""

    key: str
    title: str
    empty: bool = False


class Shares(ui.element, component="shares.js"):
    """Values are tenths of a per cent by key. The browser keeps their sum; what it reports is checked again.

    Values from outside are numbered: only new ones count there, not what the browser told coming back late.
    """

    def __init__(
        self, label: str, parts: Sequence[Share], value: Mapping[str, int], on_change: Callable[[dict[str, int]], None]
    ) -> None:
        super().__init__()
        self._keys = [part.key for part in parts]
        self._on_change = on_change
        self._props["label"] = label
        self._props["parts"] = [asdict(part) for part in parts]
        self._value = dict(value)
        self._props["given"] = {"number": 0, "value": self._value}
        self.on("shared", lambda event: self._changed(event.args))

    def put(self, value: Mapping[str, int]) -> None:
        """Other values from outside."""
        if value != self._value:
            self._value = dict(value)
            self._props["given"] = {"number": self._props["given"]["number"] + 1, "value": self._value}

    def _changed(self, told: Any) -> None:
        value = {key: int(told[key]) for key in self._keys}
        if sum(value.values()) == WHOLE and min(value.values()) >= 0:
            self._value = value
            self._on_change(value)
