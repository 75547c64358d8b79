"""What is pressed on the Training page while something else is under way, or changes elsewhere."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User

from aistudio.schema.experiment import ExperimentChange
from aistudio.service import experiments
from aistudio.studio import Studio
from aistudio.ui.card_list import CardList
from pages.training import menus
from tests.fixtures import ME, TINY, new_experiment, until_status
from tests.jobs.stage import pretending
from tests.pages.acting import (
    Gate,
    button,
    field,
    new_one,
    open_first_of_two,
    press,
    save_another_rate,
    until,
    value_of,
)


def _pick(user: User, eid: str) -> None:
    user.find(kind=CardList).trigger("pick", eid)


def _transforms(studio: Studio, pid: str, eid: str) -> list[str]:
    return [one["kind"] for one in experiments.get(studio, pid, eid).config["augmentations"]["train"]]


async def test_what_is_saved_stays_with_its_experiment_when_another_one_is_selected_meanwhile(
    user: User, pages: None, studio: Studio
) -> None:
    pid, first, second = await open_first_of_two(user, studio)
    field(user, "Epochs").clear().type("77")
    await user.should_see("Unsaved changes")
    with studio.workspace.project(pid).experiment(first).lock:  # it cannot be saved before this is left
        user.find(kind=ui.button, content="Save").click()
        _pick(user, second)
        await until(lambda: value_of(user, "Epochs") == "5")
    await user.should_see("Saved")
    assert value_of(user, "Epochs") == "5"
    await save_another_rate(user, studio, pid, second)
    assert experiments.get(studio, pid, second).config["training"]["epochs"] == 5
    saved = experiments.get(studio, pid, first).config
    assert (saved["training"]["epochs"], saved["optimizer"]["lr"]) == (77, 0.0005)


async def test_train_never_starts_the_experiment_that_was_selected_before(
    user: User, pages: None, studio: Studio
) -> None:
    """Whose form is still there when it is pressed."""
    pid, first, second = await open_first_of_two(user, studio)
    _pick(user, second)
    press(user, button(user, "Train"))
    await until(lambda: value_of(user, "Epochs") == "5")
    await save_another_rate(user, studio, pid, second)
    assert [experiments.get(studio, pid, eid).status for eid in (first, second)] == ["created", "created"]


async def test_transforms_that_are_edited_after_a_save_are_saved_too(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Everything is saved.")
    before = _transforms(studio, pid, eid)
    field(user, "Epochs").clear().type("77")
    await user.should_see("Unsaved changes")
    user.find(kind=ui.button, content="Save").click()
    await user.should_see("Everything is saved.")
    user.find(kind=ui.button, content="Reset to Defaults").click()
    await user.should_see("Unsaved changes")
    user.find(kind=ui.button, content="Save").click()
    await user.should_see("Everything is saved.")
    after = _transforms(studio, pid, eid)
    assert after != before and "HorizontalFlip" in after


async def test_nothing_that_is_pressed_while_a_form_is_filled_means_another_experiment(
    user: User, pages: None, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The menus of the second form are long in coming; until then the first one is seen."""
    pid, first, second = await open_first_of_two(user, studio)
    before = experiments.get(studio, pid, second).config
    gate = Gate(monkeypatch, menus, "menus")
    _pick(user, second)
    await gate.reached()
    field(user, "Learning Rate").clear().type("0.02")
    for name in ("Save", "Train"):
        press(user, button(user, name))
    await asyncio.sleep(0.3)
    await gate.open()
    await until(lambda: value_of(user, "Epochs") == "5")
    await user.should_see("Everything is saved.")
    assert value_of(user, "Learning Rate") == "0.0005"
    found = [experiments.get(studio, pid, eid) for eid in (first, second)]
    assert [one.status for one in found] == ["created", "created"] and found[1].config == before


async def test_a_run_that_ends_while_it_is_selected_is_shown_as_ended(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read first comes last, and must not be drawn over what is newer."""
    with pretending(tmp_path, "finish") as (studio, pid):
        import_module("pages.training").create(studio)
        first, second = new_experiment(studio, pid, "First"), new_experiment(studio, pid, "Second")
        await user.open(f"/projects/{pid}/training?experiment={first}")
        await user.should_see("Everything is saved.")
        gate = Gate(monkeypatch, experiments, "find", late=True)
        _pick(user, second)
        await gate.reached()
        experiments.train(studio, ME, pid, second)
        await asyncio.to_thread(until_status, studio, pid, second, "completed")
        await asyncio.sleep(2)  # the news of it have come
        await gate.open()
        await user.should_see("✓ Completed")
        await user.should_see("Read-only: this is what the run was started with.")


async def test_two_presses_of_train_mean_one(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, calls = experiments.train, []

    def counted(*given: Any) -> Any:
        calls.append(given)
        return train(*given)

    monkeypatch.setattr(experiments, "train", counted)
    with pretending(tmp_path, "loop") as (studio, pid):
        import_module("pages.training").create(studio)
        eid = new_experiment(studio, pid)
        await user.open(f"/projects/{pid}/training?experiment={eid}")
        await user.should_see("Everything is saved.")
        field(user, "Epochs").clear().type("77")
        await user.should_see("Unsaved changes")
        for _ in range(100):  # as long as it is enabled
            press(user, button(user, "Train"))
            await asyncio.sleep(0.005)
        await user.should_see("● Training")
        assert len(calls) == 1
        assert experiments.get(studio, pid, eid).config["training"]["epochs"] == 77


async def test_a_disk_that_refuses_a_start_is_told(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    folder = studio.workspace.project(pid).experiment(eid)
    (folder.path / "attempt-1").symlink_to("/nowhere")  # so that no folder can be made there
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Everything is saved.")
    press(user, button(user, "Train"))
    await user.should_see("The file system refused it: File exists.")
    assert experiments.get(studio, pid, eid).status == "created" and button(user, "Train").enabled


async def test_a_question_about_an_experiment_that_was_deleted_meanwhile_is_void(
    user: User, pages: None, studio: Studio
) -> None:
    """Its neighbour, which is selected then, keeps what it has."""
    pid, first, second = await open_first_of_two(user, studio)
    field(user, "Epochs").clear().type("77")
    await user.should_see("Unsaved changes")
    other: dict[str, Any] = {**TINY, "training": {**TINY["training"], "epochs": 9}}
    experiments.change(studio, ME, pid, first, ExperimentChange(rev=1, config=other))
    user.find(kind=ui.button, content="Save").click()
    await user.should_see("was saved elsewhere meanwhile")
    experiments.delete(studio, ME, pid, first)
    await until(lambda: len(next(iter(user.find(kind=CardList).elements)).items) == 1)
    _pick(user, second)
    await until(lambda: value_of(user, "Epochs") == "5")
    user.find(kind=ui.button, content="Save mine").click()
    await asyncio.sleep(0.3)
    assert value_of(user, "Epochs") == "5"
    await user.should_not_see("Unsaved changes")
    assert experiments.get(studio, pid, second).config["training"]["epochs"] == 5
