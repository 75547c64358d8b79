"""Where the trained weights would come from, said beside Pretrained before a run needs them."""

import asyncio

from nicegui import ui

from aistudio.service.weights import Origin, folder_words, origin
from aistudio.studio import Studio
from aistudio.ui.latest import Latest

PAUSE = 0.1


class WeightsLine:
    """Looks at the files each time it is asked, since somebody may just have put one there."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._wanted: str | None = None
        self._label = ui.label().classes("muted weights-line").props("role=status")
        self._label.set_visibility(False)
        self._latest = Latest(self._look, lambda: not self._label.is_deleted, PAUSE)

    def show(self, backbone: str | None) -> None:
        """None where no trained weights are wanted."""
        self._wanted = backbone
        if backbone is None:
            self._label.set_visibility(False)
        else:
            self._latest.ask(backbone)

    async def _look(self, backbone: str) -> None:
        found = await asyncio.to_thread(origin, self._studio, backbone)
        if backbone == self._wanted and not self._label.is_deleted:
            self._label.set_text(_words(found, folder_words(self._studio)))
            self._label.classes(replace="wait weights-line" if found.place == "nowhere" else "muted weights-line")
            self._label.set_visibility(True)


def _words(found: Origin, folder: str) -> str:
    otherwise = f"Without it, put {found.file} into {folder}."
    match found.place:
        case "folder":
            return f"Weights: in the weights folder ({found.file})."
        case "cache":
            return "Weights: cached on this machine by an earlier download."
        case "download":
            about = f" (about {found.megabytes} MB)" if found.megabytes else ""
            return f"Weights: will be downloaded{about}, which needs internet. {otherwise}"
        case "nowhere":
            return f"Weights: not on this machine, {found.why}. Put {found.file} into {folder}."
        case "unknown":
            return f"Weights: will be downloaded unless they are on this machine, which needs internet. {otherwise}"
