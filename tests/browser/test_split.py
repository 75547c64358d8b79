"""The Split page: a design with its live preview, the splits that come of it, and what is told of each."""

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from aistudio.schema.annotation import Kind, Label
from aistudio.schema.split import Ratios, SplitRequest
from aistudio.service import splits
from aistudio.store.dataset import DatasetFolder, Facts, NewImage
from aistudio.studio import Studio
from tests.browser.conftest import Server, accessible, started, watched
from tests.fixtures import ME, free_port, new_experiment, new_project, png, running, until
from tests.service.importing import imported

pytestmark = pytest.mark.browser
PATIENTS, VISITS = 20, 5
KINDS: dict[str, Kind] = {"Boxes": "box", "Numbers": "value", "Defects": "anomaly"}
NO_TWINS = "No image is the same as one in another part, or looks like it."
PARTS = ".shares, .counts-table, .split-design input"
LATE = """() => {
    const send = window.socket.emit.bind(window.socket);
    let ready = Promise.resolve();
    window.socket.emit = (name, ...rest) => {
        ready = ready.then(() => new Promise((go) => setTimeout(go, 300))).then(() => send(name, ...rest));
    };
}"""
SEEN = """async (field) => {
    const seen = new Set(), end = Date.now() + 1500;
    while (Date.now() < end) {
        seen.add(field.value);
        await new Promise((go) => setTimeout(go, 10));
    }
    return [...seen];
}"""
SUM = """() => [...document.querySelectorAll('.shares input[type=range]')].reduce((sum, one) => sum + +one.value, 0)"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server, and the projects that are there by their names."""
    folder = tmp_path_factory.mktemp("split")
    with running(folder) as studio:
        ids = {
            name: _visits(studio, name)
            for name in ("Visits", "Folds", "Leaks", "Groups", "Watched", "Opened", "Typed", "Searched")
        }
        ids |= {"Many": _many(studio), "Empty": new_project(studio, "Empty")}
        for name, kind in KINDS.items():
            ids[name] = new_project(studio, name)
            imported(studio, ids[name], None, kind, sample="shapes")
        ratios = Ratios(train=0.7, val=0.2, test=0.1)
        splits.create(studio, ME, ids["Folds"], SplitRequest(name="Old", ratios=ratios, seed=7))
        new_experiment(studio, ids["Folds"], "Baseline")
        for title in ("First", "Second", "Third"):
            splits.create(studio, ME, ids["Opened"], SplitRequest(name=title, ratios=ratios))
        for number in range(12):
            splits.create(studio, ME, ids["Searched"], SplitRequest(name=f"Number {number}", ratios=ratios))
    with started(Server(folder / "workspace", free_port(), folder / "server.log")) as server:
        yield server, ids


def _visits(studio: Studio, name: str) -> str:
    """Five pictures of each of twenty patients of four clinics, the first two of each the same; one of nobody."""
    pid = new_project(studio, name)
    staged = DatasetFolder(studio.workspace.staging / f"{pid}-ready")
    for part in (staged.images, staged.thumbnails):
        part.mkdir(parents=True)
    images = []
    for number in range(PATIENTS * VISITS + 1):
        patient, visit = divmod(number, VISITS)
        data = png((number, 90, 90))
        (staged.images / f"{number}.png").write_bytes(data)
        (staged.thumbnails / f"{number}.jpg").write_bytes(data)
        known = patient < PATIENTS
        images.append(
            NewImage(
                name=f"clinic {patient % 4}/patient{patient:02d}_{visit}.png" if known else "nobody.png",
                file=f"{number}.png",
                width=8,
                height=8,
                bytes=len(data),
                sha256=str(number - (visit == 1)),
                annotations=[Label("sick" if patient % 2 else "well")],
                subset="train" if visit else "val",
                twin=number - visit + 1 if visit < 2 and known else None,
                columns={"patient": f"P{patient:02d}"} if known else {},
            )
        )
    staged.create(["sick", "well"], images, Facts(columns=["patient"]))
    studio.workspace.project(pid).adopt_dataset(staged.path)
    return pid


