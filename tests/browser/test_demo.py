"""From nothing to a trained model: the demo project, a new experiment, edit, train, watch, completed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser
MINUTE = 60_000


def test_demo_project_then_an_experiment_of_ones_own(page: Any, server: Server) -> None:
    page.goto("/")
    page.get_by_role("button", name="Try the demo project").click()
    page.wait_for_url(re.compile(r"/projects/.+/training\?experiment=.+"), timeout=MINUTE)
    results = page.get_by_role("region", name="Results")
    expect(results.get_by_text("● Training")).to_be_visible(timeout=MINUTE)

    page.get_by_role("button", name="New Experiment").click()
    expect(results.get_by_text("Not yet trained.")).to_be_visible()
    _fill(page, "Epochs", "3")
    page.get_by_role("combobox", name="Optimizer").click()
    page.get_by_role("option", name="SGD").click()
    _fill(page, "Momentum", "0.8")
    _fill(page, "Learning Rate", "1e-3")
    page.get_by_role("combobox", name="Architecture").fill("resnet10t")
    page.get_by_role("option", name=re.compile("resnet10t|ResNet-10-T")).first.wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Pretrained").click()
    page.get_by_role("button", name="Augmentations (Validation)").click()
    for kind in ("RandomResizedCrop", "Resize"):
        _set_size(page, kind, 32)
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(results.get_by_text(re.compile("Queued|Training")).first).to_be_visible()

    expect(results.get_by_text("● Training")).to_be_visible(timeout=2 * MINUTE)
    expect(results.get_by_text(re.compile(r"Epoch: [1-3]/3")).first).to_be_visible(timeout=2 * MINUTE)
    page.wait_for_function(f"() => ({POINTS_OF_LOSS})() > 0")  # drawn a moment after the words
    expect(results.get_by_text("✓ Completed")).to_be_visible(timeout=2 * MINUTE)
    expect(results.get_by_text(re.compile(r"Best Epoch: \d/3"))).to_be_visible()
    page.wait_for_function(f"() => ({POINTS_OF_LOSS})() === 3")

    document = _newest(server.workspace)
    assert document["status"] == "completed"
    assert document["config"]["optimizer"] == {"kind": "SGD", "lr": 0.001, "weight_decay": 0.0005, "momentum": 0.8}
    assert document["config"]["model"]["backbone"] == "resnet10t"


POINTS_OF_LOSS = """() => document.querySelector('[aria-label="Loss chart"]').data[2].x.length"""


def _fill(page: Any, name: str, value: str) -> None:
    page.get_by_role("textbox", name=name, exact=True).fill(value)


def _set_size(page: Any, kind: str, side: int) -> None:
    row = page.get_by_role("listitem", name=kind, exact=True)
    row.get_by_role("button", name=re.compile(f"^{kind} ")).click()
    for name in ("Height", "Width"):
        row.get_by_role("textbox", name=name).fill(str(side))


def _newest(workspace: Path) -> dict[str, Any]:
    documents = [json.loads(path.read_text()) for path in workspace.glob("projects/*/experiments/*/experiment.json")]
    newest: dict[str, Any] = max(documents, key=lambda document: document["created_at"])
    return newest
