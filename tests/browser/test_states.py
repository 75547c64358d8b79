"""What the Training page shows of a run in each of its states, live, and to whoever cannot see it."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Trying, accessible, watched
from tests.fixtures import TINY, until

pytestmark = pytest.mark.browser
MINUTE = 60_000
METRICS = "document.querySelector('[aria-label=\"Metrics chart\"]')"
LOSS = """() => document.querySelector('[aria-label="Loss chart"]') ?? {}"""
LONG: dict[str, Any] = {**TINY, "training": {**TINY["training"], "epochs": 200}}


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_not_trained_running_queued_stopped_and_completed(page: Any, trying: Trying) -> None:
    endless = {**TINY, "training": {**TINY["training"], "epochs": 5000}}
    eid, second = trying.add("First", **endless), trying.add("Second", **TINY)
    page.goto(trying.address(eid))
    results = page.get_by_role("region", name="Results")
    expect(results.get_by_text("Not yet trained.")).to_be_visible()
    expect(results.get_by_text('Click "Train" to start training.')).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(results.get_by_text("● Training")).to_be_visible()
    expect(results.get_by_text(re.compile(r"Epoch: \d+/5000 · \d+% · ETA: "))).to_be_visible()
    expect(results.get_by_role("progressbar", name="Training progress")).to_be_visible()
    expect(page.get_by_role("listitem", name="First", exact=True).get_by_role("img", name="Training")).to_have_text("●")
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()

    trying.do(second, "train")
    expect(page.get_by_role("listitem", name="Second", exact=True)).to_be_visible()
    page.get_by_role("listitem", name="Second", exact=True).click()
    expect(results.get_by_text("◔ Queued")).to_be_visible()
    expect(results.get_by_text("Position 1")).to_be_visible()
    expect(results.get_by_text(re.compile("^Waiting for "))).to_be_visible()
    expect(results.get_by_role("button", name="Stop Training")).to_be_visible()

    page.get_by_role("listitem", name="First", exact=True).click()
    expect(results.get_by_text("● Training")).to_be_visible()
    expect(results.get_by_text(re.compile(r"^Epoch: [1-9]\d*/5000"))).to_be_visible()  # then the dialog names it
    results.get_by_role("button", name="Stop Training").click()
    expect(page.get_by_role("dialog")).to_contain_text(re.compile(r"What was learned up to epoch \d+ is kept"))
    page.get_by_role("dialog").get_by_role("button", name="Stop Training").click()
    expect(results.get_by_text("■ Stopped")).to_be_visible(timeout=MINUTE)
    for name in ("Resume", "Restart"):
        expect(results.get_by_role("button", name=name)).to_be_visible()

    trying.until(second, "completed")
    page.get_by_role("listitem", name="Second", exact=True).click()
    expect(results.get_by_text("✓ Completed")).to_be_visible()
    expect(results.get_by_text(re.compile("Duration: "))).to_be_visible()
    expect(results.get_by_text(re.compile(r"^Best Epoch: 2/2 · last epoch 2 · train loss"))).to_be_visible()
    card = page.get_by_role("listitem", name="Second", exact=True)
    expect(card.get_by_role("img", name="Completed")).to_have_text("✓")
    expect(card).to_contain_text("<0.1%")  # the best metric
    for name in ("Accuracy", "F1", "Precision", "Recall", "Loss"):
        expect(results.get_by_text(name, exact=True).first).to_be_visible()
    for name in ("Loss", "Metrics", "Learning Rate"):
        expect(results.get_by_role("img", name=f"{name} chart")).to_be_attached()
    results.get_by_role("button", name="Restart").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    expect(results.get_by_text("Not yet trained.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Epochs", exact=True)).to_be_editable()

    page.get_by_role("listitem", name="First", exact=True).click()
    results.get_by_role("tab", name="Console").click()
    expect(results.get_by_text("■ Stopped")).to_be_visible()
    log = f"/api/projects/{trying.project}/experiments/{eid}/log?download=1"
    expect(results.get_by_role("link", name="Download log")).to_have_attribute("href", log)
    page.get_by_role("listitem", name="Second", exact=True).click()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(results.get_by_role("tab", name="Results")).to_have_attribute("aria-selected", "true")
    page.get_by_role("listitem", name="First", exact=True).click()
    results.get_by_role("tab", name="Console").click()
    page.get_by_role("listitem", name="Second", exact=True).click()
    expect(results.get_by_text("✓ Completed")).to_be_visible()
    expect(results.get_by_role("tab", name="Console")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("trying", [(0, "fail")], indirect=True)
def test_failed_says_why_and_what_to_do(page: Any, trying: Trying) -> None:
    eid = trying.add("Too large", **TINY)
    trying.do(eid, "train")
    trying.until(eid, "failed")
    page.goto(trying.address(eid))
    results = page.get_by_role("region", name="Results")
    expect(results.get_by_text("✗ Failed")).to_be_visible()
    expect(results.get_by_text("Error: Memory ran out.")).to_be_visible()
    expect(page.get_by_role("listitem", name="Too large").get_by_role("img", name="Failed")).to_have_text("✗")
    results.get_by_role("button", name="Show full traceback").click()
    expect(results.get_by_text("torch.OutOfMemoryError")).to_be_visible()
    for name in ("Resume", "Restart"):
        expect(results.get_by_role("button", name=name)).to_be_visible()
    page.get_by_role("img", name="Metrics chart").scroll_into_view_if_needed()
    page.wait_for_function(f"() => {METRICS}.data?.[0].x.length && {METRICS}.layout.yaxis.range[1] > 1")
    assert page.evaluate(f"{METRICS}.layout.yaxis.range") == [0, 1.02]  # of a single epoch, and no axis from -50 %
    results.get_by_role("button", name="Copy with half the batch, twice the multiplier").click()
    expect(page.get_by_role("textbox", name="Batch Size")).to_have_value("4")
    expect(page.get_by_role("textbox", name="Batch Multiplier")).to_have_value("2")


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_resume_offers_the_checkpoint_before_a_damaged_one(page: Any, trying: Trying) -> None:
    eid = trying.add("Damaged", **{**TINY, "training": {**TINY["training"], "epochs": 5000}})
    trying.do(eid, "train")
    checkpoints = trying.workspace / f"projects/{trying.project}/experiments/{eid}/checkpoints"
    until((checkpoints / "prev.ckpt.json").exists, "two epochs are saved")
    trying.do(eid, "stop")
    saved = trying.until(eid, "stopped")["resume_epoch"]
    (checkpoints / "last.ckpt").write_bytes(b"torn")
    page.goto(trying.address(eid))
    page.get_by_role("button", name="Resume", exact=True).click()
    question = page.get_by_role("dialog", name="Go on from the checkpoint before?")
    expect(question).to_contain_text(f"the one before it, of epoch {saved - 1}, is whole")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    expect(page.get_by_text("■ Stopped")).to_be_visible()
    page.get_by_role("button", name="Resume", exact=True).click()
    question.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("● Training")).to_be_visible()


@pytest.mark.parametrize("trying", [(0, "weightless")], indirect=True)
def test_a_run_without_its_weights_is_offered_a_copy_without_them(page: Any, trying: Trying) -> None:
    eid = trying.add("Offline", **{**TINY, "model": {"backbone": "resnet10t"}})
    page.goto(trying.address(eid))
    expect(page.get_by_text(re.compile("^Weights: will be downloaded"))).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("button", name="Duplicate without pretrained weights").click()
    expect(page.get_by_role("listitem", name="Offline, not pretrained", exact=True)).to_be_visible()
    expect(page.get_by_role("checkbox", name="Pretrained")).not_to_be_checked()
    expect(page.get_by_text(re.compile("^Weights: "))).to_be_hidden()


@pytest.mark.parametrize("trying", [(0, "epochs")], indirect=True)
def test_200_live_updates_keep_a_zoom_by_hand(page: Any, browser: Any, trying: Trying) -> None:
    eid = trying.add("Long", **LONG)
    page.goto(trying.address(eid))
    trying.do(eid, "train")
    page.wait_for_function(f"() => ({LOSS})().data?.[0]?.x?.length > 4", timeout=MINUTE)
    page.evaluate(f"() => Plotly.relayout(({LOSS})(), {{'xaxis.range': [0.5, 3.5]}})")
    expect(page.get_by_text("✓ Completed")).to_be_visible(timeout=2 * MINUTE)
    page.wait_for_function(f"() => ({LOSS})().data?.[0]?.x?.length === 400")
    assert page.evaluate(f"() => ({LOSS})().layout.xaxis.range") == [0.5, 3.5]

    page.wait_for_function(f"() => ({LOSS})().data?.[4]?.x?.length === 200")  # lines arrive one after the other
    epochs = page.evaluate(f"() => ({LOSS})().data[4].x")
    assert epochs == list(range(1, 201))  # none is missing, none is there twice
    for axis, header in (("Epoch", r"Epoch [\d.]+"), ("Time", r"Time [\d.]+ (s|min)"), ("Step", r"Step [\d,]+")):
        page.get_by_role("button", name=axis, exact=True).click()
        _says_at_the_pointer(page, re.compile(rf"^{header}train, each step: [\d.e-]+validation: "))
    page.wait_for_function(f"() => ({LOSS})().data?.[4]?.x?.[199] === 400")
    _read_and_zoom_with_the_keyboard(page)
    smoothing = page.get_by_role("slider", name="Smoothing")
    smoothing.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(smoothing).to_have_value("0.2")  # no key is lost
    expect(page.get_by_text("0.20", exact=True)).to_be_visible()
    page.wait_for_function(f"() => ({LOSS})().data[5].visible === true")
    page.get_by_role("button", name="Logarithmic Loss").click()
    page.wait_for_function(f"() => ({LOSS})().layout.yaxis.type === 'log'")
    with page.expect_download() as picture:
        page.get_by_role("button", name="Download PNG of Loss").click()
    assert picture.value.suggested_filename == "Long Loss.png"
    with page.expect_download() as table:
        page.get_by_role("link", name="Download CSV").click()
    lines = Path(table.value.path()).read_text().splitlines()
    assert lines[0].startswith("epoch,step,time,train_loss,val_loss,lr,val_accuracy")
    assert len(lines) == 1 + 400 + 200
    page.reload()  # how it is looked at is remembered
    page.wait_for_function(f"() => ({LOSS})().data?.[4]?.x?.[199] === 400")
    short = trying.add("Short", **{**TINY, "training": {**TINY["training"], "epochs": 1}})
    trying.do(short, "train")
    trying.until(short, "completed")
    page.evaluate(f"() => Plotly.relayout(({LOSS})(), {{'xaxis.range': [300, 350]}})")
    page.get_by_role("listitem", name="Short", exact=True).click()
    page.wait_for_function(f"() => ({LOSS})().data?.[4]?.x?.length === 1")
    page.wait_for_function(f"() => ({LOSS})().layout.xaxis.range[1] < 10")  # the zoom was into another run
    validation = page.locator('[aria-label="Loss chart"] .scatterlayer .points path')
    expect(validation).not_to_have_count(0)  # one epoch is one point, and smoothing is on


def _read_and_zoom_with_the_keyboard(page: Any) -> None:
    """The x axis is that of steps, two in each of the 200 epochs."""
    page.get_by_role("img", name="Loss chart").focus()
    for key, words in (
        ("ArrowRight", "Step 2, "),
        ("ArrowRight", "Step 4, "),
        ("End", "Step 400, "),
        ("+", "Step 400, "),
    ):
        page.keyboard.press(key)
        expect(page.get_by_text(re.compile(f"^{words}.*validation: "))).to_be_attached()
    zoomed = f"() => ({LOSS})().layout.xaxis.range[0] > 250"
    page.wait_for_function(zoomed)
    page.keyboard.press("Control+0")  # zooms the page, not the chart
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text(re.compile("^Step 398, "))).to_be_attached()
    assert page.evaluate(zoomed)
    page.keyboard.press("0")
    page.wait_for_function(f"() => ({LOSS})().layout.xaxis.range[0] <= 0")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


@pytest.mark.parametrize("trying", [(0, "hang")], indirect=True)
def test_a_phone_has_room_for_the_name_of_the_project(browser: Any, trying: Trying) -> None:
    name = "What people wear in the street, first attempt"
    rev = trying.ask("GET", f"projects/{trying.project}")["rev"]
    trying.ask("PATCH", f"projects/{trying.project}", {"rev": rev, "name": name})
    for experiment in (trying.add("First", **TINY), trying.add("Second", **TINY)):
        trying.do(experiment, "train")
    with watched(browser, trying, viewport={"width": 390, "height": 844}) as page:
        page.goto(trying.address())
        expect(page.get_by_role("button", name="1 running · 1 waiting")).to_be_visible()
        page.get_by_role("listitem", name="First", exact=True).click()
        expect(page.get_by_role("button", name="Stop Training")).to_have_count(1)  # beside the tabs
        page.get_by_role("tab", name="Results").first.click()
        expect(page.get_by_role("button", name="Stop Training")).to_have_text(re.compile("Stop Training"))
        title = page.get_by_title(name)
        page.wait_for_function("(title) => title.offsetWidth > 100", arg=title.element_handle())
        page.wait_for_function("() => document.documentElement.scrollWidth <= 390")
        next(trying.workspace.rglob("index.sqlite")).write_bytes(b"\xa5" * 8192)
        page.reload()
        expect(page.get_by_role("alert").filter(has_text="The images cannot be read")).to_be_visible()
        expect(page.get_by_role("listitem", name="First", exact=True)).to_be_visible()
        page.wait_for_function("() => document.documentElement.scrollHeight <= 844")  # the note takes from the columns


def test_light_and_dark_are_set_once_and_not_at_each_update(page: Any, trying: Trying) -> None:
    """To set the colour scheme has the browser work out the style of the whole page again."""
    first, _ = trying.add("First", **TINY), trying.add("Second", **LONG)
    page.goto(trying.address(first))
    epochs = page.get_by_role("textbox", name="Epochs", exact=True)
    expect(epochs).to_have_value("2")
    page.evaluate(SCHEMES)
    page.get_by_role("listitem", name="Second", exact=True).click()
    expect(epochs).to_have_value("200")
    assert page.evaluate("() => window.schemes") == []
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    page.reload()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("body")).to_have_class(re.compile("body--light"))


SCHEMES = """() => {
  window.schemes = [];
  const seen = new MutationObserver((changes) => window.schemes.push(...changes.map((one) => one.target.content)));
  seen.observe(document.querySelector("meta[name=color-scheme]"), { attributes: true });
}"""


def _says_at_the_pointer(page: Any, words: re.Pattern[str]) -> None:
    chart = page.get_by_role("img", name="Loss chart")
    chart.scroll_into_view_if_needed()

    def said() -> bool:
        """The chart may be drawn anew meanwhile, and says nothing more then before the pointer moves again."""
        box = chart.bounding_box()
        for aside in (0, 3):
            page.mouse.move(box["x"] + box["width"] / 2 + aside, box["y"] + box["height"] / 2)
        page.wait_for_timeout(100)
        return words.search(chart.locator(".hoverlayer").text_content()) is not None

    until(said, f"the chart says {words.pattern}")
    page.mouse.move(0, 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("trying", [(4, "epochs")], indirect=True)
def test_nothing_stands_in_the_way_of_a_screen_reader(browser: Any, trying: Trying, scheme: str) -> None:
    done, created = trying.add("Done", **TINY), trying.add("New", **TINY)
    trying.do(done, "train")
    trying.until(done, "completed")
    at_done, at_created = trying.address(done), trying.address(created)
    nothing = trying.ask("POST", "projects", {"name": "Nothing yet", "task": "classification"})["id"]
    with watched(browser, trying, color_scheme=scheme) as page:
        page.goto(f"/projects/{nothing}/training")
        expect(page.get_by_text("Training needs images and a split")).to_be_visible()
        accessible(page)
        page.goto(at_done)
        expect(page.get_by_text("✓ Completed")).to_be_visible()
        accessible(page)
        for tab in ("Console", "System"):
            page.get_by_role("tab", name=tab).click()
            expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
            accessible(page)
        page.goto(at_created)
        page.get_by_role("button", name="Add Transform").first.click()
        expect(page.get_by_role("textbox", name="Search transforms")).to_be_visible()
        accessible(page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Menu of New").click()
        expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
        accessible(page)
        page.keyboard.press("Escape")
        for menu in ("Architecture", "Device"):
            page.get_by_role("combobox", name=menu).click()
            expect(page.get_by_role("option").first).to_be_visible()
            accessible(page)
            page.keyboard.press("Escape")
        page.get_by_role("textbox", name="Learning Rate", exact=True).fill("99")
        expect(page.get_by_text("Learning Rate: must be a number above 0 and at most 10.").first).to_be_visible()
        accessible(page)
