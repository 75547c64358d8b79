"""What pages draw when something has changed: read by one for all of them, see `jobs/feed.py`."""

from dataclasses import dataclass

from aistudio.errors import NotFound
from aistudio.jobs.manager import Change
from aistudio.jobs.run import Run
from aistudio.schema.experiment import Experiment
from aistudio.service import views
from aistudio.service.lineage import Lineage, lineage
from aistudio.studio import Studio


@dataclass(frozen=True)
class News:
    """`experiment` is None for one that is gone; `run` is what it has said, which grows while it trains."""

    project: str
    id: str
    experiment: Experiment | None = None
    origin: Lineage | None = None
    run: Run | None = None


@dataclass(frozen=True)
class NewsReader:
    """Two of one studio are equal, so that the feed reads once for both."""

    studio: Studio

    def __call__(self, change: Change) -> News | None:
        if change.experiment is None:
            return None
        pid, eid = change.project, change.experiment
        try:
            experiment = views.find(self.studio, pid, eid)
            if experiment is None:
                return News(pid, eid)
            origin = lineage(self.studio, pid, experiment)
            return News(pid, eid, experiment, origin, views.said(self.studio, pid, experiment))
        except NotFound:  # deleted in this moment
            return News(pid, eid)


@dataclass(frozen=True)
class Counts:
    """How many runs are on the way, and how many wait."""

    running: int
    waiting: int


@dataclass(frozen=True)
class CountsReader:
    studio: Studio

    def __call__(self, change: object = None) -> Counts:
        manager = self.studio.manager
        return Counts(manager.running(), len(manager.waiting()))
