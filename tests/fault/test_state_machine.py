"""Random users and random deaths: whatever they do, an experiment is only ever where the state table lets it be."""

import os
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from aistudio.errors import Conflict
from aistudio.schema.experiment import Status
from aistudio.service import experiments
from aistudio.store.trash import Trash
from tests.fault.away import Away, expect
from tests.fault.commands import COMMANDS, Command, Model, Restore
from tests.fault.invariants import check_invariants
from tests.fixtures import end_workers, new_experiment, ready_project, until, workers

pytestmark = pytest.mark.fault

MOST = 3
BEHAVIOURS = ["epochs", "epochs", "loop", "fail", "crash", "finish", "refuse", "hang", "leave"]


class Users(RuleBasedStateMachine):
    """The studio is a process of its own; what it stored is looked at from here."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="studio-"))
        self.workspace = self.folder / "workspace"
        self.behaviour = "epochs"
        self.start()
        self.model = Model(self.workspace, self.studio.ask(ready_project, {"cats": 5, "dogs": 5}))
        self.create_another()
        self.create_another()

    def start(self) -> None:
        self.studio = Away(self.folder, self.behaviour)

    def commands(self, name: str) -> list[Command]:
        """One for each experiment."""
        return [COMMANDS[name](self.model, eid) for eid in list(self.model.seen)]

    def restoring(self) -> list[Command]:
        return [Restore(self.model, name) for name in self.model.trash]

    @rule()
    def create(self) -> None:
        """No more than two that nobody trained: there is more to see with those that were."""
        if sum(one.status == "created" for one in self.model.seen.values()) < 2:
            self.create_another()

    def create_another(self) -> None:
        eid = self.studio.ask(new_experiment, self.model.pid)
        made = self.model.seen[eid] = self.model.folder(eid).read()
        assert (made.status, made.attempt) == ("created", 0)

    @rule(name=st.sampled_from([*COMMANDS]), number=st.integers(0, MOST - 1))
    def press(self, name: str, number: int) -> None:
        found = self.commands(name)
        self.obey(found[number % len(found)])

    @rule(number=st.integers(0, MOST - 1))
    def restore(self, number: int) -> None:
        if found := self.restoring():
            self.obey(found[number % len(found)])

    def obey(self, command: Command) -> None:
        function, args = command.call()
        try:
            self.studio.ask(function, *args)
        except Conflict:
            assert command.refusable()
        else:
            command.acknowledged()
            command.took()
        self.refill()

    @rule(name=st.sampled_from([*COMMANDS]), number=st.integers(0, MOST - 1), changes=st.integers(1, 16))
    def press_and_kill_the_server_meanwhile(self, name: str, number: int, changes: int) -> None:
        self.die_of_one(self.commands(name), number, changes)

    @rule(name=st.sampled_from(["Delete", "Restart"]), number=st.integers(0, MOST - 1), changes=st.integers(4, 16))
    def move_a_folder_and_kill_the_server_meanwhile(self, name: str, number: int, changes: int) -> None:
        self.die_of_one(self.commands(name), number, changes)

    @rule(number=st.integers(0, MOST - 1), changes=st.integers(1, 4))
    def restore_and_kill_the_server_meanwhile(self, number: int, changes: int) -> None:
        self.die_of_one(self.restoring(), number, changes)

    def die_of_one(self, found: list[Command], number: int, changes: int) -> None:
        """One that will not be refused, or nothing is changed meanwhile."""
        if able := [command for command in found if not command.refusable()]:
            self.die_of(able[number % len(able)], changes)

    def die_of(self, command: Command, changes: int) -> None:
        """What was answered is there afterwards; else it is as before or as after."""
        function, args = command.call()
        refused = answered = False
        try:
            answered = self.studio.ask_and_kill(changes, function, *args)
        except Conflict:
            refused = True
            assert command.refusable()
        self.start()
        if answered:
            command.acknowledged()
        if not refused and command.happened():
            command.took()
        self.refill()

    def refill(self) -> None:
        if not self.model.seen:
            self.create_another()

    @rule(meanwhile=st.sampled_from(["nothing", "the workers die", "time goes by"]))
    def kill_the_server(self, meanwhile: str) -> None:
        self.studio.kill()
        if meanwhile == "the workers die":
            self.kill_the_workers()
        if meanwhile == "time goes by":
            time.sleep(0.3)
        self.start()

    @rule()
    def restart_the_server(self) -> None:
        """Its workers go on; only the machine's end takes them too."""
        self.studio.close()
        self.start()

    @rule()
    def kill_the_workers(self) -> None:
        self.signal_workers(signal.SIGKILL)

    @rule()
    def freeze_the_workers(self) -> None:
        self.signal_workers(signal.SIGSTOP)

    @rule()
    def thaw_the_workers(self) -> None:
        self.signal_workers(signal.SIGCONT)

    def signal_workers(self, number: signal.Signals) -> None:
        for pid in workers(self.workspace):
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, number)

    @rule(number=st.integers(0, MOST - 1))
    def let_it_finish(self, number: int) -> None:
        folder = self.model.folder(list(self.model.seen)[number % len(self.model.seen)])
        attempt = folder.attempt(folder.read().attempt).path
        if attempt.exists():
            (attempt / "finish").touch()

    @rule(behaviour=st.sampled_from(BEHAVIOURS))
    def meet_other_luck(self, behaviour: str) -> None:
        self.studio.ask(expect, behaviour)
        self.behaviour = behaviour

    @rule(seconds=st.sampled_from([0.02, 0.1, 0.4]))
    def pause(self, seconds: float) -> None:
        if self.looked("queued", "training"):
            time.sleep(seconds)

    @rule()
    def wait_for_the_queue(self) -> None:
        """Its first one starts, unless another trains already. One that is frozen may have the place."""
        self.thaw_the_workers()
        until(lambda: self.looked("training") or not self.looked("queued"), "the queue moves")

    def looked(self, *statuses: Status) -> bool:
        return bool({self.model.look(eid).status for eid in [*self.model.seen]} & set(statuses))

    @invariant()
    def everything_is_what_it_may_be(self) -> None:
        for eid in list(self.model.seen):
            self.model.look(eid)
        assert {one.id for one in self.studio.ask(experiments.all_experiments, self.model.pid)} == set(self.model.seen)
        assert {entry.name for entry in Trash(self.workspace).entries()} == set(self.model.trash)

    @invariant()
    def who_trains_is_alive_or_about_to_be_judged(self) -> None:
        for eid in self.model.seen:
            folder = self.model.folder(eid)
            if folder.read().status == "training" and not folder.lease_held():
                until(lambda folder=folder: folder.read().status != "training", "it is judged")  # type: ignore[misc]

    @invariant()
    def one_run_at_a_time_on_the_cpu(self) -> None:
        """Looked at twice, since one may end and the next begin in between."""
        assert len(self.at_work() & self.at_work()) <= 1

    def at_work(self) -> set[str]:
        """Not those whose worker came too late: it takes the lease to find that out, and leaves."""
        folders = [self.model.folder(eid) for eid in self.model.seen]
        return {one.id for one in folders if one.attempt(one.read().attempt).worker() and one.lease_held()}

    @invariant()
    def every_document_is_whole(self) -> None:
        for path in self.workspace.rglob("*.json"):
            try:
                orjson.loads(path.read_bytes())
            except FileNotFoundError:
                continue

    def teardown(self) -> None:
        """After the machine's end a last studio finds out what became of the runs."""
        self.studio.kill()
        self.behaviour = "refuse"
        self.start()
        try:
            until(self.is_over, "every run has an end")
            check_invariants(self.workspace)
            assert not list(self.folder.rglob(".*.tmp"))
        finally:
            self.studio.close()
            end_workers(self.workspace)
        shutil.rmtree(self.folder)

    def is_over(self) -> bool:
        """Killed again and again: one whose server died just after its fork is not yet known by its command line."""
        self.kill_the_workers()
        return not self.looked("queued", "training")


def explore(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Users,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            verbosity=Verbosity.verbose,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_commands_and_deaths_leave_every_experiment_in_a_known_state() -> None:
    """Whatever is pressed and killed in whichever order, the server too: no run is stuck, doubled or forgotten."""
    explore(examples=4, steps=30)


@pytest.mark.slow
def test_many_random_commands_and_deaths_leave_every_experiment_in_a_known_state() -> None:
    """The same, for minutes."""
    explore(examples=100, steps=60)
