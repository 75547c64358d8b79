"""Runs from outside: going on, beginning anew, copies for less memory, the queue, cards of other servers."""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import BadInput, Conflict, PreflightFailed
from aistudio.jobs.slots import Slots, release
from aistudio.schema.events import TrainRequest
from aistudio.schema.experiment import ExperimentChange, Extension, ResumeRequest
from aistudio.service import experiments, offers, projects, splits, trash
from aistudio.studio import Studio
from tests.fixtures import (
    ME,
    add_split,
    fill_dataset,
    gpu,
    new_experiment,
    new_project,
    ready_project,
    running,
    until,
    until_status,
)
from tests.jobs.fakes import Pretending
from tests.jobs.stage import folder_of, held, pretending, trained, worker_of


def stopped(studio: Studio, pid: str, epochs: int = 6, **training: Any) -> str:
    """A run that was stopped after some epochs."""
    with held(studio, pid, epochs=epochs, **training) as eid:
        until(lambda: experiments.run_of(studio, pid, eid).checkpoint_epoch, "an epoch is saved")
        experiments.stop(studio, ME, pid, eid)
        assert until_status(studio, pid, eid, "stopped", "completed").status == "stopped"
    return eid


def request_of(studio: Studio, pid: str, eid: str, attempt: int) -> TrainRequest:
    request = folder_of(studio, pid, eid).attempt(attempt).request()
    assert isinstance(request, TrainRequest)
    return request


def test_more_epochs_after_the_end(tmp_path: Path) -> None:
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = trained(studio, pid, epochs=2)
        done = until_status(studio, pid, eid, "completed")
        with pytest.raises(Conflict, match="is completed, so it cannot be resumed without more epochs"):
            experiments.resume(studio, ME, pid, eid)
        with pytest.raises(BadInput, match="only be given for added epochs"):
            experiments.resume(studio, ME, pid, eid, ResumeRequest(lr=0.1))
        queued = experiments.resume(studio, ME, pid, eid, ResumeRequest(more_epochs=2, lr=0.01))
        assert queued.extensions == [Extension(epochs=2, lr=0.01, after=2)]
        more = until_status(studio, pid, eid, "completed")
        assert (more.progress.epoch, more.progress.epochs, more.attempt) == (4, 4, 2)
        assert (more.duration_seconds or 0) > (done.duration_seconds or 0)
        request = request_of(studio, pid, eid, 2)
        assert (request.resume, request.seconds_before) == ("last", done.duration_seconds)
        experiments.resume(studio, ME, pid, eid, ResumeRequest(more_epochs=1))
        last = until_status(studio, pid, eid, "completed")
        one, two = Extension(epochs=2, lr=0.01, after=2), Extension(epochs=1, after=4)
        assert (last.progress.epoch, last.extensions) == (5, [one, two])


def test_a_resumed_run_that_waits_can_be_taken_back_with_its_results_intact(tmp_path: Path) -> None:
    with pretending(tmp_path, "epochs", "loop", "epochs") as (studio, pid):
        eid = stopped(studio, pid, epochs=1000)
        before = experiments.get(studio, pid, eid)
        other = trained(studio, pid)
        worker_of(studio, pid, other)
        queued = experiments.resume(studio, ME, pid, eid, ResumeRequest(more_epochs=3))
        assert (queued.status, queued.attempt, queued.metrics) == ("queued", 2, before.metrics)
        back = experiments.stop(studio, ME, pid, eid)
        assert before.queued_at is not None
        assert back == before.model_copy(update={"attempt": 3, "rev": back.rev})


