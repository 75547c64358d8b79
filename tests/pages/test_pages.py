"""Each page by what a user reads and presses, without a browser."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User

from aistudio.jobs.run import Run
from aistudio.schema.events import EpochFinished, StepsLogged
from aistudio.schema.experiment import ExperimentChange, ExperimentRequest, MainMetric, MetricValues, Progress, Row
from aistudio.service import experiments, projects, splits, trash
from aistudio.store.atomic import write_json
from aistudio.store.checkpoints import digest
from aistudio.studio import Studio
from aistudio.ui.garbage import Garbage
from pages.training.actions import given_up
from tests.fixtures import (
    ME,
    TINY,
    add_images,
    add_split,
    contents,
    draw_classes,
    new_experiment,
    new_project,
    ready_project,
)
from tests.jobs.stage import busy
from tests.pages.acting import (
    button,
    field,
    menu,
    new_one,
    until,
)


async def test_an_empty_workspace_says_what_to_do(user: User, pages: None) -> None:
    await user.open("/projects")
    await user.should_see("Train an image model without writing code")
    await user.should_see("Try the demo project")


async def test_a_new_project_leads_to_its_data(user: User, pages: None, studio: Studio) -> None:
    await user.open("/projects")
    user.find("New Project").click()
    await user.should_see("One label for each image.")
    field(user, "Name").type("  Cats and dogs ")
    user.find("Create").click()
    await user.should_see("The project needs one class for each image.")
    assert [project.name for project in projects.all_projects(studio)] == ["Cats and dogs"]


async def test_looking_at_pages_never_writes(user: User, tmp_path: Path) -> None:
    """At every page, with an experiment in every state, a damaged one included."""
    with busy(tmp_path) as (studio, pid, found):
        for name in ("projects", "dataset", "split", "training"):
            import_module(f"pages.{name}").create(studio)
        root = studio.workspace.root
        before = contents(root, skip=[".cache/"])
        pages = ["/projects", f"/projects/{pid}/dataset", f"/projects/{pid}/split", f"/projects/{pid}/training"]
        for page in [*pages, *(f"{pages[-1]}?experiment={eid}" for eid in found.values())]:
            await user.open(page)
            await asyncio.sleep(0.3)  # what a page asks for after it is shown
        assert contents(root, skip=[".cache/"]) == before


async def test_an_unknown_project_says_so(user: User, pages: None) -> None:
    await user.open("/projects/nothing/training")
    await user.should_see("There is no project 'nothing'.")


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """Python's own; the thresholds are put back, too."""
    before = gc.get_threshold()
    gc.disable()
    yield
    gc.enable()
    gc.set_threshold(*before)


async def test_what_a_closed_page_held_is_given_back_soon(
    user: User, pages: None, studio: Studio, no_garbage_collection: None
) -> None:
    Garbage().watch()
    assert gc.get_threshold()[2] > 10
    await user.open(f"/projects/{new_project(studio)}/training")
    client = user.client
    assert client is not None
    held = [weakref.ref(element) for element in client.elements.values()]
    client.delete()
    user.client = client = None
    for _ in range(600):
        if not (left := sum(one() is not None for one in held)):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{left} of {len(held)} elements are still in memory")


async def test_a_folder_is_imported_and_shown(user: User, pages: None, studio: Studio, tmp_path: Path) -> None:
    pid = new_project(studio)
    folder = draw_classes(tmp_path / "pets", {"cat": 5, "dog": 4})
    (folder / "dog" / "broken.png").write_bytes(b"no image")
    await user.open(f"/projects/{pid}/dataset")
    await user.should_see("Import images")
    field(user, "Folder").type(str(folder))
    user.find(kind=ui.button, content="Import").click()
    await user.should_see("Can be imported: 9 images in 2 classes, 1 image left out.")
    user.find(kind=ui.button, content="Import without the bad ones").click()
    await user.should_see("Imported 9 images in 2 classes, 1 image left out.")
    await user.should_see("9 images · 2 classes · Class folders · version 1")


