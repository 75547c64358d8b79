"""What a user may press, each with what the state table says about it: may it be refused, and what becomes of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aistudio.errors import NotFound
from aistudio.schema.experiment import Experiment, ExperimentChange, ResumeRequest, Status
from aistudio.service import experiments, runs, trash
from aistudio.store.experiments import ExperimentFolder
from aistudio.store.trash import Trash
from aistudio.store.workspace import Workspace
from tests.fixtures import ME

# Where the studio's own loop may bring an experiment without anybody doing anything.
BY_ITSELF: dict[Status, set[Status]] = {
    "created": set(),
    "queued": {"training", "completed", "failed", "stopped"},
    "training": {"completed", "failed", "stopped"},
    "completed": set(),
    "failed": set(),
    "stopped": set(),
}
ENDED: set[Status] = {"completed", "failed", "stopped"}


class Model:
    """What each experiment was when it was last looked at, and what lies in the trash."""

    def __init__(self, root: Path, pid: str) -> None:
        self.root = root
        self.pid = pid
        self.seen: dict[str, Experiment] = {}
        self.trash: dict[str, Experiment] = {}

    def folder(self, eid: str) -> ExperimentFolder:
        """As anybody sees it who only reads."""
        return Workspace(self.root).project(self.pid).experiment(eid)

    def look(self, eid: str) -> Experiment:
        """What is stored now; it must be something that the table allows."""
        before, now = self.seen[eid], self.folder(eid).read()
        assert now.status == before.status or now.status in BY_ITSELF[before.status], (before.status, now.status)
        assert (now.attempt, now.name) == (before.attempt, before.name) and now.rev >= before.rev, (before, now)
        if before.status == "queued" and now.status != "queued":
            self._came_in_turn(before)
        self.seen[eid] = now
        return now

    def _came_in_turn(self, one: Experiment) -> None:
        """All run on the one CPU, so whoever stands before it in the queue went before it."""
        ahead = [other for other in self.seen.values() if other.status == "queued" and _place(other) < _place(one)]
        for other in ahead:
            job = self.folder(other.id).attempt(other.attempt)
            assert self.folder(other.id).read().status != "queued" or job.launched(), f"{one.id} overtook {other.id}"

    def waiting(self) -> list[str]:
        return [one.id for one in sorted(self.seen.values(), key=_place) if self.look(one.id).status == "queued"]

    def queued(self, before: Experiment) -> None:
        """Where it stands is what was stored; if it has begun already, nobody stood before it."""
        now = self.folder(before.id).read()
        update = {"status": "queued", "attempt": before.attempt + 1, "queued_at": now.queued_at}
        self.seen[before.id] = before.model_copy(update=update)
        self.placed()
        self.look(before.id)

    def placed(self) -> None:
        """Somebody's place in the queue is new. What was launched is not behind anybody, whatever its place."""
        for one in [one for one in self.seen.values() if one.status == "queued"]:
            place = 0 if self.has_started(one.id) else self.folder(one.id).read().position
            self.seen[one.id] = one.model_copy(update={"position": place})

    def has_started(self, eid: str) -> bool:
        folder = self.folder(eid)
        now = folder.read()
        return now.status != "queued" or folder.attempt(now.attempt).launched() is not None

    def discarded(self, eid: str) -> None:
        """One more lies in the trash, and it is whole."""
        names = {entry.name for entry in Trash(self.root).entries()}
        (name,) = names - set(self.trash)
        place = self.root / ".trash" / name / eid
        self.trash[name] = Experiment.model_validate_json((place / "experiment.json").read_bytes())
        assert not self.trash[name].active

    def is_there(self, eid: str) -> bool:
        try:
            self.folder(eid)
        except NotFound:
            return False
        return True


def _place(experiment: Experiment) -> tuple[int, str]:
    return experiment.position or 0, experiment.queued_at.isoformat() if experiment.queued_at else ""