def test_a_run_whose_split_was_deleted_cannot_be_resumed(tmp_path: Path) -> None:
    """No fix is offered: its configuration is frozen, so nobody could apply one."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = stopped(studio, pid)
        add_split(studio, pid, "Other")
        config = experiments.get(studio, pid, eid).config
        splits.delete(studio, ME, pid, config["split"])
        with pytest.raises(Conflict, match=r"cannot be resumed: the split that it was trained with was deleted\."):
            experiments.resume(studio, ME, pid, eid)
        assert experiments.get(studio, pid, eid).status == "stopped"


def test_a_run_whose_device_is_gone_cannot_be_resumed_until_it_is_back(tmp_path: Path) -> None:
    with pretending(tmp_path, "epochs", gpus=1) as (studio, pid):
        eid = stopped(studio, pid, hardware={"devices": ["gpu:0"]})
    with (
        running(tmp_path, launcher=Pretending("epochs")) as studio,
        pytest.raises(Conflict, match=r"cannot be resumed\. Device: gpu:0 is not on this machine"),
    ):
        experiments.resume(studio, ME, pid, eid)
    with running(tmp_path, [gpu(0)], Pretending("epochs")) as studio:
        experiments.resume(studio, ME, pid, eid)
        assert until_status(studio, pid, eid, "completed", "failed").status == "completed"


def test_the_second_of_two_quick_stops_and_resumes_does_not_lose_the_run(tmp_path: Path) -> None:
    """The loop once forgot a run that was queued again while it put it away."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = new_experiment(studio, pid, epochs=2)
        for _ in range(10):
            experiments.train(studio, ME, pid, eid)
            try:
                if experiments.stop(studio, ME, pid, eid).status != "created":
                    break
            except Conflict:
                break
        if until_status(studio, pid, eid, "created", "stopped", "completed").status == "created":
            experiments.train(studio, ME, pid, eid)
            until_status(studio, pid, eid, "completed")


@pytest.mark.fault
def test_f38_the_images_changed_before_resume(tmp_path: Path) -> None:
    """Resume asks first; once confirmed it goes on with the images of now."""
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = stopped(studio, pid, epochs=8)
        dataset = studio.workspace.project(pid).dataset()
        assert dataset is not None
        dataset.path.rename(tmp_path / "old")
        with pytest.raises(PreflightFailed, match="has no images"):
            experiments.resume(studio, ME, pid, eid)
        fill_dataset(dataset, {"cats": 20, "dogs": 21})
        with pytest.raises(Conflict, match="was trained: it had 40 images, now it has 41"):
            experiments.resume(studio, ME, pid, eid)
        assert experiments.get(studio, pid, eid).status == "stopped"
        experiments.resume(studio, ME, pid, eid, ResumeRequest(accept_changed_dataset=True))
        assert until_status(studio, pid, eid, "completed").progress.epoch == 8
        experiments.resume(studio, ME, pid, eid, ResumeRequest(more_epochs=1))


def test_a_restart_keeps_the_config_and_moves_everything_else_to_the_trash(tmp_path: Path) -> None:
    with pretending(tmp_path, "epochs") as (studio, pid):
        eid = trained(studio, pid, "Mine", epochs=2)
        done = until_status(studio, pid, eid, "completed")
        folder = folder_of(studio, pid, eid)
        (folder.path / "evaluations/v1").mkdir(parents=True)
        again = experiments.restart(studio, ME, pid, eid)
        assert (again.status, again.attempt, again.config, again.name) == ("created", 1, done.config, "Mine")
        assert [path.name for path in folder.path.iterdir()] == ["experiment.json"]
        assert experiments.metrics(studio, pid, eid).rows == []
        (entry,) = trash.entries(studio)
        assert (entry.kind, entry.title, entry.why) == ("experiment", "Mine", "restarted")
        kept = studio.workspace.trash.path / entry.name / eid
        assert {"attempt-1", "checkpoints", "evaluations", "experiment.json"} <= {path.name for path in kept.iterdir()}
        with pytest.raises(Conflict, match="its place is taken"):
            trash.restore(studio, ME, entry.name)
        with pytest.raises(Conflict, match="is created, so it cannot be restarted"):
            experiments.restart(studio, ME, pid, eid)
        change = ExperimentChange(rev=again.rev, config={**again.config, "training": {"epochs": 3, "batch_size": 8}})
        experiments.change(studio, ME, pid, eid, change)
        assert experiments.train(studio, ME, pid, eid).attempt == 2
        assert until_status(studio, pid, eid, "completed").progress.epoch == 3
        experiments.delete(studio, ME, pid, eid)
        assert trash.restore(studio, ME, entry.name).title == "Mine"
        assert experiments.get(studio, pid, eid) == done


