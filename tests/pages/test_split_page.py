"""The Split page where others change what it is about while it is read."""

from importlib import import_module

import pytest
from nicegui.testing import User

from aistudio.schema.project import Dataset
from aistudio.service import datasets
from aistudio.studio import Studio
from tests.fixtures import add_images, new_project


async def test_images_that_come_while_the_page_is_read_are_seen(
    user: User, pages: None, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid, real = new_project(studio), datasets.summary

    def then_imported(*arguments: object) -> Dataset:
        found = real(*arguments)  # type: ignore[arg-type]
        if not found.images:
            add_images(studio, pid, {"cat": 5, "dog": 5})
        return found

    monkeypatch.setattr(datasets, "summary", then_imported)
    monkeypatch.setattr(import_module("pages.split.page"), "CHECK", 0.2)
    await user.open(f"/projects/{pid}/split")
    await user.should_see("New split")
