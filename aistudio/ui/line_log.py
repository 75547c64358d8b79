"""Lines of text that grow at the end, with a filter by level; drawn in the browser."""

from collections.abc import Sequence

from nicegui import ui

MOST = 5000


class LineLog(ui.element, component="line_log.js"):
    def __init__(self, label: str) -> None:
        super().__init__()
        self._props["label"] = label
        self._props["most"] = MOST

    def add(self, lines: Sequence[tuple[str, str]], unfinished: tuple[str, str] | None, reset: bool) -> None:
        """Lines as (level, text). `unfinished` replaces the last one of its kind; `reset` forgets what was there."""
        fresh = [{"level": level, "text": text} for level, text in lines]
        last = {"level": unfinished[0], "text": unfinished[1]} if unfinished else None
        self.run_method("add", fresh, last, reset)

    def set_download(self, address: str) -> None:
        self._props["download"] = address
        self.update()