def test_half_the_batch_after_memory_ran_out(tmp_path: Path) -> None:
    with pretending(tmp_path, "fail", "crash") as (studio, pid):
        eid = trained(studio, pid, "Big")
        until_status(studio, pid, eid, "failed")
        small = offers.smaller_batch(studio, ME, pid, eid)
        assert (small.name, small.parent, small.status) == ("Big, batch 4", eid, "created")
        training = small.config["training"]
        assert (training["batch_size"], training["batch_multiplier"]) == (4, 2)
        assert {**small.config, "training": 0} == {**experiments.get(studio, pid, eid).config, "training": 0}
        with pytest.raises(Conflict, match="did not run out of memory"):
            offers.smaller_batch(studio, ME, pid, small.id)
        assert offers.smaller_batch(studio, ME, pid, eid).name == "Big, batch 4 2"


@pytest.mark.parametrize("training", [{"batch_size": 1}, {"batch_multiplier": 64}])
def test_a_batch_that_cannot_be_smaller(training: dict[str, Any], tmp_path: Path) -> None:
    with pretending(tmp_path, "fail") as (studio, pid):
        eid = trained(studio, pid, **training)
        until_status(studio, pid, eid, "failed")
        assert offers.offer(experiments.get(studio, pid, eid)) is None
        with pytest.raises(Conflict, match="cannot be made smaller"):
            offers.smaller_batch(studio, ME, pid, eid)


def test_a_copy_without_the_weights_that_were_not_to_be_had(tmp_path: Path) -> None:
    with pretending(tmp_path, "weightless", "fail") as (studio, pid):
        eid = trained(studio, pid, "Mine")
        failed = until_status(studio, pid, eid, "failed")
        offer = offers.offer(failed)
        assert offer is not None
        copy = offer.make(studio, ME, pid, eid)
        assert (copy.name, copy.parent, copy.status) == ("Mine, not pretrained", eid, "created")
        assert (copy.config["model"]["pretrained"], copy.config["model"]["freeze_backbone"]) == (False, False)
        assert {**copy.config, "model": 0} == {**failed.config, "model": 0}
        other = trained(studio, pid)
        out_of_memory = until_status(studio, pid, other, "failed")
        with pytest.raises(Conflict, match="did not fail for want of weights"):
            offers.without_pretrained(studio, ME, pid, other)
        assert offers.offer(out_of_memory) is offers.OFFERS["OutOfMemory"]
        assert offers.offer(experiments.get(studio, pid, copy.id)) is None


def test_a_copy_has_a_name_of_its_own(studio: Studio, pid: str) -> None:
    eid = new_experiment(studio, pid, "x" * 100)
    copies = [experiments.duplicate(studio, ME, pid, eid) for _ in range(3)]
    assert all(copy.parent == eid for copy in copies)
    assert len({copy.name for copy in copies}) == 3
    assert copies[2].name.endswith("copy 3")
    assert copies[0].config == experiments.get(studio, pid, eid).config