@pytest.mark.parametrize(
    ("path", "answer"),
    [("pets", "full path"), ("/etc", "not"), ("{tmp}/nothing", "nothing")],
)
async def test_a_wrong_folder_is_explained(
    user: User, pages: None, studio: Studio, tmp_path: Path, path: str, answer: str
) -> None:
    await user.open(f"/projects/{new_project(studio)}/dataset")
    field(user, "Folder").type(path.replace("{tmp}", str(tmp_path)))
    user.find(kind=ui.button, content="Import").click()
    found = next(iter(field(user, "Folder").elements))
    await until(lambda: bool(found.error))
    assert answer in (found.error or "")


async def test_a_split_is_made_from_its_preview(user: User, pages: None, studio: Studio) -> None:
    pid = new_project(studio)
    add_images(studio, pid, {"cat": 10, "dog": 10})
    await user.open(f"/projects/{pid}/split")
    await user.should_see("New split")
    await user.should_see("80.0%")
    user.find("Create Split").click()
    await user.should_see("Images of Split 1")
    (made,) = splits.all_splits(studio, pid)
    assert made.sizes == {"train": 16, "val": 4, "test": 0}


async def test_wrong_values_are_named_and_stop_training(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Everything is saved.")
    field(user, "Learning Rate").clear().type("20")
    await user.should_see("Learning Rate: must be a number above 0 and at most 10.")
    assert not button(user, "Train").enabled
    field(user, "Learning Rate").clear().type("1e-3")
    await user.should_not_see("Learning Rate: must be")
    user.find(kind=ui.button, content="Save").click()
    await user.should_see("Saved")
    assert experiments.get(studio, pid, eid).config["optimizer"]["lr"] == 1e-3


async def test_fields_follow_the_choice(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Weight Decay")
    await user.should_not_see("Momentum")
    _choose(user, "Optimizer", "SGD")
    await user.should_see("Momentum")
    await user.should_not_see("Patience")
    user.find("Early Stopping").click()
    await user.should_see("Patience")


async def test_where_the_weights_come_from_is_said_beforehand(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Everything is saved.")
    await user.should_not_see("Weights: ")
    user.find("Pretrained").click()
    await user.should_see("Weights: will be downloaded (about 22 MB), which needs internet.")
    await user.should_see("put resnet10t.c3_in1k.safetensors into a folder, and start with --weights-dir FOLDER.")
    user.find("Pretrained").click()
    await user.should_not_see("Weights: ")


async def test_a_draft_survives_a_reload(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Everything is saved.")
    field(user, "Epochs").clear().type("77")
    await user.should_see("Unsaved changes")
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("77")
    assert experiments.get(studio, pid, eid).config["training"]["epochs"] == TINY["training"]["epochs"]


async def test_another_tab_saved_first(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Everything is saved.")
    field(user, "Epochs").clear().type("77")
    await user.should_see("Unsaved changes")
    other: dict[str, Any] = {**TINY, "training": {**TINY["training"], "epochs": 5}}
    experiments.change(studio, ME, pid, eid, ExperimentChange(rev=1, config=other))
    user.find(kind=ui.button, content="Save").click()
    await user.should_see("was saved elsewhere meanwhile")
    for cell in ("Epochs", "5", "77"):
        await user.should_see(cell)
    assert experiments.get(studio, pid, eid).config["training"]["epochs"] == 5
    user.find(kind=ui.button, content="Save mine").click()
    await user.should_see("Everything is saved.")
    assert not any(dialog.value for dialog in user.find(kind=ui.dialog).elements)  # closed; a browser drops it then
    assert experiments.get(studio, pid, eid).config["training"]["epochs"] == 77


async def test_f29_a_damaged_experiment_is_looked_at(user: User, pages: None, studio: Studio) -> None:
    """Its page says which file cannot be read and why; the others of its project can be worked with as before."""
    pid, good = new_one(studio)
    bad = experiments.create(studio, ME, pid, ExperimentRequest(config=TINY)).id
    experiments.change(studio, ME, pid, bad, ExperimentChange(rev=1, name="Precious"))
    (studio.workspace.project(pid).experiment(bad).path / "experiment.json").write_text("{")
    await user.open(f"/projects/{pid}/training?experiment={bad}")
    await user.should_see("Its configuration cannot be read")
    await user.should_see(f"experiment.json of {bad} is damaged")
    await user.should_see("What it was before its last change is in experiment.json.prev: copy that over it.")
    await user.should_see("✗ Cannot be read")
    shown = experiments.find(studio, pid, bad)
    assert shown is not None
    assert shown.name == "Experiment 2"  # what it was called before its last change
    await user.open(f"/projects/{pid}/training?experiment={good}")
    await user.should_see("Everything is saved.")


async def test_a_project_whose_images_cannot_be_read_is_told_on_every_page(
    user: User, pages: None, studio: Studio, tmp_path: Path
) -> None:
    """The way out is another import."""
    pid, eid = new_one(studio)
    dataset = studio.workspace.project(pid).dataset()
    assert dataset is not None
    (dataset.path / "index.sqlite").write_bytes(b"\xa5" * 8192)
    told = "The index of version 1 of the data set is damaged"
    await user.open("/projects")
    for text in ("Pets", "Classification", told):
        await user.should_see(text)
    await user.open(f"/projects/{pid}/split")
    await user.should_see("The images cannot be read")
    await user.should_see(told)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see(told)
    await user.should_see("Learning Rate")
    await user.open(f"/projects/{pid}/dataset")
    await user.should_see(told)
    folder = draw_classes(tmp_path / "pets", {"cat": 5, "dog": 4})
    field(user, "Folder").type(str(folder))
    user.find(kind=ui.button, content="Import").click()
    await user.should_see("9 images · 2 classes · Class folders · version 2")
    await user.should_not_see(told)


async def test_a_project_that_cannot_be_read_can_only_be_deleted(user: User, pages: None, studio: Studio) -> None:
    pid = new_project(studio)
    (studio.workspace.project(pid).path / "project.json").write_text("{")
    await user.open(f"/projects/{pid}/dataset")
    await user.should_see(f"project.json of {pid} is damaged")
    await user.open("/projects")
    await user.should_see(f"project.json of {pid} is damaged")
    await user.should_not_see("Rename")
    user.find(kind=ui.menu_item).click()
    await user.should_see("All that is in it goes to the trash.")
    user.find(kind=ui.button, content="Delete").click()
    await user.should_see("Train an image model without writing code")
    assert projects.all_projects(studio) == []


async def test_training_says_what_it_needs_first(user: User, pages: None, studio: Studio) -> None:
    pid = new_project(studio)
    await user.open(f"/projects/{pid}/training")
    for text in ("Training needs images and a split", "Go to Data"):
        await user.should_see(text)
    add_images(studio, pid, {"cat": 10, "dog": 10})
    await user.open(f"/projects/{pid}/training")
    for text in ("Training needs a split", "Go to Split"):
        await user.should_see(text)
    add_split(studio, pid)
    await user.open(f"/projects/{pid}/training")
    await user.should_see("No experiment selected")


async def test_a_deleted_split_is_named(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    (split,) = splits.all_splits(studio, pid)
    splits.delete(studio, ME, pid, split.id)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see(f"The split {split.name} (deleted): choose another one, or restore it from the trash.")
    await user.should_see(f"The split {split.name} was deleted. The curve is drawn")
    assert not button(user, "Train").enabled
    folder = studio.workspace.project(pid).experiment(eid)
    folder.write(folder.read().model_copy(update={"status": "completed"}))
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see(f"The split {split.name} was deleted. Restore it from the trash to go on")
    assert not button(user, "More Epochs").enabled
    trash.restore(studio, ME, trash.entries(studio)[0].name)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_not_see("was deleted")
    assert button(user, "More Epochs").enabled


async def test_more_epochs_says_where_they_begin(user: User, pages: None, studio: Studio) -> None:
    """Not at the end of a schedule that early stopping cut short."""
    pid = ready_project(studio)
    eid = new_experiment(studio, pid, epochs=50, early_stopping={"patience": 2})
    folder = studio.workspace.project(pid).experiment(eid)
    row: Row = {"epoch": 20.0, "lr": 0.065, "val_accuracy": 0.5}
    ended = {"progress": Progress(epoch=20, epochs=50), "metrics": MetricValues(best=row, last=row)}
    folder.write(folder.read().model_copy(update={**ended, "status": "completed"}))
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("More Epochs")
    user.find(kind=ui.button, content="More Epochs").click()
    await user.should_see("It has trained 20 epochs: the added ones run at its last learning rate, 0.065, unless")
    await user.should_see("Early Stopping ends them sooner after 2 epochs without a better one.")


def test_stop_says_what_it_gives_up() -> None:
    run = Run(MainMetric(name="val_accuracy", direction="max"), epochs=3)
    assert given_up(run) == "No epoch is finished yet, so there will be no checkpoint to resume from."
    loss, rate = [1.0] * 12, [0.1] * 12
    elapsed = [float(10 * step) for step in range(12)]
    run.feed(StepsLogged(time=0, epoch=1, step=1, elapsed=elapsed, train_loss=loss, lr=rate))
    assert given_up(run).startswith("Epoch 1 is given up: 12 steps, 1m 50s. No epoch is finished yet")
    run.feed(EpochFinished(time=0, row={"epoch": 1.0, "step": 8.0, "time": 75.0}))
    assert (
        given_up(run)
        == "Epoch 2 is given up: 4 steps, 35s. What was learned up to epoch 1 is kept, and Resume goes on from there."
    )


async def test_a_resume_that_the_disk_refuses_is_told(user: User, pages: None, studio: Studio) -> None:
    pid = ready_project(studio)
    eid = new_experiment(studio, pid)
    folder = studio.workspace.project(pid).experiment(eid)
    folder.checkpoints.mkdir()
    (folder.checkpoints / "last.ckpt").write_bytes(b"weights")
    write_json(folder.checkpoints / "last.ckpt.json", {"sha256": digest(folder.checkpoints / "last.ckpt"), "epoch": 1})
    stopped = {"status": "stopped", "attempt": 1, "resumable": True, "resume_epoch": 1}
    folder.write(folder.read().model_copy(update=stopped))
    (folder.path / "attempt-2").symlink_to("/nowhere")  # so that no folder can be made there
    await user.open(f"/projects/{pid}/training")
    await user.should_see("Resume")
    user.find(kind=ui.button, content="Resume").click()
    await user.should_see("The file system refused it: File exists.")
    assert experiments.get(studio, pid, eid).status == "stopped"


def _choose(user: User, label: str, value: str) -> None:
    menu(user, label).set_value(value)


async def test_an_error_stands_at_its_field(user: User, pages: None, studio: Studio) -> None:
    pid, eid = new_one(studio)
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Everything is saved.")
    field(user, "Batch Size").clear().type("-3")
    await user.should_see("Batch Size: must be")
    (found,) = field(user, "Batch Size").elements
    assert found.error == "Must be a whole number from 1 to 4096."


async def test_without_a_split_there_is_nothing_to_train_on(user: User, pages: None, studio: Studio) -> None:
    pid = new_project(studio)
    eid = experiments.create(studio, ME, pid, ExperimentRequest()).id
    await user.open(f"/projects/{pid}/training?experiment={eid}")
    await user.should_see("Choose a split first")
    assert not button(user, "Train").enabled
