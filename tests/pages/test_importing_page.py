"""Imports on the Data page: one for each time that one is asked for, and once more as it was asked for first."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nicegui import ui
from nicegui.testing import User

from aistudio.schema.project import UNDER_WAY, Import
from aistudio.service import datasets
from aistudio.studio import Studio
from tests.fixtures import ME, draw_classes, finish_import, new_project
from tests.pages.acting import button, field, press, until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images that can be read in two ways, and one that cannot, so that an import asks."""
    folder = draw_classes(tmp_path / "pets", {"cat": 5, "dog": 4})
    (folder / "dog" / "broken.png").write_bytes(b"no image")
    lines = [f"{path.relative_to(folder)},{path.parent.name}" for path in sorted(folder.rglob("*.png"))]
    (folder / "labels.csv").write_text("\n".join(["file,label", *lines, ""]))
    return folder


async def test_enter_twice_begins_one_import(user: User, pages: None, studio: Studio, folder: Path) -> None:
    pid = new_project(studio)
    await user.open(f"/projects/{pid}/dataset")
    line = field(user, "Folder").type(str(folder))
    line.trigger("keydown.enter").trigger("keydown.enter")
    await _all(studio, pid)
    line.trigger("keydown.enter")  # was on its way when the form went
    await asyncio.sleep(0.2)
    assert [job.status for job in datasets.all_imports(studio, pid)] == ["review"]


async def test_a_double_click_on_a_sample_draws_it_once(user: User, pages: None, studio: Studio) -> None:
    pid = new_project(studio)
    await user.open(f"/projects/{pid}/dataset")
    next(iter(user.find(kind=ui.toggle, content="Sample data").elements)).set_value("sample")
    sample = button(user, "Drawn shapes")
    press(user, sample)
    press(user, sample)
    assert len(await _all(studio, pid)) == 1


async def test_a_double_click_on_another_format_reads_it_once_and_leaves_the_images_where_they_are(
    user: User, pages: None, studio: Studio, folder: Path
) -> None:
    """Also after a reload: the form stands at its first choices then."""
    pid = new_project(studio)
    first = finish_import(studio, pid, folder, on_problems="ask", storage="reference")
    await user.open(f"/projects/{pid}/dataset")
    other = _other_format(user)
    press(user, other)
    press(user, other)
    assert [job.storage for job in await _all(studio, pid, first)] == ["reference"]
    await user.should_see(kind=ui.button, content="Import without the bad ones")
    press(user, button(user, "Import without the bad ones"))
    await user.should_see("Imported 9 images in 2 classes")
    assert datasets.summary(studio, pid).storage == "reference"


async def test_try_again_leaves_the_images_where_they_are(
    user: User, pages: None, studio: Studio, folder: Path
) -> None:
    pid = new_project(studio)
    first = finish_import(studio, pid, folder, on_problems="ask", storage="reference")
    datasets.cancel_import(studio, ME, pid, first.id)
    await until(lambda: datasets.get_import(studio, pid, first.id).status == "cancelled")
    await user.open(f"/projects/{pid}/dataset")
    await user.should_see("Try again")
    press(user, button(user, "Try again"))
    assert [job.storage for job in await _all(studio, pid, first)] == ["reference"]


async def test_a_refusal_of_the_disk_is_told_and_the_import_can_be_asked_for_again(
    user: User, pages: None, studio: Studio, folder: Path
) -> None:
    pid = new_project(studio)
    await user.open(f"/projects/{pid}/dataset")
    field(user, "Folder").type(str(folder))
    with _refusing(studio.workspace.staging):
        press(user, button(user, "Import"))
        await until(lambda: bool(user.notify.messages))
    assert user.notify.messages[0].startswith("The file system refused it: ")
    assert button(user, "Import").enabled
    press(user, button(user, "Import"))
    await user.should_see("Can be imported: 9 images in 2 classes, 1 image left out.")


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be made."""
    folder.mkdir(exist_ok=True)
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.symlink_to("/nowhere")
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


def _other_format(user: User) -> ui.button:
    return next(one for one in user.find(kind=ui.button).elements if one.text.startswith("Read as"))


async def _all(studio: Studio, pid: str, *besides: Import) -> list[Import]:
    """The imports, once there is one, and each has ended or asks."""

    def found() -> list[Import]:
        return [one for one in datasets.all_imports(studio, pid) if one.id not in {other.id for other in besides}]

    await until(lambda: bool(found()) and all(one.status not in UNDER_WAY or one.status == "review" for one in found()))
    return found()
