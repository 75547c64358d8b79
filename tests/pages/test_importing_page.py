"""Imports on the Data page: one for each time that one is asked for, and once more as it was asked for first."""

from pathlib import Path

import pytest
from nicegui.testing import User

from aistudio.schema.project import UNDER_WAY, Import
from aistudio.service import datasets
from aistudio.studio import Studio
from tests.fixtures import ME, draw_classes, finish_import, new_project
from tests.pages.acting import button, press, until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images that can be read in two ways, and one that cannot, so that an import asks."""
    folder = draw_classes(tmp_path / "pets", {"cat": 5, "dog": 4})
    (folder / "dog" / "broken.png").write_bytes(b"no image")
    lines = [f"{path.relative_to(folder)},{path.parent.name}" for path in sorted(folder.rglob("*.png"))]
    (folder / "labels.csv").write_text("\n".join(["file,label", *lines, ""]))
    return folder


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


async def _all(studio: Studio, pid: str, *besides: Import) -> list[Import]:
    """The imports, once there is one, and each has ended or asks."""

    def found() -> list[Import]:
        return [one for one in datasets.all_imports(studio, pid) if one.id not in {other.id for other in besides}]

    await until(lambda: bool(found()) and all(one.status not in UNDER_WAY or one.status == "review" for one in found()))
    return found()