def _many(studio: Studio) -> str:
    """A thousand classes."""
    pid = new_project(studio, "Many")
    staged = DatasetFolder(studio.workspace.staging / f"{pid}-ready")
    staged.images.mkdir(parents=True)
    images = [NewImage(f"{number}.png", "x.png", 8, 8, 1, str(number), number % 1000) for number in range(5000)]
    staged.create([f"class {number:03d}" for number in range(1000)], images)
    studio.workspace.project(pid).adopt_dataset(staged.path)
    return pid


@pytest.fixture
def open_page(browser: Any, place: tuple[Server, dict[str, str]]) -> Iterator[Any]:
    server, ids = place
    with watched(browser, server) as page:

        def go(name: str, **query: str) -> Any:
            page.goto(f"/projects/{ids[name]}/split" + "".join(f"?{key}={value}" for key, value in query.items()))
            return page

        yield go


def _expect_cells(page: Any, name: str, *counts: int) -> None:
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))
    for number, count in enumerate(counts):
        expect(row.get_by_role("cell").nth(number)).to_have_text(f"{count:,}")


def test_shares_always_add_up_and_the_preview_follows(open_page: Any) -> None:
    page = open_page("Visits")
    _expect_cells(page, "All images", 81, 20, 0)
    page.evaluate(f"document.querySelectorAll('{PARTS}').forEach((one) => (one.mine = 1))")
    dice = random.Random(5)
    for _ in range(12):
        slider = page.get_by_role("slider", name=f"{dice.choice(['Training', 'Validation', 'Test'])} share")
        slider.focus()
        page.keyboard.press(dice.choice(["Home", "End", "PageDown", "PageUp", "ArrowLeft", "ArrowRight"]))
        assert page.evaluate(SUM) == 1000
        assert slider.input_value() not in ("0", "1000") or slider.get_attribute("aria-label") == "Test share"
    field = page.get_by_role("textbox", name="Test in per cent")
    refused = page.locator(".share-refused")
    for typed, shown in (
        ("10", "10"),
        ("33,3", "33.3"),
        ("250", ""),
        ("abc", ""),
        ("-5", ""),
        ("0", "0"),
        ("20", "20"),
    ):
        before = field.input_value()
        field.fill(typed)
        field.press("Tab")
        expect(field).to_have_value(shown or before)
        told = "" if shown else f"Test stays at {before} %: “{typed}” is not a number from 0 to 99.8."
        expect(refused).to_have_text(told)
        assert page.evaluate(SUM) == 1000
    page.get_by_role("textbox", name="Training in per cent").fill("60")
    page.get_by_role("textbox", name="Training in per cent").press("Tab")
    page.get_by_role("textbox", name="Validation in per cent").fill("20")
    page.get_by_role("textbox", name="Validation in per cent").press("Tab")
    shares = [page.get_by_role("textbox", name=f"{one} in per cent").input_value() for one in ("Training", "Test")]
    assert sum(map(float, shares)) == 80
    for typed in ("70 20 10", "10 89.9 0.1", "60 20 20"):  # from top to bottom
        for one, text in zip(("Training", "Validation", "Test"), typed.split(), strict=True):
            page.get_by_role("textbox", name=f"{one} in per cent").fill(text)
            page.get_by_role("textbox", name=f"{one} in per cent").press("Tab")
        for one, text in zip(("Training", "Validation", "Test"), typed.split(), strict=True):
            expect(page.get_by_role("textbox", name=f"{one} in per cent")).to_have_value(text)
        assert page.evaluate(SUM) == 1000
    for typed in ("0", "100"):
        page.get_by_role("textbox", name="Training in per cent").fill(typed)
        page.get_by_role("textbox", name="Training in per cent").press("Tab")
        expect(refused).to_have_text(f"Training stays at 60 %: “{typed}” is not a number from 0.1 to 99.9.")
    seed = page.get_by_role("textbox", name="Seed", exact=True)
    page.get_by_role("button", name="Roll another seed").click()
    expect(seed).not_to_have_value("0")
    seed.fill("1.5")
    expect(page.get_by_text("Seed: must be a whole number").first).to_be_visible()
    expect(page.get_by_role("button", name="Create Split")).to_be_disabled()
    seed.fill("3")
    expect(page.get_by_role("button", name="Create Split")).to_be_enabled()
    still = f"[...document.querySelectorAll('{PARTS}')].every((one) => one.mine)"
    assert page.evaluate(still), "the page was drawn anew"


