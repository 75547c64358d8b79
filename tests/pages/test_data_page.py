"""The Data page by what stands in its address, and by what it does when answers come late."""

import asyncio
from collections.abc import Iterator

import pytest
from nicegui import ui
from nicegui.functions.navigate import History
from nicegui.testing import User

from aistudio.schema.project import Problem
from aistudio.schema.split import Ratios, SplitRequest
from aistudio.service import datasets, projects, splits
from aistudio.store.dataset import DatasetFolder, NewImage
from aistudio.studio import Studio
from aistudio.ui.image_grid import ImageGrid
from aistudio.ui.image_viewer import ImageViewer
from tests.fixtures import ME, add_images, new_project, png
from tests.pages.acting import Gate, menu, until

DOGS = 170  # three pages


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the page does to the history of the browser: + for another entry, = for another address of this one."""
    found: list[str] = []
    monkeypatch.setattr(History, "push", lambda _, url: found.append(f"+{url}"))
    monkeypatch.setattr(History, "replace", lambda _, url: found.append(f"={url}"))
    yield found


@pytest.fixture
def dogs(studio: Studio) -> str:
    pid = new_project(studio)
    add_images(studio, pid, {"cat": 30, "dog": DOGS})
    return pid


async def test_an_address_with_filters_keeps_its_page_and_adds_nothing_to_the_history(
    user: User, pages: None, dogs: str, steps: list[str]
) -> None:
    await user.open(f"/projects/{dogs}/dataset?class=dog&search=dog&sort=-size&page=3")
    await user.should_see(f"161 to {DOGS} of {DOGS} images")
    await asyncio.sleep(0.2)
    await user.should_see(f"161 to {DOGS} of {DOGS} images")
    assert steps == []


async def test_an_address_with_an_image_of_a_split_opens_it(
    user: User, pages: None, studio: Studio, dogs: str, steps: list[str]
) -> None:
    ratios = Ratios(train=0.8, val=0.2, test=0)
    split = splits.create(studio, ME, dogs, SplitRequest(name="80/20", ratios=ratios)).id
    image = datasets.images(studio, dogs, split=split, subset="train").images[1]
    await user.open(f"/projects/{dogs}/dataset?split={split}&subset=train&image={image.id}")
    await until(lambda: bool(_shown(user)))
    await asyncio.sleep(0.2)
    assert (_shown(user), steps) == (image.name, [])


@pytest.mark.parametrize("query", ["", "page=2&"])
async def test_an_address_with_an_image_leads_to_its_page(
    user: User, pages: None, dogs: str, steps: list[str], query: str
) -> None:
    """Which one that is depends on the size of the tiles, and a link to an image says nothing of it."""
    await user.open(f"/projects/{dogs}/dataset?class=dog&{query}image=200")
    await until(lambda: _shown(user) == "dog/200.png")
    await user.should_see(f"161 to {DOGS} of {DOGS} images")
    assert steps == [f"=/projects/{dogs}/dataset?class=dog&page=3&image=200"]


async def test_an_address_with_an_image_that_the_filters_leave_out_shows_the_page(
    user: User, pages: None, dogs: str, steps: list[str]
) -> None:
    await user.open(f"/projects/{dogs}/dataset?class=dog&page=2&image=7")
    await user.should_see(f"81 to 160 of {DOGS} images")
    assert (_shown(user), steps) == ("", [])


async def test_an_address_of_a_page_that_is_no_more_leads_to_the_last_one(
    user: User, pages: None, dogs: str, steps: list[str]
) -> None:
    await user.open(f"/projects/{dogs}/dataset?class=dog&page=9")
    await user.should_see(f"161 to {DOGS} of {DOGS} images")
    await asyncio.sleep(0.2)
    assert steps == [f"=/projects/{dogs}/dataset?class=dog&page=3"]
    assert _pager(user).value == 3
    _pager(user).set_value(2)
    await user.should_see(f"81 to 160 of {DOGS} images")
    assert steps[1:] == [f"+/projects/{dogs}/dataset?class=dog&page=2"]


async def test_a_project_that_was_deleted_meanwhile_is_told_once(
    user: User, pages: None, studio: Studio, dogs: str
) -> None:
    split = splits.create(studio, ME, dogs, SplitRequest(name="80/20", ratios=Ratios(train=0.8, val=0.2, test=0))).id
    await user.open(f"/projects/{dogs}/dataset?split={split}&subset=train")
    await user.should_see("1 to 80 of 160 images")
    projects.delete(studio, ME, dogs)
    menu(user, "Class").set_value("dog")
    await until(lambda: len(user.notify.messages) >= 2)  # with the split, and without
    menu(user, "Class").set_value("cat")
    await until(lambda: len(user.notify.messages) >= 3)
    await asyncio.sleep(0.2)
    assert len(user.notify.messages) == 3


async def test_late_statistics_of_another_version_are_not_shown(
    user: User, pages: None, studio: Studio, dogs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_images(studio, dogs, {"cat": 7})
    await user.open(f"/projects/{dogs}/dataset?version=1")
    await user.should_see("200 images · 2 classes")
    gate = Gate(monkeypatch, datasets, "statistics", lambda *arguments: arguments[-1] == 1)
    _turn_to(user, "statistics")
    await gate.reached()
    menu(user, "Version").set_value(2)
    await user.should_see("Class distribution")
    assert _tile(user) == "7"
    await gate.open()
    assert _tile(user) == "7"


async def test_a_late_report_of_another_version_is_not_shown(
    user: User, pages: None, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = new_project(studio)
    _reported(studio, pid, "first", "second")
    _reported(studio, pid, "third")
    await user.open(f"/projects/{pid}/dataset?version=1")
    await user.should_see("1 image · 1 class")
    gate = Gate(monkeypatch, datasets, "problem_kinds", lambda *arguments: arguments[-1] == 1)
    _turn_to(user, "report")
    await gate.reached()
    menu(user, "Version").set_value(2)
    await user.should_see("third.png")
    await gate.open()
    await user.should_see("third.png")
    await user.should_see("The check has 1 remark")
    (link,) = (one for one in user.find(kind=ui.link).elements if one.text == "Download as CSV")
    assert str(link.props["href"]).endswith("version=2")


async def test_a_version_that_is_read_late_does_not_replace_the_one_chosen_after_it(
    user: User, pages: None, studio: Studio, dogs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_images(studio, dogs, {"cat": 7})
    add_images(studio, dogs, {"cat": 5})
    await user.open(f"/projects/{dogs}/dataset")
    await user.should_see("5 images · 1 class")
    gate = Gate(monkeypatch, datasets, "summary", lambda *arguments: arguments[-1] == 1)
    menu(user, "Version").set_value(1)
    await gate.reached()
    menu(user, "Version").set_value(2)
    await user.should_see("7 images · 1 class")
    await gate.open()
    await user.should_see("7 images · 1 class")
    await user.should_see(kind=ui.label, content="7 images")
    assert set(menu(user, "Class").options) == {"", "cat"}


async def test_a_page_that_is_read_late_changes_no_filter(
    user: User, pages: None, studio: Studio, dogs: str, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await user.open(f"/projects/{dogs}/dataset")
    await user.should_see("1 to 80 of 200 images")
    gate = Gate(monkeypatch, datasets, "images", lambda *arguments, **_: arguments[2] == 9)
    _pager(user).set_value(9)  # which there was before
    await gate.reached()
    menu(user, "Class").set_value("cat")
    await user.should_see("30 images")
    await gate.open()
    user.find(kind=ImageGrid).trigger("open", 0)
    await until(lambda: bool(_shown(user)))
    assert steps[-1] == f"+/projects/{dogs}/dataset?class=cat&image=1"


async def test_the_viewer_stays_closed_after_a_step_to_the_next_page(
    user: User, pages: None, studio: Studio, dogs: str, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await user.open(f"/projects/{dogs}/dataset?image=80")
    await until(lambda: _shown(user) == "dog/80.png")
    gate = Gate(monkeypatch, datasets, "images", lambda *arguments, **_: arguments[2] == 2)
    user.find(kind=ImageViewer).trigger("step", 1)
    await gate.reached()
    user.find(kind=ImageViewer).trigger("closed")
    await until(lambda: not _shown(user))
    await gate.open()
    assert not _shown(user)
    assert steps[-1] == f"=/projects/{dogs}/dataset"


async def test_steps_over_the_end_of_a_page_never_lead_back(
    user: User, pages: None, studio: Studio, dogs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A held key asks for the next page several times, before the first answer."""
    await user.open(f"/projects/{dogs}/dataset?image=80")
    await until(lambda: _shown(user) == "dog/80.png")
    gate = Gate(monkeypatch, datasets, "images", lambda *arguments, **_: arguments[2] == 2)
    user.find(kind=ImageViewer).trigger("step", 1)
    await gate.reached()
    user.find(kind=ImageViewer).trigger("step", 1)
    await until(lambda: _shown(user) == "dog/81.png")
    user.find(kind=ImageViewer).trigger("step", 1)
    await until(lambda: _shown(user) == "dog/82.png")
    await gate.open()
    assert _shown(user) == "dog/82.png"


