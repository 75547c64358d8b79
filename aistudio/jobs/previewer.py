"""Makes previews with a warm worker: at most one for a server, started when it is first needed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from aistudio.errors import JobFailed, StartFailed, WorkerLost
from aistudio.jobs.launchers.standby import StandbyWorker
from aistudio.jobs.steps import AnyLine
from aistudio.jobs.tail import Tail
from aistudio.jobs.turns import Turns
from aistudio.schema.events import ImagePreviewed, PreviewJobRequest
from aistudio.schema.experiment import Failure
from aistudio.schema.preview import Preview
from aistudio.store.previews import PreviewFolder, Previews

LOOK_SECONDS = 0.01
END_SECONDS = 2.0

Shown = Callable[[Preview], None]


@dataclass(frozen=True)
class PreviewLimits:
    """Seconds: how long a preview may take, the start of the worker included, and how long an idle worker stays."""

    request: float = 60.0
    idle: float = 300.0


class Previewer:
    def __init__(self, previews: Previews, limits: PreviewLimits | None = None) -> None:
        self._previews = previews
        self._limits = limits or PreviewLimits()
        self._turns = Turns()
        self._worker: StandbyWorker | None = None
        self._lock = threading.Lock()
        self._closed = False

    def warm(self) -> None:
        """Starts the worker unless it is there; does not wait for it. Raises StartFailed."""
        self._ready()

    def render(self, request: PreviewJobRequest, page: str | None = None, shown: Shown | None = None) -> Preview:
        """Waits until it is made, one after the other. `shown` gets what there is after each image, unless all is.

        Raises Superseded if `page` asks again before it is begun, WorkerLost, StartFailed, or what the worker says.
        """
        folder = self._previews.of(request)
        if (known := _known(folder)) is not None:
            return known
        with self._turns.take(page):
            return _known(folder) or self._make(folder, request, shown)

    def close(self) -> None:
        """Ends the worker; what is under way fails."""
        with self._lock:
            self._closed = True
            if self._worker is not None:
                self._worker.end(END_SECONDS)

    def waiting(self) -> int:
        """How many requests have not begun."""
        return self._turns.waiting()

    @property
    def pid(self) -> int | None:
        """Of the worker, if there is one."""
        worker = self._worker
        return worker.pid if worker is not None and worker.alive() else None

    def _make(self, folder: PreviewFolder, request: PreviewJobRequest, shown: Shown | None) -> Preview:
        """An idle worker may end just when it is asked: then the next one is."""
        self._previews.prune()
        until = time.monotonic() + self._limits.request
        for _ in range(2):
            folder.clear()
            folder.job.write_request(request)
            worker = self._ready()
            worker.send(folder.path)
            self._follow(folder, worker, until, _Teller(folder, request, shown))
            if folder.job.worker() is not None:
                return _result(folder, worker)
        raise StartFailed(f"The worker for previews {worker.fate()} before it began.", "Its log is in .cache/previews.")

    def _follow(self, folder: PreviewFolder, worker: StandbyWorker, until: float, teller: "_Teller") -> None:
        """Until its last word, or its end. One that takes too long is ended."""
        tail, over = Tail(folder.job.events), False
        while not over:
            over = not worker.alive() or folder.job.verdict() is not None  # asked before its words are read
            for event in tail.read():
                teller.tell(event)
            if not over and time.monotonic() > until:
                worker.end()
                raise WorkerLost(
                    f"The preview took longer than {self._limits.request:g} s, so it was ended.",
                    "Show fewer or smaller images, or make them smaller first in the list.",
                )
            time.sleep(0 if over else LOOK_SECONDS)

    def _ready(self) -> StandbyWorker:
        """The worker; a new one if the last one is gone."""
        with self._lock:
            if self._closed:
                raise WorkerLost("The server is closing.")
            if self._worker is None or not self._worker.alive():
                if self._worker is not None:
                    self._worker.end()
                try:
                    self._worker = StandbyWorker(self._previews.root, self._limits.idle)
                except OSError as error:
                    raise StartFailed(f"The worker for previews could not be started: {error}.") from error
            return self._worker


class _Teller:
    """Tells whoever wants to know what the preview is so far."""

    def __init__(self, folder: PreviewFolder, request: PreviewJobRequest, shown: Shown | None) -> None:
        kinds = [str(transform["kind"]) for transform in request.transforms]
        self._preview = Preview(id=folder.id, project=request.project, steps=kinds, images=[])
        self._shown = shown

    def tell(self, event: AnyLine) -> None:
        if isinstance(event, ImagePreviewed) and self._shown is not None:
            self._preview = self._preview.model_copy(update={"images": [*self._preview.images, event.image]})
            self._shown(self._preview)


def _known(folder: PreviewFolder) -> Preview | None:
    """Not if an image could not be read: it may have been mended."""
    known = folder.read()
    if known is None or any(image.error for image in known.images):
        return None
    folder.touch()
    return known


def _result(folder: PreviewFolder, worker: StandbyWorker) -> Preview:
    verdict, preview = folder.job.verdict(), folder.read()
    if verdict is not None and verdict.error is not None:
        raise _as_error(verdict.error)
    if preview is None:
        raise WorkerLost(f"The worker for previews {worker.fate()} in the middle of its work.", "Ask again.")
    return preview


def _as_error(failure: Failure) -> JobFailed:
    kinds = {kind.__name__: kind for kind in JobFailed.__subclasses__()}
    return kinds.get(failure.type, JobFailed)(failure.message, failure.advice)
