"""The samples of the machine of all attempts of an experiment, one after the other."""

import threading
from typing import NamedTuple

from aistudio.jobs.readers import Pace
from aistudio.schema.system import SystemSample
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.system import SystemTail

PACE_SECONDS = 1.0


class Moment(NamedTuple):
    """`time`: seconds of training, never less than in the moment before."""

    attempt: int
    time: float
    sample: SystemSample


class SystemReader:
    """Reads what is new at most once a second, however many look."""

    def __init__(self, folder: ExperimentFolder) -> None:
        self._folder = folder
        self._tails: dict[int, SystemTail] = {}
        self._moved: dict[int, float] = {}
        self._moments: list[Moment] = []
        self._pace = Pace(PACE_SECONDS)
        self._lock = threading.Lock()

    def moments(self) -> list[Moment]:
        with self._lock:
            if self._pace.due():
                self._follow()
            return list(self._moments)

    def _follow(self) -> None:
        jobs = {int(job.path.name[8:]): job for job in self._folder.attempts()}
        if not self._tails.keys() <= jobs.keys():  # the run was taken back to its beginning
            self._tails, self._moved, self._moments = {}, {}, []
        for attempt, job in jobs.items():
            for sample in self._tails.setdefault(attempt, SystemTail(job.system)).read():
                self._moments.append(Moment(attempt, sample.elapsed + self._move(attempt, sample.elapsed), sample))

    def _move(self, attempt: int, begin: float) -> float:
        """An attempt counts on from the last logged step of the one before, which went on for a while after it."""
        if attempt not in self._moved:
            end = self._moments[-1].time if self._moments else 0.0
            self._moved[attempt] = max(end - begin, 0.0)
        return self._moved[attempt]