def _shown(user: User) -> str:
    """The image that is seen large."""
    (viewer,) = user.find(kind=ImageViewer).elements
    picture = viewer.props["picture"]
    return str(picture["name"]) if picture else ""


def _pager(user: User) -> ui.pagination:
    (pager,) = user.find(kind=ui.pagination).elements
    return pager


def _turn_to(user: User, tab: str) -> None:
    (tabs,) = (one for one in user.find(kind=ui.tabs).elements if "result-tabs" in one.classes)
    tabs.set_value(tab)


def _tile(user: User) -> str:
    """How many images the statistics count."""
    labels = sorted(user.find(kind=ui.label).elements, key=lambda one: one.id)
    tiles = [one.text for one in labels if {"tile-name", "tile-value"} & set(one.classes)]
    return str(tiles[tiles.index("Images") + 1])


def _reported(studio: Studio, pid: str, *names: str) -> None:
    """A version of one image, whose report has these files."""
    staged = DatasetFolder(studio.workspace.staging / names[0])
    for part in (staged.images, staged.thumbnails):
        part.mkdir(parents=True)
    data = png()
    (staged.images / "1.png").write_bytes(data)
    (staged.thumbnails / "1.jpg").write_bytes(data)
    image = NewImage("cat/1.png", "1.png", 8, 8, len(data), "0", 0)
    staged.create(["cat"], [image], problems=[Problem(file=f"{name}.png", message="is broken") for name in names])
    studio.workspace.project(pid).adopt_dataset(staged.path)