def test_the_queue_can_be_reordered_across_projects(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop", "finish") as (studio, pid):
        other = ready_project(studio)
        first = trained(studio, pid, "First")
        worker_of(studio, pid, first)
        a, b, c = trained(studio, pid, "A"), trained(studio, other, "B"), trained(studio, pid, "C")
        assert [place.name for place in experiments.queue(studio)] == ["A", "B", "C"]
        order = experiments.reorder(studio, ME, [c, b])
        assert [(place.position, place.name, place.project) for place in order] == [
            (1, "C", pid), (2, "B", other), (3, "A", pid)
        ]  # fmt: skip
        d = trained(studio, pid, "D")
        assert [place.experiment for place in experiments.queue(studio)] == [c, b, a, d]
        with pytest.raises(Conflict, match="is not waiting"):
            experiments.reorder(studio, ME, [first])
        with pytest.raises(Conflict, match="is not waiting"):
            experiments.reorder(studio, ME, ["nowhere"])
    with running(tmp_path, launcher=Pretending("finish")) as studio:
        launcher = studio.manager._launcher
        assert isinstance(launcher, Pretending)
        for project, eid in ((pid, a), (other, b), (pid, c), (pid, d)):
            until_status(studio, project, eid, "completed")
        assert [folder.parent.name for folder in launcher.launched] == [c, b, a, d]


def test_the_wait_is_estimated_from_what_was_trained_before(tmp_path: Path) -> None:
    with pretending(tmp_path, "epochs") as (studio, pid):
        until_status(studio, pid, trained(studio, pid, epochs=4), "completed")
        long = trained(studio, pid, "Long", epochs=1000)
        until(lambda: experiments.get(studio, pid, long).progress.eta_seconds, "its end can be told")
        for _ in range(2):
            trained(studio, pid, epochs=100)
        first, second = experiments.queue(studio)
        assert "Long for about " in first.waiting_for
        assert first.estimated_wait_seconds is not None
        assert second.estimated_wait_seconds is not None
        assert second.estimated_wait_seconds - first.estimated_wait_seconds > 5


def test_as_many_runs_train_on_the_cpu_as_the_server_was_told(tmp_path: Path) -> None:
    """Each with its share of the cores; the third waits, after a restart of the server too, until one has ended."""
    with running(tmp_path, launcher=Pretending("loop"), cpu_runs=2) as studio:
        pid = ready_project(studio)
        first, second, third = (trained(studio, pid, name) for name in ("First", "Second", "Third"))
        workers = [worker_of(studio, pid, eid) for eid in (first, second)]
        assert (experiments.get(studio, pid, third).waiting_for or "").startswith("the CPU, used by First and Second")
        share = f"OMP_NUM_THREADS={max(len(os.sched_getaffinity(0)) // 2, 1)}"
        for worker in workers:
            assert share in Path(f"/proc/{worker}/environ").read_text().split("\0")
        studio.close()
        again = Studio(studio.settings, Pretending("finish"), studio.devices, device_leases=tmp_path / "devices")
        with closing(again.open("a test")):
            (held,) = again.manager.waiting()
            assert held.waiting_for.startswith("the CPU, used by First and Second")
            os.kill(workers[0], 9)
            until_status(again, pid, third, "completed")
            assert experiments.get(again, pid, second).status == "training"


def test_without_being_told_one_run_trains_on_the_cpu_with_all_cores(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        first, second = trained(studio, pid, "First"), trained(studio, pid, "Second")
        environ = Path(f"/proc/{worker_of(studio, pid, first)}/environ").read_text()
        assert "OMP_NUM_THREADS" not in environ
        until(
            lambda: (experiments.get(studio, pid, second).waiting_for or "").startswith("the CPU, used by First"), "why"
        )


def test_a_card_that_another_server_uses_is_waited_for(tmp_path: Path) -> None:
    leases = tmp_path / "machine"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with (
        running(tmp_path / "a", [gpu(0)], Pretending("loop"), device_leases=leases) as one,
        running(tmp_path / "b", [gpu(0), gpu(1)], Pretending("loop"), device_leases=leases) as other,
    ):
        here, there = ready_project(one), ready_project(other)
        first = trained(one, here, "Theirs", hardware={"devices": ["gpu:0"]})
        worker_of(one, here, first)
        second = trained(other, there, "Ours", hardware={"devices": ["gpu:0"]})
        words = f"GPU 0, used by Theirs of {one.workspace.root}"
        until(lambda: experiments.get(other, there, second).waiting_for == words, "it says who has the card")
        third = trained(other, there, hardware={"devices": ["gpu:1"]})
        worker_of(other, there, third)
        os.kill(worker_of(one, here, first), 9)
        worker_of(other, there, second)
        assert isinstance(Slots(leases).take(["GPU-0"], ""), str)
        free = Slots(leases).take(["GPU-2"], "me")
        assert isinstance(free, list)
        release(free)


def test_an_empty_class_in_validation_is_a_warning(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        pid = ready_project(studio, {"cats": 20, "dogs": 1})
        queued = experiments.train(studio, ME, pid, new_experiment(studio, pid))
        assert queued.detail == "No validation images of dogs: the metrics say nothing about that."


def test_deleted_things_come_back_to_their_place(studio: Studio) -> None:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid, "One")
    before = experiments.get(studio, pid, eid)
    experiments.delete(studio, ME, pid, eid)

    projects.delete(studio, ME, pid)
    project, experiment = trash.entries(studio)
    assert [(entry.kind, entry.title) for entry in (project, experiment)] == [
        ("project", "Pets"),
        ("experiment", "One"),
    ]
    with pytest.raises(Conflict, match="Restore the project first"):
        trash.restore(studio, ME, experiment.name)
    for entry in (project, experiment):
        trash.restore(studio, ME, entry.name)
    assert experiments.get(studio, pid, eid) == before
    assert trash.entries(studio) == []
    assert new_project(studio)