def test_a_split_is_made_from_the_keyboard_and_looked_at_again(open_page: Any) -> None:
    page = open_page("Visits")
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_have_value("Split 1")
    expect(page.get_by_text("All images")).to_be_visible()  # the first preview is there
    name.fill("")
    expect(page.get_by_text("Name: Give it a name of 1 to 100 characters.")).to_be_visible()
    expect(page.get_by_role("button", name="Create Split")).to_be_disabled()
    name.fill("By hand")
    page.get_by_role("textbox", name="Test in per cent").fill("10")
    page.get_by_role("textbox", name="Test in per cent").press("Control+Enter")
    page.wait_for_url(re.compile(r"\?split="))
    details = page.get_by_role("region", name="Split", exact=True)
    expect(details.get_by_role("heading", name="By hand")).to_be_visible()
    for text in (
        "72 / 18 / 10 %",
        "Every class is shared out alike.",
        "Images that look alike",
        "Version 1, 101 images",
    ):
        expect(details.get_by_text(text)).to_be_visible()
    page.reload()
    expect(details.get_by_role("heading", name="By hand")).to_be_visible()
    expect(page.get_by_role("listitem", name="By hand")).to_have_attribute("aria-current", "true")
    browse = page.get_by_role("link", name="Browse test images")
    assert re.search(r"/dataset\?split=\w+&subset=test$", browse.get_attribute("href"))
    details.get_by_role("button", name="Copy Settings").click()
    expect(page.get_by_role("textbox", name="Test in per cent")).to_have_value("10")
    name.fill("By hand")
    expect(page.get_by_text("Name: There is a split named 'By hand' already.")).to_be_visible()
    name.fill("Another")
    expect(page.get_by_text("Name: There is a split named 'By hand' already.")).to_have_count(0)
    page.reload()  # what was designed is still there
    expect(name).to_have_value("Another")
    expect(page.get_by_role("textbox", name="Test in per cent")).to_have_value("10")
    page.get_by_role("button", name="Create Split").click()
    expect(page.get_by_role("listitem", name="Another")).to_have_attribute("aria-current", "true")
    details.get_by_role("button", name="Train on It").click()
    page.wait_for_url(re.compile(r"/training\?experiment="))
    expect(page.get_by_role("combobox", name="Split")).to_have_value("Another")


def test_groups_are_shown_before_and_a_hostile_pattern_hurts_nobody(open_page: Any, place: Any) -> None:
    page = open_page("Visits")
    groups = page.get_by_role("status", name="Groups")
    _choose(page, "Group By", "Folder")
    expect(groups.get_by_text("5 groups, 1 of a single image. The largest, clinic 0, has 25 images.")).to_be_visible()
    _choose(page, "Group By", "Column of the table")
    expect(groups.get_by_text("20 groups. The largest, P00, has 5 images.")).to_be_visible()
    expect(groups.get_by_text("1 image in none of them stays for itself: nobody.png.")).to_be_visible()
    _choose(page, "Group By", "Pattern in the name")
    pattern = page.get_by_role("textbox", name="Pattern")
    expect(page.get_by_text(r"Pattern: type one, such as patient(\d+).")).to_be_visible()
    expect(page.get_by_role("button", name="Create Split")).to_be_disabled()
    pattern.fill("(")
    expect(page.get_by_text("Pattern: is no regular expression").first).to_be_visible()
    pattern.fill(r"^((\w|\w\w| |/)+)+-$")
    said = re.compile(r"^The pattern .+ takes longer than 5 s\. Write it more simply")
    served = False

    def refused() -> int:
        nonlocal served
        before = _searches()
        urlopen(f"{place[0].url}/api/health", timeout=60).close()
        served = served or (before and _searches())
        return int(page.get_by_text(said).count())

    until(refused, "the pattern is refused")
    assert served, "others are not served meanwhile"
    expect(page.get_by_text(said).first).to_be_visible()
    pattern.fill(r"patient(\d)")
    expect(groups.get_by_text("2 groups. The largest, 0, has 50 images.")).to_be_visible()
    expect(page.get_by_text("Images that stay together come in lumps").first).to_be_visible()


