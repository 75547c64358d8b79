"""What opens over the Training page: the preview, YAML, code, and what differs between two tabs."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DIALOG, Trying, accessible, watched
from tests.fixtures import TINY, until

pytestmark = pytest.mark.browser
MINUTE = 60_000


def test_the_preview_shows_each_step_on_own_images(page: Any, trying: Trying) -> None:
    train = [{"kind": "Resize", "height": 32, "width": 32}, {"kind": "HorizontalFlip"}]
    eid = trying.add("Baseline", **{**TINY, "augmentations": {"train": train, "val": train[:1]}})
    page.goto(trying.address(eid))
    assert not _previewers(trying)
    page.get_by_role("heading", name="Augmentations", exact=True).hover()
    until(lambda: _previewers(trying), "the worker for previews is started before it is asked for")
    page.get_by_role("button", name="Preview Augmentations (Train)").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("in epoch 1")).to_be_visible(timeout=2 * MINUTE)
    expect(dialog.get_by_text("2. HorizontalFlip")).to_be_visible()
    pictures = dialog.get_by_role("img")
    expect(pictures).to_have_count(4 * 3)
    for picture in pictures.all():
        assert picture.evaluate("async (image) => (await image.decode(), image.naturalWidth)") > 0
    dialog.get_by_role("button", name="Other random values").click()
    expect(dialog.get_by_text("in epoch 2")).to_be_visible()
    assert len(_previewers(trying)) == 1
    accessible(page, DIALOG)
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Seed").fill("abc")  # what is typed may be wrong: it says so
    page.get_by_role("button", name="Preview Augmentations (Train)").click()
    expect(dialog.get_by_text("Seed: must be a whole number")).to_be_visible()


def _previewers(trying: Trying) -> list[int]:
    assert trying.process is not None
    return [child.pid for child in psutil.Process(trying.process.pid).children() if "--standby" in _command(child)]


def _command(process: psutil.Process) -> list[str]:
    """Nothing of one that has just ended."""
    with suppress(psutil.Error):
        return list(process.cmdline())
    return []


def test_yaml_goes_out_and_comes_back(page: Any, trying: Trying) -> None:
    eid = trying.add("Baseline", **TINY)
    page.goto(trying.address(eid))
    page.get_by_role("textbox", name="Epochs", exact=True).fill("9")
    _more(page, "Export YAML", wait=False)
    with page.expect_download() as written:
        page.get_by_role("menuitem", name="Export YAML").click()
    text = Path(written.value.path()).read_text()
    assert written.value.suggested_filename == "Baseline.yaml"
    _more(page, "Import YAML")
    page.get_by_role("textbox", name="YAML").fill(text.replace("epochs: 9", "epochs: 1.5"))
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text(re.compile("Epochs: must be a whole number"))).to_be_visible()
    accessible(page, DIALOG)
    file = {"name": "mended.yaml", "mimeType": "application/yaml"}
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files({**file, "buffer": text.replace("epochs: 9", "epochs: 11").encode()})
    expect(page.get_by_role("textbox", name="YAML")).to_have_value(re.compile("epochs: 11"))
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("textbox", name="Epochs", exact=True)).to_have_value("11")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    _more(page, "Show code")
    expect(page.get_by_role("dialog").get_by_text(re.compile("import lightning|from lightning"))).to_be_visible()
    accessible(page, DIALOG)


def test_two_tabs_see_what_differs(page: Any, browser: Any, trying: Trying) -> None:
    eid = trying.add("Baseline", **TINY)
    page.goto(trying.address(eid))
    with watched(browser, trying) as other:
        other.goto(trying.address(eid))
        page.get_by_role("textbox", name="Epochs", exact=True).fill("7")
        expect(page.get_by_text("Unsaved changes")).to_be_visible()
        other.get_by_role("textbox", name="Epochs", exact=True).fill("5")
        other.get_by_role("textbox", name="Weight Decay", exact=True).fill("0.3")
        other.get_by_role("button", name="Save", exact=True).click()
        expect(other.get_by_text("Everything is saved.")).to_be_visible()
        page.get_by_role("button", name="Save", exact=True).click()
        row = page.get_by_role("dialog").get_by_role("row", name="Epochs")
        expect(page.get_by_role("dialog").get_by_role("row")).to_have_count(2)  # a head, and what both edited
        expect(row).to_contain_text("5")
        expect(row).to_contain_text("7")
        accessible(page, DIALOG)
        page.get_by_role("button", name="Save mine").click()
        expect(page.get_by_text("Everything is saved.")).to_be_visible()
        expect(other.get_by_role("textbox", name="Epochs", exact=True)).to_have_value("7")
    config = trying.get(eid)["config"]
    assert (config["training"]["epochs"], config["optimizer"]["weight_decay"]) == (7, 0.3)  # both edits are there


def _more(page: Any, item: str, wait: bool = True) -> None:
    page.get_by_role("button", name="More", exact=True).click()
    if wait:
        page.get_by_role("menuitem", name=item).click()
