"""One thing that was found out about a split, in a sentence: all is well, beware, or good to know."""

from typing import Literal

from nicegui import ui

Tone = Literal["good", "wait", "muted"]
ICONS: dict[Tone, str] = {"good": "check_circle", "wait": "warning", "muted": "info"}


class Finding:
    def __init__(self) -> None:
        with ui.row().classes("items-start no-wrap gap-2") as self._row:
            self._icon = ui.icon("", size="18px").props("aria-hidden=true")
            self._words = ui.label().props("role=status")

    def tell(self, words: str, tone: Tone) -> None:
        self._words.set_text(words)
        for element in (self._icon, self._words):
            element.classes(add=tone, remove=" ".join(one for one in ICONS if one != tone))
        self._icon.set_name(ICONS[tone])
        self._row.set_visibility(bool(words))
