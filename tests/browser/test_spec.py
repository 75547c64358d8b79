"""The Training page as it is specified: every row of every table, found by its role and its name."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Trying
from tests.fixtures import TINY

pytestmark = pytest.mark.browser
MINUTE = 60_000

ALWAYS = [
    ("combobox", "Architecture"),
    ("checkbox", "Pretrained"),
    ("checkbox", "Freeze backbone"),
    ("combobox", "Split"),
    ("combobox", "Optimizer"),
    ("textbox", "Learning Rate"),
    ("textbox", "Weight Decay"),
    ("combobox", "Scheduler"),
    ("textbox", "Warmup Epochs"),
    ("combobox", "Loss Function"),
    ("textbox", "Epochs"),
    ("textbox", "Batch Size"),
    ("textbox", "Batch Multiplier"),
    ("textbox", "Num Workers"),
    ("checkbox", "Early Stopping"),
    ("button", "Add Transform"),
    ("button", "Reset to Defaults"),
    ("combobox", "Device"),
    ("combobox", "Precision"),
    ("button", "Save"),
    ("button", "Train"),
]
SECTIONS = ["Model", "Split", "Optimizer", "Scheduler", "Loss", "Training", "Augmentations", "Hardware"]
DEPENDENT = {
    "Optimizer": {"Adam": [], "AdamW": [], "SGD": ["Momentum"]},
    "Scheduler": {
        "Cosine": ["Final Share"],
        "StepLR": ["Step Size", "Gamma"],
        "MultiStepLR": ["Milestones", "Gamma"],
        "PolynomialLR": ["Power"],
        "None": [],
    },
    "Loss Function": {"CrossEntropy": ["Label Smoothing"], "Focal": ["Gamma"], "BCE": ["Label Smoothing"]},
}


def test_every_control_is_found_by_its_name(page: Any, trying: Trying) -> None:
    page.goto(trying.address(trying.add("Baseline")))
    form = page.get_by_role("region", name="Configuration")
    for section in SECTIONS:
        expect(form.get_by_role("heading", name=section, exact=True)).to_be_visible()
    for role, name in ALWAYS:
        expect(form.get_by_role(role, name=name, exact=True).first).to_be_visible()
    for menu, kinds in DEPENDENT.items():
        _walk(page, form, menu, kinds)
    expect(form.get_by_role("textbox", name="Patience")).to_have_count(0)
    form.get_by_role("checkbox", name="Early Stopping").click()
    expect(form.get_by_role("textbox", name="Patience")).to_be_visible()
    page.get_by_role("combobox", name="Architecture", exact=True).click()
    for known in ("ResNet-18 ", "ResNet-34 ", "ResNet-50 ", "EfficientNet", "M parameters", "px", "Apache-2.0"):
        expect(page.get_by_role("option").filter(has_text=known).first).to_be_attached()  # drawn some at a time
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    assert _options(page, "Precision") == ["32", "16-mixed", "bf16-mixed"]
    page.get_by_role("combobox", name="Architecture").fill("resnet1818")
    page.keyboard.press("Tab")
    expect(form.get_by_text(re.compile("^resnet1818 is not in the list.*Near names: resnet18"))).to_be_visible()


def test_the_form_is_walked_with_tab_and_nothing_changes(page: Any, trying: Trying) -> None:
    page.goto(trying.address(trying.add("Baseline")))
    form = page.get_by_role("region", name="Configuration")
    form.get_by_role("combobox", name="Architecture").focus()
    met: list[str] = []
    while "Train" not in met:
        assert len(met) < 60, met
        page.keyboard.press("Tab")
        met.append(page.evaluate(FOCUSED))
    for role, name in ALWAYS[1:]:
        if name not in ("Save", "Reset to Defaults"):  # there is nothing to save, and nothing to reset
            assert name in met, (role, name, met)
    expect(page.get_by_text("Everything is saved.")).to_be_visible()
    assert page.evaluate(RING) == "solid"
    form.get_by_role("combobox", name="Optimizer").focus()
    page.keyboard.press("Tab")
    hint = "Size of a step at the peak of the schedule."
    expect(page.get_by_role("tooltip")).to_contain_text(hint)
    rate = form.get_by_role("textbox", name="Learning Rate", exact=True)
    expect(rate).to_have_accessible_description(re.compile(hint))
    page.keyboard.type("0")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    rate.fill("fast")
    expect(rate).to_have_accessible_description(re.compile(f"^Must be a number above 0 .* {hint}"))


FOCUSED = """() => {
  const at = document.activeElement;
  return (at.ariaLabel ?? at.labels?.[0]?.innerText ?? at.innerText).split("\\n").at(-1).trim();
}"""
RING = "() => getComputedStyle(document.activeElement).outlineStyle"


TOLD_ABOVE_THE_BUTTONS = """() => {
  const foot = document.querySelector('.column-config .column-foot').getBoundingClientRect();
  return document.querySelector('.q-notification')?.getBoundingClientRect().bottom <= foot.top;
}"""


def _walk(page: Any, form: Any, menu: str, kinds: dict[str, list[str]]) -> None:
    """Each kind of the menu brings its own fields, and takes those of the others away."""
    others = {name for names in kinds.values() for name in names}
    assert set(_options(page, menu)) >= set(kinds)
    for kind, names in kinds.items():
        _choose(page, menu, kind)
        for name in names:
            expect(form.get_by_role("textbox", name=name, exact=True)).to_be_visible()
        for name in others - set(names):
            expect(form.get_by_role("textbox", name=name, exact=True)).to_have_count(0)


def test_wrong_values_are_refused_in_words(page: Any, trying: Trying) -> None:
    page.goto(trying.address(trying.add("Baseline")))
    for name, text, words in (
        ("Batch Multiplier", "65", "from 1 to 64"),
        ("Learning Rate", "fast", "must be a number above 0"),
        ("Learning Rate", "0,001", "with a point: 0.001"),
        ("Epochs", "1.5", "must be a whole number"),
        ("Batch Size", "0", "from 1 to 4096"),
    ):
        field = page.get_by_role("textbox", name=name, exact=True)
        before = field.input_value()
        field.fill(text)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.get_by_text(re.compile(f"^{name}: .*{words}")).first).to_be_visible()
        expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
        field.fill(before)
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()


def test_scientific_numbers_are_saved_and_reset(page: Any, trying: Trying) -> None:
    eid = trying.add("Baseline")
    page.goto(trying.address(eid))
    rate = page.get_by_role("textbox", name="Learning Rate", exact=True)
    rate.fill("1e-3")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_function(TOLD_ABOVE_THE_BUTTONS)
    expect(page.get_by_text("Everything is saved.")).to_be_visible()
    assert trying.get(eid)["config"]["optimizer"]["lr"] == 0.001
    page.get_by_role("button", name="Reset to 0.0005").press("Enter")
    expect(rate).to_have_value("0.0005")
    expect(rate).to_be_focused()
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    for kind in ("SGD", "AdamW"):  # with the values of the task, not those of the library
        _choose(page, "Optimizer", kind)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Everything is saved.")).to_be_visible()
    expect(rate).to_have_value("0.0005")


@pytest.mark.parametrize("trying", [(0, "hang"), (1, "hang"), (4, "hang")], indirect=True, ids=["0", "1", "4"])
def test_devices_and_what_they_can_do(page: Any, trying: Trying) -> None:
    page.goto(trying.address(trying.add("Baseline")))
    first = "GPU 0" if trying.gpus else "CPU"
    device = page.get_by_role("combobox", name="Device")
    chosen = page.locator(".q-field", has=device)
    expect(chosen).to_contain_text(first)
    options = _options(page, "Device")
    assert [one.split()[0] for one in options] == ["CPU"] + ["GPU"] * trying.gpus
    assert all("free" in one for one in options)
    label = page.get_by_text(re.compile("^Effective batch size"))
    expect(label).to_have_text("Effective batch size: 8")
    _precision_is_open(page, "16-mixed", trying.gpus > 0)
    if trying.gpus == 4:
        _choose(page, "Device", "GPU 1")
        expect(label).to_have_text("Effective batch size: 16 (8 × 1 × 2)")
        page.keyboard.press("Escape")
        _choose(page, "Device", "CPU")  # beside GPUs it does not count
        expect(label).to_have_text("Effective batch size: 16 (8 × 1 × 2)")
        page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Batch Multiplier").fill("4")
    expect(label).to_have_text(
        f"Effective batch size: {64 if trying.gpus == 4 else 32} (8 × 4 × {2 if trying.gpus == 4 else 1})"
    )


def _precision_is_open(page: Any, name: str, wanted: bool) -> None:
    page.get_by_role("combobox", name="Precision").click()
    option = page.get_by_role("option", name=re.compile(f"^{name}"))
    expect(option).to_be_visible()
    assert (option.get_attribute("aria-disabled") != "true") == wanted
    if not wanted:
        expect(option).to_contain_text("Needs a GPU.")
    page.keyboard.press("Escape")


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_a_dragged_order_is_what_the_worker_is_asked_for(page: Any, trying: Trying) -> None:
    eid = trying.add("Dragged", **TINY_WITH_FOUR)
    page.goto(trying.address(eid))
    _expect_rows(page, "Resize", "HorizontalFlip", "ColorJitter", "Normalize")
    _drag(page, 2, 0)
    expect(_row(page, 0)).to_have_attribute("aria-label", "ColorJitter")
    grip = page.get_by_role("button", name="Move HorizontalFlip, use the arrow keys")
    grip.focus()
    page.keyboard.press("ArrowUp")
    expect(_row(page, 1)).to_have_attribute("aria-label", "HorizontalFlip")
    expect(page.get_by_text("HorizontalFlip moved to place 2 of 4.")).to_be_attached()
    expect(grip).to_be_focused()
    page.get_by_role("button", name="Train", exact=True).click()
    trying.until(eid, "completed")
    request = next(Path(trying.workspace).rglob("attempt-1/request.json"))
    kinds = [one["kind"] for one in json.loads(request.read_text())["config"]["augmentations"]["train"]]
    assert kinds == ["ColorJitter", "HorizontalFlip", "Resize", "Normalize"]
    _expect_rows(page, *kinds)
    expect(page.get_by_role("button", name="Add Transform")).to_have_count(0)  # what ran cannot be changed


def test_transforms_are_added_opened_removed_and_reset(page: Any, trying: Trying) -> None:
    page.goto(trying.address(trying.add("Baseline", **TINY_WITH_FOUR)))
    page.get_by_role("button", name="Add Transform").first.click()
    expect(page.get_by_role("textbox", name="Search transforms")).to_be_focused()
    page.keyboard.type("blur motion")
    expect(page.get_by_role("menuitem")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="MotionBlur")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("textbox", name="Search transforms")).to_be_focused()
    page.keyboard.press("Enter")
    row = page.get_by_role("listitem", name="MotionBlur", exact=True)
    expect(row.get_by_role("textbox").first).to_be_visible()  # a new one is open
    _expect_rows(page, "Resize", "HorizontalFlip", "ColorJitter", "MotionBlur", "Normalize")  # which stays the last
    row.get_by_role("button", name="Remove MotionBlur").press("Enter")
    expect(row).to_have_count(0)
    expect(page.get_by_text("MotionBlur removed, 4 left.")).to_be_attached()
    expect(_row(page, 3).get_by_role("button", name="Normalize as the weights need it")).to_be_focused()
    resize = page.get_by_role("listitem", name="Resize", exact=True).first
    opener = resize.get_by_role("button", name=re.compile("^Resize"))
    expect(opener).to_have_attribute("aria-expanded", "false")
    opener.click()
    resize.get_by_role("textbox", name="Height").fill("48")
    expect(resize).to_contain_text("48")
    page.get_by_role("button", name="Reset to Defaults").first.click()
    expect(_row(page, 0)).to_have_attribute("aria-label", "RandomResizedCrop")
    _expect_rows(page, "RandomResizedCrop", "HorizontalFlip", "ColorJitter", "Normalize")
    expect(_row(page, 0).get_by_role("button", name=re.compile("^RandomResizedCrop"))).to_be_focused()
    validation = page.get_by_role("button", name="Augmentations (Validation)")
    expect(validation).to_have_attribute("aria-expanded", "false")
    validation.click()
    expect(page.get_by_role("list", name="Augmentations (Validation)")).to_be_visible()


TINY_WITH_FOUR: dict[str, Any] = {
    **TINY,
    "augmentations": {
        "train": [
            {"kind": "Resize", "height": 32, "width": 32},
            {"kind": "HorizontalFlip"},
            {"kind": "ColorJitter"},
            {"kind": "Normalize", "source": "weights"},
        ],
        "val": [{"kind": "Resize", "height": 32, "width": 32}, {"kind": "Normalize", "source": "weights"}],
    },
}


def _choose(page: Any, menu: str, option: str) -> None:
    page.get_by_role("combobox", name=menu, exact=True).click()
    page.get_by_role("option", name=re.compile(f"^{re.escape(option)}( |$)")).click()


def _options(page: Any, menu: str) -> list[str]:
    page.get_by_role("combobox", name=menu, exact=True).click()
    expect(page.get_by_role("option").first).to_be_visible()
    texts = [" ".join(one.split()) for one in page.get_by_role("option").all_inner_texts()]
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    return [text.split(" Needs")[0] for text in texts]


def _list(page: Any) -> Any:
    return page.get_by_role("list", name="Augmentations (Train)")


def _row(page: Any, number: int) -> Any:
    return _list(page).get_by_role("listitem").nth(number)


def _expect_rows(page: Any, *kinds: str) -> None:
    expect(_list(page).get_by_role("listitem")).to_have_count(len(kinds))
    for number, kind in enumerate(kinds):
        expect(_row(page, number)).to_have_attribute("aria-label", kind)


def _drag(page: Any, source: int, target: int) -> None:
    """SortableJS needs visible rows and small pauses."""
    for number in (max(source, target), min(source, target)):
        _row(page, number).scroll_into_view_if_needed()
    page.wait_for_function(
        "(list) => Object.keys(list).some((key) => key.startsWith('Sortable'))", arg=_list(page).element_handle()
    )
    grip = _row(page, source).get_by_role("button", name=re.compile("^Move")).bounding_box()
    goal = _row(page, target).bounding_box()
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + (6 if target > source else -6))
    page.wait_for_timeout(60)
    page.mouse.move(x, goal["y"] + goal["height"] * (0.8 if target > source else 0.2), steps=15)
    page.wait_for_timeout(60)
    page.mouse.up()
