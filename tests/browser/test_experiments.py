"""The left column with mouse and keyboard: select, rename in place, duplicate, delete, search and sort."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Trying, accessible
from tests.fixtures import TINY

pytestmark = pytest.mark.browser


def test_cards_are_selected_renamed_duplicated_and_deleted(page: Any, trying: Trying) -> None:
    first = trying.add("First", **TINY)
    trying.add("Second", **{**TINY, "training": {**TINY["training"], "epochs": 7}})
    page.goto(trying.address(first))
    epochs = page.get_by_role("textbox", name="Epochs", exact=True)
    expect(_card(page, "First")).to_have_attribute("aria-current", "true")
    expect(_card(page, "First")).to_contain_text("►")
    expect(_card(page, "First")).to_contain_text("○")
    _card(page, "Second").click()
    expect(epochs).to_have_value("7")
    expect(page).to_have_url(re.compile(r"\?experiment=(?!" + first + ")"))
    _card(page, "Second").press("ArrowDown")
    _card(page, "First").press("Enter")
    expect(epochs).to_have_value("2")

    _card(page, "First").get_by_text("First").dblclick()
    page.keyboard.type("Baseline")
    page.keyboard.press("Escape")
    expect(_card(page, "First")).to_be_visible()
    _card(page, "First").press("F2")
    page.keyboard.type("Baseline")
    page.keyboard.press("Enter")
    expect(_card(page, "Baseline")).to_be_visible()
    assert trying.get(first)["name"] == "Baseline"

    epochs.fill("9")  # not saved, so the copy does not have it
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    _card(page, "Baseline").click(button="right")
    for name in ("Rename", "Duplicate", "Delete"):
        expect(page.get_by_role("menuitem", name=name)).to_be_visible()
    page.get_by_role("menuitem", name="Duplicate").click()
    copy = _card(page, "Baseline copy")
    expect(copy).to_have_attribute("aria-current", "true")
    expect(epochs).to_have_value("2")  # the form is that of the copy by now
    page.get_by_role("textbox", name="Learning Rate", exact=True).fill("1e-3")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(copy).to_contain_text("Learning Rate 0.0005 → 0.001")
    expect(copy).to_contain_text("copy of Baseline")

    page.get_by_role("button", name="Menu of Baseline copy").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete Baseline copy?")
    dialog.get_by_role("button", name="Delete").click()
    expect(copy).to_have_count(0)


def test_the_menu_is_walked_with_the_arrow_keys(page: Any, trying: Trying) -> None:
    page.goto(trying.address(trying.add("First", **TINY)))
    entries = {name: page.get_by_role("menuitem", name=name) for name in ("Rename", "Duplicate", "Delete")}
    for opened_by in ("Shift+F10", "ContextMenu"):
        _card(page, "First").press(opened_by)
        expect(entries["Rename"]).to_be_focused()
        for key, name in (
            ("ArrowDown", "Duplicate"),
            ("End", "Delete"),
            ("ArrowDown", "Rename"),
            ("ArrowUp", "Delete"),
            ("Home", "Rename"),
        ):
            page.keyboard.press(key)
            expect(entries[name]).to_be_focused()
        page.keyboard.press("Escape")
        expect(entries["Rename"]).to_have_count(0)
        expect(_card(page, "First")).to_be_focused()
    more = page.get_by_role("button", name="Menu of First")
    more.press("Enter")
    expect(entries["Rename"]).to_be_focused()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()
    more.press("Enter")
    expect(entries["Rename"]).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(entries["Duplicate"]).to_be_focused()
    page.keyboard.press("Enter")
    expect(_card(page, "First copy")).to_have_attribute("aria-current", "true")


def test_the_neighbour_of_a_deleted_one_is_selected(page: Any, trying: Trying) -> None:
    for number in (1, 2, 3):
        trying.add(f"Run {number}", **{**TINY, "training": {**TINY["training"], "epochs": 3 + number}})
    page.goto(trying.address())  # the newest first: 3, 2, 1
    _card(page, "Run 2").click()
    for gone, left, epochs in (("Run 2", "Run 1", "4"), ("Run 1", "Run 3", "6")):  # the next one, else the one before
        _card(page, gone).press("Delete")
        expect(page.get_by_role("dialog")).to_contain_text(f"Delete {gone}?")
        page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
        expect(_card(page, gone)).to_have_count(0)
        expect(_card(page, left)).to_have_attribute("aria-current", "true")
        expect(_card(page, left)).to_be_focused()
        expect(page.get_by_role("textbox", name="Epochs", exact=True)).to_have_value(epochs)
        expect(page.get_by_role("dialog")).to_have_count(0)
    _card(page, "Run 3").press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Make one with New Experiment.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/training$"))
    page.goto(trying.address("deadbeef"))  # a link to one that was deleted
    expect(page.get_by_text("The experiment of that address is gone.")).to_be_visible()
    accessible(page)


def test_what_others_change_is_drawn_in_an_open_page(page: Any, trying: Trying) -> None:
    eid = trying.add("First", **TINY)
    page.goto(trying.address(eid))
    epochs = page.get_by_role("textbox", name="Epochs", exact=True)
    expect(epochs).to_have_value("2")
    for value in ("9", "11"):  # the second time, too
        document = trying.get(eid)
        config = {**document["config"], "training": {**document["config"]["training"], "epochs": int(value)}}
        change = {"rev": document["rev"], "config": config}
        trying.ask("PATCH", f"projects/{trying.project}/experiments/{eid}", change)
        expect(epochs).to_have_value(value)
    trying.add("Second", **TINY)
    expect(_card(page, "Second")).to_be_visible()


@pytest.mark.parametrize("trying", [(0, "loop")], indirect=True)
def test_one_that_trains_says_at_once_that_it_cannot_be_deleted(page: Any, trying: Trying) -> None:
    eid = trying.add("Busy", **TINY)
    trying.do(eid, "train")
    trying.until(eid, "training")
    page.goto(trying.address(eid))
    _card(page, "Busy").press("Delete")
    expect(page.get_by_text("Busy is queued or training. Stop it first.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_many_can_be_searched_and_sorted(page: Any, trying: Trying) -> None:
    for number in range(12):
        trying.add(f"Run {number}", **TINY)
    page.goto(trying.address())
    cards = page.get_by_role("list", name="Experiments").get_by_role("listitem")
    expect(cards).to_have_count(12)
    expect(cards.first).to_have_attribute("aria-label", "Run 11")
    page.get_by_role("combobox", name="Sort experiments").click()
    page.get_by_role("option", name="Name").click()
    expect(cards.first).to_have_attribute("aria-label", "Run 0")
    expect(cards.nth(2)).to_have_attribute("aria-label", "Run 2")
    page.get_by_role("textbox", name="Search experiments").fill("run 1")
    expect(cards).to_have_count(3)
    page.get_by_role("textbox", name="Search experiments").fill("nothing")
    expect(page.get_by_text("Nothing is called “nothing”.")).to_be_visible()
    page.get_by_role("button", name="New Experiment").click()  # which is to be seen
    expect(cards).to_have_count(13)
    expect(page.get_by_role("textbox", name="Search experiments")).to_have_value("")
    chosen = page.locator("[role=listitem][aria-current=true]")
    chosen.press("F2")
    page.keyboard.type("A name with more words than one line")
    page.keyboard.press("Enter")
    name = chosen.get_by_text("A name with more words than one line")
    assert name.evaluate("(name) => name.scrollWidth <= name.clientWidth && name.scrollHeight <= name.clientHeight")
    cards.last.scroll_into_view_if_needed()
    expect(page.get_by_role("textbox", name="Search experiments")).to_be_in_viewport()


def _card(page: Any, name: str) -> Any:
    return page.get_by_role("listitem", name=name, exact=True)
