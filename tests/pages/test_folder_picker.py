"""The dialog in which a folder of the server is chosen, where listing one takes its time."""

from importlib import import_module
from pathlib import Path

import pytest
from nicegui import ui
from nicegui.testing import User

from aistudio.studio import Studio
from tests.fixtures import new_project
from tests.pages.acting import Gate, button, field, press, until


@pytest.fixture
async def top(user: User, pages: None, studio: Studio, tmp_path: Path) -> Path:
    """What the picker is opened at: a folder with a slow one and a quick one in it, each with one more."""
    top = tmp_path / "top"
    for name in ("slow/behind", "quick/inside"):
        (top / name).mkdir(parents=True)
    await user.open(f"/projects/{new_project(studio)}/dataset")
    field(user, "Folder").type(str(top))
    press(user, button(user, "Browse"))
    await user.should_see("Choose this folder")
    return top


@pytest.fixture
def gate(top: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Before the listing of the slow one."""
    picker = import_module("pages.dataset.picker")
    return Gate(monkeypatch, picker, "folders", lambda _, path: str(path).endswith("slow"))


async def test_only_a_folder_that_is_listed_can_be_chosen(user: User, top: Path, gate: Gate) -> None:
    _open(user, "slow")
    await gate.reached()
    press(user, button(user, "Choose this folder"))
    await gate.open()
    await user.should_see("behind")
    press(user, button(user, "Choose this folder"))
    (line,) = field(user, "Folder").elements
    await until(lambda: line.value == str(top / "slow"))


async def test_a_folder_that_is_listed_late_does_not_replace_the_one_opened_after_it(
    user: User, top: Path, gate: Gate
) -> None:
    _open(user, "slow")
    await gate.reached()
    _open(user, "quick")
    await user.should_see("inside")
    await gate.open()
    press(user, button(user, "Choose this folder"))
    (line,) = field(user, "Folder").elements
    await until(lambda: line.value != str(top))
    assert line.value == str(top / "quick")


async def test_where_a_folder_cannot_be_listed_the_one_around_it_can_be_chosen(user: User, top: Path) -> None:
    (top / "quick" / "inside").rmdir()
    (top / "quick").rmdir()
    _open(user, "quick")
    await user.should_see(str(top / "quick"))  # in the reason
    press(user, button(user, "Choose this folder"))
    await user.should_not_see("Choose this folder")
    (line,) = field(user, "Folder").elements
    assert line.value == str(top)


def _open(user: User, name: str) -> None:
    row = next(one for one in user.find(kind=ui.label, content=name).elements if one.text == name).parent_slot
    assert row is not None
    press(user, row.parent)
