"""Random users and random deaths: whatever they do, an experiment is only ever where the state table lets it be."""

import os
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from aistudio.errors import Conflict, NotFound
from aistudio.schema.experiment import Experiment, ExperimentChange, ResumeRequest, Status
from aistudio.service import experiments, runs
from aistudio.store.experiments import ExperimentFolder
from tests.fixtures import ME, end_workers, new_experiment, ready_project, running, until, workers
from tests.jobs.fakes import Pretending

pytestmark = pytest.mark.fault

# Where the studio's own loop may bring an experiment without anybody doing anything.
BY_ITSELF: dict[Status, set[Status]] = {
    "created": set(),
    "queued": {"training", "completed", "failed", "stopped"},
    "training": {"completed", "failed", "stopped"},
    "completed": set(),
    "failed": set(),
    "stopped": set(),
}
MAY_TRAIN: set[Status] = {"created"}
ENDED: set[Status] = {"completed", "failed", "stopped"}
MOST = 3


class Users(RuleBasedStateMachine):
    """`seen` is the model: what each experiment was when it was last looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="studio-"))
        self.stack = ExitStack()
        self.seen: dict[str, Experiment] = {}
        self.names: dict[str, str] = {}
        self.behaviour = "epochs"
        self.start()
        self.pid = ready_project(self.studio, {"cats": 5, "dogs": 5})
        self.create_another()
        self.create_another()

    def start(self) -> None:
        self.studio = self.stack.enter_context(running(self.folder, launcher=Pretending(self.behaviour)))

    def folder_of(self, eid: str) -> ExperimentFolder:
        return self.studio.workspace.project(self.pid).experiment(eid)

    def chosen(self, number: int) -> str:
        return list(self.seen)[number % len(self.seen)]

    def look(self, eid: str) -> Experiment:
        """What is stored now; it must be something that the model allows."""
        before, now = self.seen[eid], self.folder_of(eid).read()
        assert now.status == before.status or now.status in BY_ITSELF[before.status], (before.status, now.status)
        assert now.attempt == before.attempt and now.rev >= before.rev and now.name == self.names[eid]
        self.seen[eid] = now
        return now

    @rule()
    def create(self) -> None:
        """No more than two that nobody trained: there is more to see with those that were."""
        if sum(one.status == "created" for one in self.seen.values()) < 2:
            self.create_another()

    def create_another(self) -> None:
        eid = new_experiment(self.studio, self.pid)
        self.seen[eid] = self.folder_of(eid).read()
        self.names[eid] = self.seen[eid].name
        assert (self.seen[eid].status, self.seen[eid].attempt) == ("created", 0)

    @rule(number=st.integers(0, MOST - 1))
    def train(self, number: int) -> None:
        eid = self.chosen(number)
        before = self.look(eid)
        try:
            experiments.train(self.studio, ME, self.pid, eid)
        except Conflict:
            assert before.status not in MAY_TRAIN
            return
        assert before.status in MAY_TRAIN
        self.seen[eid] = before.model_copy(update={"status": "queued", "attempt": before.attempt + 1})
        self.look(eid)

    @rule(number=st.integers(0, MOST - 1), more=st.sampled_from([None, 1]))
    def resume(self, number: int, more: int | None) -> None:
        eid = self.chosen(number)
        before = self.look(eid)
        try:
            runs.resume(self.studio, ME, self.pid, eid, ResumeRequest(more_epochs=more))
        except Conflict:
            assert not (before.resumable and before.status in ("failed", "stopped"))
            return
        assert before.status in (*ENDED, "training") and (more or before.status != "completed")
        self.seen[eid] = before.model_copy(update={"status": "queued", "attempt": before.attempt + 1})
        self.look(eid)

    @rule(number=st.integers(0, MOST - 1))
    def restart(self, number: int) -> None:
        eid = self.chosen(number)
        before = self.look(eid)
        try:
            runs.restart(self.studio, ME, self.pid, eid)
        except Conflict:
            assert before.status not in ENDED or self.folder_of(eid).lease_held()
            return
        now = self.folder_of(eid).read()
        assert before.status in (*ENDED, "training") and now.status == "created" and now.attempt >= before.attempt
        self.seen[eid] = now

    @rule(number=st.integers(0, MOST - 1))
    def stop(self, number: int) -> None:
        eid = self.chosen(number)
        before = self.look(eid)
        try:
            experiments.stop(self.studio, ME, self.pid, eid)
        except Conflict:
            assert not self.look(eid).active
            return
        assert before.active
        now = self.folder_of(eid).read()
        if now.attempt > before.attempt:
            assert before.status == "queued" and now.status in MAY_TRAIN | ENDED
            assert now.attempt == before.attempt + 1
            self.seen[eid] = now
        self.look(eid)

    @rule(number=st.integers(0, MOST - 1))
    def change(self, number: int) -> None:
        eid = self.chosen(number)
        name = f"{self.names[eid].split('*')[0]}*{len(self.names[eid])}"
        while True:
            try:
                experiments.change(
                    self.studio, ME, self.pid, eid, ExperimentChange(rev=self.folder_of(eid).read().rev, name=name)
                )
            except Conflict:  # the loop wrote in between
                continue
            self.names[eid] = name
            return

    @rule(number=st.integers(0, MOST - 1))
    def delete(self, number: int) -> None:
        eid = self.chosen(number)
        before = self.look(eid)
        try:
            experiments.delete(self.studio, ME, self.pid, eid)
        except Conflict:
            assert before.active or self.folder_of(eid).lease_held()
            return
        assert not before.active or self.seen[eid].status in ("queued", "training")
        del self.seen[eid], self.names[eid]
        with pytest.raises(NotFound):
            self.folder_of(eid)
        if not self.seen:
            self.create_another()

    @rule()
    def kill_the_workers(self) -> None:
        for pid in workers(self.studio.settings.workspace):
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGKILL)

    @rule(number=st.integers(0, MOST - 1))
    def let_it_finish(self, number: int) -> None:
        folder = self.folder_of(self.chosen(number))
        attempt = folder.attempt(folder.read().attempt).path
        if attempt.exists():
            (attempt / "finish").touch()

    @rule()
    def restart_the_studio(self) -> None:
        """Its workers go on; only the machine's end takes them too."""
        self.studio.close()
        self.start()

    @rule(behaviour=st.sampled_from(["epochs", "epochs", "loop", "fail", "crash", "finish", "refuse"]))
    def meet_other_luck(self, behaviour: str) -> None:
        launcher = self.studio.manager._launcher
        assert isinstance(launcher, Pretending)
        launcher._behaviours[:] = [behaviour]
        self.behaviour = behaviour

    @rule(seconds=st.sampled_from([0.02, 0.1, 0.4]))
    def pause(self, seconds: float) -> None:
        if self.looked("queued", "training"):
            time.sleep(seconds)

    @rule()
    def wait_for_the_queue(self) -> None:
        """Its first one starts, unless another trains already."""
        until(lambda: self.looked("training") or not self.looked("queued"), "the queue moves", 20)

    def looked(self, *statuses: Status) -> bool:
        return bool({self.look(eid).status for eid in self.seen} & set(statuses))

    @invariant()
    def everything_is_what_it_may_be(self) -> None:
        for eid in list(self.seen):
            self.look(eid)
        assert {one.id for one in experiments.all_experiments(self.studio, self.pid)} == set(self.seen)

    @invariant()
    def who_trains_is_alive_or_about_to_be_judged(self) -> None:
        for eid in self.seen:
            folder = self.folder_of(eid)
            if folder.read().status == "training" and not folder.lease_held():
                until(lambda folder=folder: folder.read().status != "training", "it is judged", 10)  # type: ignore[misc]

    @invariant()
    def one_run_at_a_time_on_the_cpu(self) -> None:
        """Looked at twice, since one may end and the next begin in between."""
        assert len(self.at_work() & self.at_work()) <= 1

    def at_work(self) -> set[str]:
        """Not those whose worker came too late: it takes the lease to find that out, and leaves."""
        folders = [self.folder_of(eid) for eid in self.seen]
        return {one.id for one in folders if one.attempt(one.read().attempt).worker() and one.lease_held()}

    @invariant()
    def every_document_is_whole(self) -> None:
        for path in self.studio.settings.workspace.rglob("*.json"):
            try:
                orjson.loads(path.read_bytes())
            except FileNotFoundError:
                continue

    def teardown(self) -> None:
        """After the machine's end a last studio finds out what became of the runs."""
        self.studio.close()
        end_workers(self.studio.settings.workspace)
        self.behaviour = "refuse"
        self.start()
        with self.stack:
            until(lambda: not self.looked("queued", "training"), "every run has an end", 20)
            assert not list(self.folder.rglob(".*.tmp"))
        shutil.rmtree(self.folder)


def explore(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Users,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_commands_and_deaths_leave_every_experiment_in_a_known_state() -> None:
    """Whatever is pressed, killed and restarted in whichever order: no run is stuck, doubled or forgotten."""
    explore(examples=6, steps=30)


@pytest.mark.slow
def test_many_random_commands_and_deaths_leave_every_experiment_in_a_known_state() -> None:
    """The same, for minutes."""
    explore(examples=60, steps=60)