class Command(ABC):
    """Something that is about to be asked about an experiment."""

    def __init__(self, model: Model, eid: str) -> None:
        self.model = model
        self.eid = eid
        self.before = model.look(eid)

    @abstractmethod
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """The function of the service, and what it gets beside the studio."""

    @abstractmethod
    def refusable(self) -> bool: ...

    @abstractmethod
    def happened(self) -> bool: ...

    @abstractmethod
    def took(self) -> None:
        """It happened: from now on that is what there is."""

    def acknowledged(self) -> None:
        """It was answered, so it is so, whatever becomes of the studio."""
        assert self.happened(), f"{type(self).__name__} was answered, and is not there"

    def of(self, function: Callable[..., Any], *args: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return function, (ME, self.model.pid, self.eid, *args)

    def now(self) -> Experiment:
        return self.model.folder(self.eid).read()


class Train(Command):
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.of(runs.train)

    def refusable(self) -> bool:
        return self.before.status != "created"

    def happened(self) -> bool:
        return self.now().attempt == self.before.attempt + 1

    def took(self) -> None:
        assert self.before.status == "created"
        self.model.queued(self.before)


class Resume(Command):
    more: int | None = None

    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.of(runs.resume, ResumeRequest(more_epochs=self.more))

    def refusable(self) -> bool:
        return not (self.before.resumable and self.before.status in ("failed", "stopped"))

    def happened(self) -> bool:
        return self.now().attempt == self.before.attempt + 1

    def took(self) -> None:
        assert self.before.status in (*ENDED, "training") and (self.more or self.before.status != "completed")
        self.model.queued(self.before)


class Extend(Resume):
    more = 1


class Restart(Command):
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.of(runs.restart)

    def refusable(self) -> bool:
        return self.before.status not in ENDED or self.model.folder(self.eid).lease_held()

    def happened(self) -> bool:
        return self.before.status != "created" and self.now().status == "created"

    def took(self) -> None:
        now = self.now()
        assert self.before.status in (*ENDED, "training") and now.attempt >= self.before.attempt
        assert (now.status, now.name) == ("created", self.before.name)
        self.model.seen[self.eid] = now
        self.model.discarded(self.eid)


class Stop(Command):
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.of(runs.stop)

    def refusable(self) -> bool:
        return not self.model.look(self.eid).active

    def happened(self) -> bool:
        now = self.now()
        return not now.active or self.model.folder(self.eid).attempt(now.attempt).stop_requested()

    def took(self) -> None:
        now = self.now()
        if now.attempt > self.before.attempt:  # it was taken out of the queue
            assert self.before.status == "queued" and now.status in ENDED | {"created"}
            assert (now.attempt, now.name) == (self.before.attempt + 1, self.before.name)
            self.model.seen[self.eid] = now
        self.model.look(self.eid)


class Rename(Command):
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        self.name = f"{self.before.name.split('*')[0]}*{self.before.rev}"
        return self.of(experiments.change, ExperimentChange(rev=self.before.rev, name=self.name))

    def refusable(self) -> bool:
        """The loop may write in between."""
        return self.now().rev != self.before.rev

    def happened(self) -> bool:
        return self.now().name == self.name

    def took(self) -> None:
        self.model.seen[self.eid] = self.before.model_copy(update={"name": self.name})
        self.model.look(self.eid)


class Delete(Command):
    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.of(experiments.delete)

    def refusable(self) -> bool:
        return self.before.active or self.model.folder(self.eid).lease_held()

    def happened(self) -> bool:
        return not self.model.is_there(self.eid)

    def took(self) -> None:
        del self.model.seen[self.eid]
        self.model.discarded(self.eid)


class Restore(Command):
    """Of something in the trash, whose place may be taken."""

    def __init__(self, model: Model, name: str) -> None:
        self.model = model
        self.name = name
        self.eid = model.trash[name].id
        self.taken = self.eid in model.seen

    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return trash.restore, (ME, self.name)

    def refusable(self) -> bool:
        return self.taken

    def happened(self) -> bool:
        return not self.taken and self.model.is_there(self.eid)

    def took(self) -> None:
        self.model.seen[self.eid] = self.model.trash.pop(self.name)
        self.model.look(self.eid)


class Reorder(Command):
    """Those that wait, the last one first."""

    order: list[str] = []

    def call(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        self.order = self.model.waiting()[::-1]
        return runs.reorder, (ME, self.order)

    def refusable(self) -> bool:
        return any(self.model.has_started(eid) for eid in self.order)

    def happened(self) -> bool:
        """True too for one that was killed on the way: whatever order came of it is the one that counts."""
        return True

    def took(self) -> None:
        self.model.placed()

    def acknowledged(self) -> None:
        places = [self.model.folder(eid).read().position for eid in self.order if not self.model.has_started(eid)]
        assert places == sorted(places, key=lambda place: place or 0)


COMMANDS: dict[str, type[Command]] = {
    kind.__name__: kind for kind in (Train, Resume, Extend, Restart, Stop, Rename, Delete, Reorder)
}
