"""The Data page by what stands in its address, and by what it does when answers come late."""

import asyncio
from collections.abc import Iterator

import pytest
from nicegui.functions.navigate import History
from nicegui.testing import User

from aistudio.schema.split import Ratios, SplitRequest
from aistudio.service import datasets, splits
from aistudio.studio import Studio
from aistudio.ui.image_viewer import ImageViewer
from tests.fixtures import ME, add_images, new_project
from tests.pages.acting import until

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


def _shown(user: User) -> str:
    """The image that is seen large."""
    (viewer,) = user.find(kind=ImageViewer).elements
    picture = viewer.props["picture"]
    return str(picture["name"]) if picture else ""