def _searches() -> bool:
    """Whether a process is at work that looks for a pattern in names."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if b"name_search_script.py" in command.read_bytes():
                return True
    return False


def test_leaks_are_told_pair_by_pair(open_page: Any) -> None:
    page = open_page("Leaks")
    expect(page.get_by_text(NO_TWINS)).to_be_visible()
    expect(page.get_by_text("40 images look like another one, in 20 groups.")).to_be_visible()
    keep = page.get_by_role("button", name="Keep the split that came with the data")
    keep.click()
    outcome = page.get_by_role("region", name="Images")
    expect(outcome.get_by_text("20 pairs of equal files stand in different parts")).to_be_visible()
    expect(page.get_by_text("Came with the data", exact=True)).to_be_visible()
    expect(keep).to_be_hidden()
    page.get_by_role("button", name="Show the pairs").click()
    expect(outcome.get_by_role("listitem")).to_have_count(12)
    page.get_by_role("button", name="Show all 20").click()
    expect(outcome.get_by_role("listitem")).to_have_count(20)
    first = outcome.get_by_role("listitem").first
    expect(first).to_contain_text("is the same as")
    link = first.get_by_role("link").last
    assert re.search(r"/dataset\?split=\w+&subset=train&image=2$", link.get_attribute("href"))
    page.get_by_role("button", name="New Split").click()
    page.get_by_role("checkbox", name="Keep Twins Together").click()
    expect(outcome.get_by_text(re.compile("pairs? of equal files"))).to_be_visible()
    page.get_by_role("checkbox", name="Keep Twins Together").click()
    expect(outcome.get_by_text(NO_TWINS)).to_be_visible()


def test_groups_that_cross_are_told_and_others_can_be_looked_for(open_page: Any, place: Any) -> None:
    server, ids = place
    page = open_page("Groups")
    outcome = page.get_by_role("region", name="Images")
    expect(outcome.get_by_text("4 of 5 folders are in several parts. If images of one folder belong")).to_be_visible()
    expect(outcome.get_by_text("group by folder.")).to_be_visible()
    expect(outcome.get_by_role("combobox", name="Check Groups By")).to_be_hidden()
    _choose(page, "Group By", "Folder")
    expect(outcome.get_by_text("None of 5 folders is in several parts.")).to_be_visible()
    made = server.ask("POST", f"projects/{ids['Groups']}/splits/source")
    page = open_page("Groups", split=made["id"])
    expect(outcome.get_by_text("what is learned from some is asked for with the others.")).to_be_visible()
    _choose(page, "Check Groups By", "patient Column")
    told = "All 20 groups by patient are in several parts. 1 image is in none of them. Of their images, what is"
    expect(outcome.get_by_text(told)).to_be_visible()
    outcome.get_by_role("button", name="Show the groups").click()
    rows = outcome.get_by_role("list", name="Groups in several parts").get_by_role("listitem")
    expect(rows).to_have_count(20)
    expect(rows.first).to_contain_text(re.compile("P00.*4 training.*1 validation", re.DOTALL))
    _choose(page, "Check Groups By", "Pattern in the name")
    expect(rows).to_have_count(0)
    pattern = outcome.get_by_role("textbox", name="Pattern")
    pattern.fill("(")
    expect(outcome.get_by_text("Is no regular expression")).to_be_visible()
    pattern.fill("(patient..)_[1-4]")  # the first visit is for validation, the others are for training
    told = r"None of 20 groups by (patient..)_[1-4] is in several parts. 21 images are in none of them."
    expect(outcome.get_by_text(told)).to_be_visible()
    page.get_by_role("button", name="New Split").click()
    expect(outcome.get_by_role("combobox", name="Check Groups By")).to_be_hidden()


def test_folds_are_made_together_and_deleting_names_who_uses_a_split(open_page: Any, place: Any) -> None:
    page = open_page("Folds")
    page.get_by_role("listitem", name="Old", exact=True).click()
    page.get_by_role("link", name="Baseline").wait_for()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete the split Old?")
    expect(dialog.get_by_text("1 experiment uses it: Baseline.")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("listitem", name="Old", exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/split$"))
    page.get_by_role("button", name="Folds").click()
    page.get_by_role("textbox", name="Folds").fill("21")
    expect(page.get_by_text("Folds: must be a whole number from 2 to 20.").first).to_be_visible()
    expect(page.get_by_role("button", name="Create Splits")).to_be_disabled()
    page.get_by_role("textbox", name="Folds").fill("4")
    expect(
        page.get_by_text("4 splits: each image is for validation in one of them, 25 to 26 at a time.")
    ).to_be_visible()
    expect(page.get_by_role("columnheader", name="Fold 4")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Cross")
    page.get_by_role("button", name="Create 4 Splits").click()
    for number in (1, 2, 3, 4):
        expect(page.get_by_role("listitem", name=f"Cross, fold {number} of 4")).to_be_visible()
    cards = page.get_by_role("list", name="Splits").get_by_role("listitem")
    expect(cards).to_have_count(4)
    names = [f"Cross, fold {number} of 4" for number in (1, 2, 3, 4)]
    assert [one.get_attribute("aria-label") for one in cards.all()] == names
    page.get_by_role("button", name="Copy Settings").click()
    expect(page.get_by_role("textbox", name="Folds")).to_have_value("4")
    server, ids = place
    at = f"projects/{ids['Folds']}"
    used = next(one["id"] for one in server.ask("GET", f"{at}/splits") if one["name"] == names[2])
    server.ask("POST", f"{at}/experiments", {"name": "Third", "config": {"split": used}})
    page.get_by_role("listitem", name=names[1]).click()
    details = page.get_by_role("region", name="Split", exact=True)
    expect(details.get_by_role("heading", name=names[1])).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name=f"Delete the split {names[1]}?")
    expect(details.get_by_text("2 of 4; each image is for validation once")).to_be_visible()
    expect(dialog.get_by_text("No experiment uses it.")).to_be_visible()
    expect(dialog.get_by_text("1 experiment uses them: Third.")).to_be_visible()
    dialog.get_by_role("button", name="Delete This Fold").click()
    expect(cards).to_have_count(3)
    page.get_by_role("listitem", name=names[3]).click()
    expect(page.get_by_role("region", name="Split", exact=True).get_by_role("heading", name=names[3])).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete All 3 Folds").click()
    expect(cards).to_have_count(0)
    titles = [one["title"] for one in server.ask("GET", "trash")]
    assert titles[:2] == ["Cross, 3 folds", names[1]]


def test_other_kinds_of_data_are_split_by_what_they_have(open_page: Any) -> None:
    page = open_page("Numbers")
    expect(page.get_by_role("columnheader", name="shapes")).to_be_visible()
    _choose(page, "Target", "cover_percent")
    expect(page.get_by_role("columnheader", name="cover_percent")).to_be_visible()
    expect(page.get_by_text("cover_percent is shared out alike over its whole range.")).to_be_visible()
    _expect_cells(page, "All images", 64, 16, 0)
    rows = page.get_by_role("rowheader")
    expect(rows.first).to_have_text(re.compile("^below "))
    expect(rows.nth(-2)).to_have_text(re.compile(" and more$"))
    page.get_by_role("listitem", name="As in the source").click()
    expect(page.get_by_role("columnheader", name="shapes")).to_be_visible()
    page = open_page("Defects")
    expect(page.get_by_text("Only normal images are for training.").first).to_be_visible()
    expect(page.get_by_text("Images with defects are never for training:")).to_be_visible()
    expect(page.get_by_role("rowheader", name="good")).to_be_visible()
    defects = [name for name in page.get_by_role("rowheader").all_inner_texts() if name not in ("good", "All images")]
    assert defects
    for defect in defects:
        _expect_cells(page, defect, 0)
    page = open_page("Boxes")
    expect(page.get_by_role("rowheader", name="triangle")).to_be_visible()
    expect(page.get_by_text("Images are shared out alike by the class that they have most boxes of.")).to_be_visible()


def test_a_thousand_classes_are_searched_and_sorted(open_page: Any) -> None:
    page = open_page("Many")
    _expect_cells(page, "All images", 4000, 1000, 0)
    expect(page.get_by_role("rowheader")).to_have_count(101)
    page.get_by_role("button", name="Show more: 900 are left").click()
    expect(page.get_by_role("rowheader")).to_have_count(201)
    page.get_by_role("textbox", name="Search Class").fill("class 99")
    expect(page.get_by_role("rowheader")).to_have_count(11)
    page.get_by_role("textbox", name="Seed", exact=True).fill("1")  # other numbers keep the search
    page.wait_for_timeout(800)
    expect(page.get_by_role("rowheader")).to_have_count(11)
    page.get_by_role("columnheader", name="Class").get_by_role("button").click()
    page.get_by_role("columnheader", name="Class").get_by_role("button").click()
    expect(page.get_by_role("rowheader").first).to_have_text("class 999")


def test_what_others_do_is_seen_without_a_reload(open_page: Any, place: Any) -> None:
    server, ids = place
    page = open_page("Watched")
    page.get_by_text("No split yet.").wait_for()
    at = f"projects/{ids['Watched']}/splits"
    made = server.ask("POST", at, {"name": "Elsewhere"})
    page.get_by_role("listitem", name="Elsewhere").click()
    page.wait_for_url(re.compile(made["id"]))
    server.ask("DELETE", f"{at}/{made['id']}")
    expect(page.get_by_role("listitem", name="Elsewhere")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Name")).to_be_visible()
    page = open_page("Empty")
    expect(page.get_by_text("No images to split yet")).to_be_visible()
    page.get_by_role("button", name="Import Images").click()
    page.wait_for_url(re.compile("/dataset$"))


def test_what_is_typed_stays_whatever_others_do(open_page: Any, place: Any) -> None:
    server, ids = place
    page = open_page("Typed")
    folder = server.workspace / "projects" / ids["Typed"]
    at = f"projects/{ids['Typed']}/splits"
    name, seed = page.get_by_role("textbox", name="Name"), page.get_by_role("textbox", name="Seed", exact=True)
    expect(name).to_have_value("Split 1")
    server.ask("POST", at, {"name": "Split 1"})
    expect(name).to_have_value("Split 2")  # nobody types: the free name follows
    name.focus()
    made = server.ask("POST", at, {"name": "Split 2"})
    expect(page.get_by_text("Name: There is a split named 'Split 2' already.")).to_be_visible()
    assert name.input_value() == "Split 2"  # where somebody is about to type, nothing moves
    name.fill("")
    for field, text in ((name, "Slowly typed"), (seed, "73"), (name, " on")):
        field.press("End")
        for number, letter in enumerate(text):
            field.press_sequentially(letter)
            if number == 0:
                server.ask("DELETE", f"{at}/{made['id']}")
                expect(page.get_by_role("listitem", name=made["name"], exact=True)).to_have_count(0)
                made = server.ask("POST", at, {"name": f"Other {field.input_value()}"})
                expect(page.get_by_role("listitem", name=made["name"], exact=True)).to_be_visible()
    expect(name).to_have_value("Slowly typed on")
    expect(seed).to_have_value("073")
    with closing(sqlite3.connect(folder / "splits.sqlite")) as db:
        db.execute("BEGIN EXCLUSIVE")  # the split cannot be written before this ends
        page.get_by_role("button", name="Create Split").click()
        expect(page.get_by_role("button", name="Create Split").locator(".q-spinner")).to_be_visible()
        name.fill("The next one")
        db.rollback()
    page.wait_for_url(re.compile(r"\?split="))
    expect(page.get_by_role("listitem", name="Slowly typed on")).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="New Split").click()
    expect(name).to_have_value("The next one")
    expect(page.get_by_role("button", name="Create Split")).to_be_enabled()


def test_a_search_stays_whatever_others_do(open_page: Any, place: Any) -> None:
    """Until a split is made here, which is to be seen."""
    server, ids = place
    page = open_page("Searched")
    search, cards = page.get_by_label("Search splits"), page.get_by_role("list", name="Splits").get_by_role("listitem")
    page.get_by_role("listitem", name="Number 3").click()
    page.wait_for_url(re.compile(r"\?split="))
    search.fill("number 1")
    expect(cards).to_have_count(3)
    server.ask("POST", f"projects/{ids['Searched']}/splits", {"name": "Number 13"})
    expect(cards).to_have_count(4)  # of all that are there
    expect(search).to_have_value("number 1")
    page.get_by_role("button", name="New Split").click()
    expect(page.get_by_role("region", name="New split")).to_be_visible()
    expect(search).to_have_value("number 1")
    page.get_by_role("button", name="Create Split").click()
    expect(page.get_by_role("listitem", name="Split 1", exact=True)).to_have_attribute("aria-current", "true")
    expect(search).to_have_value("")


def test_a_share_that_comes_back_late_moves_nothing(open_page: Any) -> None:
    """What the browser told is told again by the server with any other news of the element."""
    page = open_page("Typed")
    field = page.get_by_role("textbox", name="Test in per cent")
    page.wait_for_function("() => window.socket?.connected")
    page.evaluate(LATE)
    for share in ("10", "20", "30"):
        field.fill(share)
        field.press("Tab")
    seen = page.evaluate(SEEN, field.element_handle())
    assert seen == ["30"]


def test_nothing_stands_in_the_way_of_a_screen_reader(browser: Any, place: Any) -> None:
    server, ids = place
    with watched(browser, server) as page:
        page.goto(f"/projects/{ids['Leaks']}/split")
        _choose(page, "Group By", "Pattern in the name")
        page.get_by_role("textbox", name="Pattern").fill("(")
        page.get_by_text("Pattern: is no regular expression").first.wait_for()
        _no_violation(page)
        page.get_by_role("textbox", name="Pattern").fill(r"patient(\d\d)")
        page.get_by_role("status", name="Groups").wait_for()
        page.get_by_role("checkbox", name="Keep Twins Together").click()
        _no_violation(page)
        page.get_by_role("button", name="Folds").click()
        page.get_by_role("columnheader", name="Fold 5").wait_for()
        _no_violation(page)
        made = server.ask("POST", f"projects/{ids['Leaks']}/splits", {"name": "Apart", "keep_twins": False})
        page.goto(f"/projects/{ids['Leaks']}/split?split={made['id']}")
        page.get_by_role("button", name="Show the pairs").click()
        page.get_by_text("is the same as", exact=True).first.wait_for()
        page.get_by_role("button", name="Show the groups").click()
        page.get_by_role("list", name="Groups in several parts").get_by_role("listitem").first.wait_for()
        _no_violation(page)


def test_a_phone_has_room_for_it(browser: Any, place: Any) -> None:
    server, ids = place
    with watched(browser, server, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"/projects/{ids['Folds']}/split")
        expect(page.get_by_role("button", name=re.compile("^Create"))).to_be_visible()
        page.get_by_role("tab", name="Splits").click()
        expect(page.get_by_role("button", name="New Split")).to_be_visible()
        page.get_by_role("button", name="New Split").click()
        expect(page.get_by_role("textbox", name="Name")).to_be_visible()
        page.wait_for_function("() => document.documentElement.scrollWidth <= 390")


def _choose(page: Any, menu: str, option: str) -> None:
    page.get_by_role("combobox", name=menu).click()
    page.get_by_role("option", name=option).click()


def _no_violation(page: Any) -> None:
    """Neither in the light nor in the dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("body.body--dark")).to_have_count(int(scheme == "dark"))
        accessible(page)


def test_a_split_that_is_opened_by_its_address_is_the_selected_one(open_page: Any, place: Any) -> None:
    """What is deleted is not looked at any longer, however it was opened."""
    page = open_page("Opened")
    page.get_by_role("listitem", name="Second").click()
    page.wait_for_url(re.compile(r"\?split="))
    second = page.url.rpartition("=")[2]
    page.get_by_role("listitem", name="Third").click()
    page.wait_for_url(re.compile(rf"\?split=(?!{second})"))
    page.go_back()
    details = page.get_by_role("region", name="Split", exact=True)
    for _ in range(2):
        expect(details.get_by_role("heading", name="Second")).to_be_visible()
        expect(page.get_by_role("listitem", name="Second")).to_have_attribute("aria-current", "true")
        expect(page.get_by_role("listitem", name="Third")).to_have_attribute("aria-current", "false")
        open_page("Opened", split=second)
    details.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("listitem", name="Second")).to_have_count(0)
    expect(details.get_by_role("heading", name="Second")).not_to_be_visible()
