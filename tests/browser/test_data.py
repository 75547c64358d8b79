"""The Data page in a browser: images come in, are checked, are looked at."""

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from playwright.sync_api import Error, expect

from aistudio.schema.annotation import Kind
from aistudio.service import datasets
from tests.browser.conftest import Server, accessible, started, watched
from tests.fixtures import draw_classes, free_port, new_project, running, until
from tests.service.importing import imported
from tests.service.test_views import FILES, formats, many_classes

pytestmark = pytest.mark.browser
KINDS: tuple[Kind, ...] = get_args(Kind)
MANY = 200


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """Eight images and two files that are none."""
    folder = draw_classes(tmp_path / "pets", {"cat": 5, "dog": 3})
    (folder / "dog" / "broken.png").write_bytes(b"no image")
    (folder / "dog" / "empty.png").write_bytes(b"")
    return folder


@pytest.fixture
def project(server: Server) -> str:
    """The address of the Data page of a project without images."""
    return f"/projects/{server.ask('POST', 'projects', {'name': 'Pets', 'task': 'classification'})['id']}/dataset"


def test_a_folder_is_picked_checked_and_kept(page: Any, project: str, messy: Path) -> None:
    page.goto(project)
    page.get_by_role("button", name="Browse").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(str(messy.parent), exact=True).click()
    dialog.get_by_text("pets", exact=True).click()
    expect(dialog.get_by_text("2 folders")).to_be_visible()
    dialog.get_by_role("button", name="Choose this folder").click()
    expect(page.get_by_text("Looks like Class folders")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()

    expect(page.get_by_text("Can be imported: 8 images in 2 classes, 2 images left out.")).to_be_visible()
    for name, message in (("dog/broken.png", "is not a readable image"), ("dog/empty.png", "is empty")):
        line = page.locator(".problem-line", has_text=name)
        expect(line).to_contain_text("left out")
        expect(line).to_contain_text(message)
    page.reload()  # asks still
    expect(page.get_by_text("Nothing is kept yet")).to_be_visible()
    expect(page.get_by_role("listitem", name="cat")).to_have_count(0)
    page.get_by_role("button", name="Import without the bad ones").click()

    expect(page.get_by_text("Imported 8 images in 2 classes, 2 images left out.")).to_be_visible()
    expect(_tiles(page)).to_have_count(8)
    page.get_by_role("tab", name="Check report (2)").click()
    expect(page.locator(".problem-line", has_text="dog/empty.png")).to_be_visible()


def test_an_import_is_reviewed_with_keys_alone(page: Any, project: str, messy: Path) -> None:
    """The gravest kind comes first, what opens is read, and the filter offers only what images of the set have."""
    turned = Image.Exif()
    turned[274] = 6
    for number in range(30):
        shade = Image.new("RGB", (60, 40), (8 * number, 200 - 5 * number, 90))
        shade.save(messy / "cat" / f"turned-{number}.jpg", exif=turned)
    page.goto(project)
    page.get_by_role("textbox", name="Folder").fill(str(messy))
    page.keyboard.press("Enter")
    outcome = page.get_by_text("Can be imported: 38 images in 2 classes, 2 images left out.")
    expect(outcome).to_be_focused()
    heads = page.locator(".problem-head")
    expect(heads).to_contain_text([re.compile(r"Unreadable \(2\)\s*left out"), re.compile(r"Turned.*30.*changed")])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    line = page.locator(".problem-line", has_text="dog/empty.png")
    expect(line).to_be_visible()
    go_on = page.get_by_role("button", name="Import without the bad ones")
    for _ in range(4):
        page.keyboard.press("Tab")
        if go_on.evaluate("button => button === document.activeElement"):
            break
    expect(go_on).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Imported 38 images in 2 classes, 2 images left out.")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="See the check report")).to_be_focused()
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 1 + 32
    page.get_by_role("button", name=re.compile("Turned upright")).click()
    page.get_by_role("button", name="Show 30 images").click()
    expect(page.get_by_text("30 images", exact=True)).to_be_visible()
    page.get_by_role("listitem", name="turned-0.jpg").or_(page.locator(".image-open")).first.click()
    told = page.get_by_role("list", name="Problems")
    expect(told).to_contain_text("changed cat/turned-0.jpg is turned upright as its camera noted")
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Problems").click()
    options = page.get_by_role("option")
    expect(options.filter(has_text="Turned upright (EXIF) (30)")).to_be_visible()
    expect(options.filter(has_text="Unreadable")).to_have_count(0)


def test_cancel_leaves_what_was_there(page: Any, project: str, server: Server, messy: Path) -> None:
    server.ask("POST", f"{project[1:]}/imports", {"path": str(draw_classes(messy.parent / "old", {"a": 4, "b": 2}))})
    page.goto(project)
    expect(_tiles(page)).to_have_count(6)
    page.get_by_role("button", name="Import images").click()
    page.get_by_role("textbox", name="Folder").fill(str(messy))
    page.get_by_role("textbox", name="Folder").press("Enter")
    review = page.get_by_role("region", name="Import")
    expect(review.get_by_text("Nothing is kept yet")).to_be_visible()
    review.get_by_role("button", name="Cancel").click()
    expect(review.get_by_text("The import was cancelled; nothing was changed.")).to_be_visible()
    expect(_tiles(page)).to_have_count(6)
    page.get_by_role("textbox", name="Folder").fill("/etc")
    page.get_by_role("textbox", name="Folder").press("Enter")
    expect(page.get_by_text("'/etc' is not a folder that may be imported.")).to_be_visible()


def test_a_zip_file_is_sent(page: Any, project: str, messy: Path) -> None:
    (messy.parent / "notes.txt").write_text("no zip file")
    (messy.parent / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    good = shutil.make_archive(str(messy.parent / "good"), "zip", messy)
    page.goto(project)
    page.get_by_role("button", name="Upload a zip file").click()
    chosen = page.locator("input[type=file]")
    chosen.set_input_files(messy.parent / "notes.txt")
    expect(page.get_by_text("notes.txt is no zip file.")).to_be_visible()
    chosen.set_input_files(messy.parent / "torn.zip")
    expect(page.get_by_role("alert").get_by_text(re.compile("zip"))).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    chosen.set_input_files(good)
    expect(page.get_by_text("Can be imported: 8 images")).to_be_visible()
    page.get_by_role("button", name="Import without the bad ones").click()
    expect(_tiles(page)).to_have_count(8)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Drawn samples of every kind, each in a project that is named after it, and many small images."""
    folder = tmp_path_factory.mktemp("shapes")
    with running(folder) as studio:
        for kind in KINDS:
            imported(studio, new_project(studio, name=kind), None, kind, sample="shapes")
        imported(studio, new_project(studio, name="formats"), formats(folder / "formats"), "label")
        imported(studio, new_project(studio, name="deep"), many_classes(folder / "deep")[0], "mask")
        many = new_project(studio, name="many")
        imported(studio, many, draw_classes(folder / "many", {"cat": MANY - 40, "dog": 40}), "label")
        assert datasets.summary(studio, many).images == MANY
    with started(Server(folder / "workspace", free_port(), folder / "server.log")) as server:
        yield server


@pytest.fixture
def viewer(browser: Any, shapes: Server) -> Iterator[Any]:
    with watched(browser, shapes) as page:
        yield page


def _data(server: Server, name: str) -> str:
    found = {one["name"]: one["id"] for one in server.ask("GET", "projects")}
    return f"/projects/{found[name]}/dataset"


def _tiles(page: Any) -> Any:
    return page.get_by_role("list", name="Images").get_by_role("listitem")


PAINTED = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, place) => place % 4 === 3 && value > 0).length / (data.length / 4);
}"""


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_drawn_over_its_images(viewer: Any, shapes: Server, kind: Kind) -> None:
    address = _data(shapes, kind)
    viewer.goto(address)
    expect(_tiles(viewer)).to_have_count(80)
    first = shapes.ask("GET", f"{address[1:]}/images")["images"][0]["annotations"]
    tile = _tiles(viewer).first
    if kind in ("box", "rotated", "instance"):
        expect(tile.locator("svg path")).to_have_count(len(first))
        viewer.get_by_role("checkbox", name="Annotations").click()
        expect(tile.locator("svg path")).to_have_count(0)
    elif kind == "mask":
        expect(tile.locator("canvas")).to_have_count(1)
        share = sum(share for name, share in first[0]["shares"] if name != "background")
        viewer.wait_for_function(f"() => ({PAINTED})(document.querySelector('.picture canvas')) > 0")
        assert tile.locator("canvas").evaluate(PAINTED) == pytest.approx(share, abs=0.02)
        viewer.get_by_role("button", name="Large", exact=True).click()  # the same image in a larger tile
        expect(_tiles(viewer)).to_have_count(40)
        assert tile.locator("canvas").evaluate(PAINTED) == pytest.approx(share, abs=0.02)
    elif kind == "anomaly":
        kinds = [name for name in shapes.ask("GET", address[1:])["classes"] if name != "good"]
        viewer.goto(f"{address}?class={kinds[0]}")
        expect(viewer.get_by_text(re.compile("^defect: ")).first).to_be_visible()
        viewer.wait_for_function(f"() => ({PAINTED})(document.querySelector('.picture canvas')) > 0")
    elif kind == "value":
        for one in first:
            expect(tile.locator(".image-text")).to_contain_text(one["name"])
    else:
        expect(tile.locator(".image-text")).to_have_text(first[0]["label"])
    viewer.get_by_role("tab", name="Statistics").click()
    expect(viewer.locator(".chart .main-svg").first).to_be_visible()


DRAWN = """(image) => {
  const context = Object.assign(document.createElement("canvas"), { width: 60, height: 40 }).getContext("2d");
  context.drawImage(image, 0, 0);
  return [...context.getImageData(30, 20, 1, 1).data.slice(0, 3)];
}"""


def test_every_format_is_shown_large(viewer: Any, shapes: Server) -> None:
    """What browsers do not draw, or not as training sees it, is drawn anew."""
    viewer.goto(f"{_data(shapes, 'formats')}?sort=name")
    expect(_tiles(viewer)).to_have_count(len(FILES))
    _tiles(viewer).first.get_by_role("button").click()
    dialog = viewer.get_by_role("dialog")
    seen = {}
    for number in range(1, len(FILES) + 1):
        expect(dialog.get_by_role("status")).to_have_text(f"{number} of {len(FILES)}")
        image = dialog.locator(".viewer-image > img")
        expect(image).to_have_count(1)  # the small one, which stood there first, is gone
        assert image.evaluate("(one) => [one.naturalWidth, one.naturalHeight]") == [60, 40]
        seen[dialog.locator(".viewer-name").inner_text().rpartition("/")[2]] = image.evaluate(DRAWN)
        dialog.get_by_role("button", name="Next image").click(force=True)
    assert seen.keys() == FILES.keys()
    for name, (red, green, _) in seen.items():
        if name.startswith("deep"):
            assert abs(red - 129) < 3 and red == green
        else:
            assert red > 100 and abs(red - green - 39) < 12, (name, red, green)
    expect(dialog.get_by_text("cannot be read")).to_have_count(0)


def test_masks_of_many_classes_are_painted(viewer: Any, shapes: Server) -> None:
    viewer.goto(_data(shapes, "deep"))
    expect(viewer.locator(".picture canvas")).to_have_count(1)
    viewer.wait_for_function(f"() => ({PAINTED})(document.querySelector('.picture canvas')) === 1")
    _tiles(viewer).first.get_by_role("button").click()
    canvas = viewer.locator(".viewer canvas")
    expect(canvas).to_have_count(1)
    viewer.wait_for_function(f"() => ({PAINTED})(document.querySelector('.viewer canvas')) === 1")
    colour = "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data]"
    alike = [canvas.evaluate(colour, place) for place in ((0, 0), (40, 6), (20, 13))]  # 0, 400, 800: the same class
    others = [canvas.evaluate(colour, place) for place in ((1, 0), (16, 4), (59, 5))]  # 1, 256, 359
    assert alike[0] == alike[1] == alike[2]
    assert len({tuple(one) for one in (alike[0], *others)}) == 4
    viewer.get_by_role("button", name=re.compile("^class 300 ")).click()  # is hidden, and 44 is not
    assert canvas.evaluate(colour, [0, 5])[3] == 0
    assert canvas.evaluate(colour, [44, 0])[3] > 0


def test_one_image_large_with_keys_alone(viewer: Any, shapes: Server) -> None:
    viewer.goto(_data(shapes, "many"))
    expect(_tiles(viewer)).to_have_count(80)
    _tiles(viewer).first.get_by_role("button").focus()
    viewer.keyboard.press("End")
    viewer.keyboard.press("Enter")
    dialog = viewer.get_by_role("dialog")
    expect(dialog.get_by_text(f"80 of {MANY}")).to_be_visible()
    expect(dialog.locator(".viewer-stage")).to_be_focused()
    viewer.keyboard.press("ArrowRight")  # on the next page
    expect(dialog.get_by_text(f"81 of {MANY}")).to_be_visible()
    expect(viewer).to_have_url(re.compile(r"page=2.*image=81|image=81.*page=2"))
    before = dialog.locator(".viewer-image").bounding_box()["width"]
    viewer.keyboard.press("+")
    viewer.wait_for_function(f"() => document.querySelector('.viewer-image').offsetWidth > {before * 1.3}")
    viewer.reload()
    expect(viewer.get_by_role("dialog").get_by_text(f"81 of {MANY}")).to_be_visible()
    expect(viewer.locator(".viewer-stage")).to_be_focused()
    viewer.keyboard.press("ArrowLeft")
    expect(viewer.get_by_role("dialog").get_by_text(f"80 of {MANY}")).to_be_visible()
    viewer.keyboard.press("Escape")
    expect(viewer.get_by_role("dialog")).to_have_count(0)
    expect(_tiles(viewer).last.get_by_role("button")).to_be_focused()


def test_an_annotation_of_the_list_is_found_in_the_image(viewer: Any, shapes: Server) -> None:
    viewer.goto(_data(shapes, "box"))
    _tiles(viewer).first.get_by_role("button").click()
    rows = viewer.get_by_role("dialog").locator(".viewer-list li button")
    paths = viewer.locator(".viewer-stage .overlay path")
    expect(rows.first).to_be_visible()
    count = rows.count()
    expect(paths).to_have_count(count)
    rows.first.focus()
    expect(viewer.locator(".viewer-stage path.overlay-active")).to_have_count(1)
    label = rows.first.locator("span").first.inner_text()
    same = sum(rows.nth(place).locator("span").first.inner_text() == label for place in range(count))
    groups = viewer.locator(".viewer-group")
    if groups.count():
        groups.filter(has_text=label).click()
        expect(paths).to_have_count(count - same)


def test_filters_stand_in_the_address(viewer: Any, shapes: Server) -> None:
    viewer.goto(_data(shapes, "many"))
    viewer.get_by_role("combobox", name="Class").click()
    viewer.get_by_role("option", name="dog (40)").click()
    expect(viewer.get_by_text("40 images", exact=True)).to_be_visible()
    viewer.get_by_role("textbox", name="Search by name").fill("dog/00")
    expect(viewer.get_by_text("10 images", exact=True)).to_be_visible()
    expect(viewer).to_have_url(re.compile("search=dog"))
    viewer.reload()
    expect(viewer.get_by_text("10 images", exact=True)).to_be_visible()
    expect(viewer.get_by_role("combobox", name="Class")).to_have_value("dog (40)")
    viewer.get_by_role("textbox", name="Search by name").fill("nothing like it")
    expect(viewer.get_by_text("No image fits the filters")).to_be_visible()
    viewer.get_by_role("button", name="Clear the filters").click()
    expect(viewer.get_by_text(f"1 to 80 of {MANY} images")).to_be_visible()
    expect(viewer).to_have_url(re.compile("/dataset$"))
    viewer.go_back()
    expect(viewer.get_by_text("No image fits the filters")).to_be_visible()
    for _ in range(2):  # the second time while the page is made anew
        with suppress(Error):  # Playwright takes that for a page that could not be opened
            viewer.go_back(wait_until="commit")
    expect(viewer.get_by_text("40 images", exact=True)).to_be_visible()


def test_a_subset_of_a_split_is_browsed(viewer: Any, shapes: Server) -> None:
    address = _data(shapes, "many")
    ratios = {"train": 0.7, "val": 0.3, "test": 0}
    split = shapes.ask("POST", address[1:].replace("dataset", "splits"), {"name": "Mine", "ratios": ratios, "seed": 1})
    size = sum(counts["val"] for counts in split["counts"].values())
    viewer.goto(f"{address}?split={split['id']}&subset=val")
    expect(viewer.get_by_text(f"{size} images", exact=True)).to_be_visible()
    expect(viewer.get_by_role("combobox", name="Split")).to_have_value(f"Mine: validation ({size})")


def _is_done(server: Server, job: str) -> bool | None:
    return server.ask("GET", job)["status"] == "done" or None


def test_an_earlier_version_is_looked_at(browser: Any, server: Server, tmp_path: Path) -> None:
    pid = server.ask("POST", "projects", {"name": "Pets", "task": "classification"})["id"]
    for counts in ({"cat": 6, "dog": 4}, {"cat": 9, "emu": 8}):
        folder = draw_classes(tmp_path / "-".join(counts), counts)
        job = server.ask("POST", f"projects/{pid}/dataset/imports", {"path": str(folder)})["id"]
        at = f"projects/{pid}/dataset/imports/{job}"
        until(partial(_is_done, server, at), "the images are imported")
        if "dog" in counts:
            split = server.ask("POST", f"projects/{pid}/splits", {"name": "Early"})["id"]
            server.ask("POST", f"projects/{pid}/experiments", {"name": "Baseline", "config": {"split": split}})
    with watched(browser, server) as page:
        page.goto(f"/projects/{pid}/dataset")
        expect(_tiles(page)).to_have_count(17)
        expect(page.get_by_text("It can be looked at")).to_be_hidden()
        expect(page.get_by_text("Imported 17 images in 2 classes.")).to_be_visible()
        page.get_by_role("combobox", name="Version").click()
        page.get_by_role("option", name="1 (10 images)").click()
        expect(page).to_have_url(re.compile(r"/dataset\?version=1$"))
        expect(_tiles(page)).to_have_count(10)
        expect(page.get_by_text("Used by 1 split (Early) and 1 experiment (Baseline).")).to_be_visible()
        for name in ("Import images", "Split the images"):
            expect(page.get_by_role("button", name=name)).to_be_hidden()
        expect(page.get_by_text("Imported 17 images in 2 classes.")).to_be_hidden()
        page.get_by_role("combobox", name="Class").click()
        page.get_by_role("option", name="dog (4)").click()
        expect(_tiles(page)).to_have_count(4)
        expect(page).to_have_url(re.compile("class=dog"))
        page.reload()
        expect(_tiles(page)).to_have_count(4)
        _tiles(page).first.get_by_role("button").click()
        image = page.locator(".viewer-image > img").last  # the small one stands there first
        expect(image).to_have_attribute("src", re.compile("version=1$"))
        page.get_by_role("button", name="Close").click()
        page.get_by_role("tab", name="Statistics").click()
        expect(page.get_by_role("img", name="Class distribution").or_(page.locator(".chart")).first).to_be_visible()
        expect(page.locator(".statistics-all")).to_contain_text("10")
        accessible(page)
        page.get_by_role("button", name="Look at the newest").click()
        expect(page).to_have_url(re.compile(r"/dataset\?tab=statistics$"))
        expect(page.locator(".statistics-all")).to_contain_text("17")
        page.goto(f"/projects/{pid}/dataset?version=7")
        expect(_tiles(page)).to_have_count(17)
        expect(page).to_have_url(re.compile("/dataset$"))


def test_a_bar_of_the_statistics_leads_to_its_images(viewer: Any, shapes: Server) -> None:
    viewer.goto(f"{_data(shapes, 'many')}?tab=statistics")
    bars = viewer.locator('[aria-label="Class distribution"] .drag')
    expect(bars.first).to_be_visible()
    bar = viewer.locator('[aria-label="Class distribution"] .points .point').nth(1)
    found = viewer.get_by_text("40 images", exact=True)

    def led() -> bool:
        """The chart may still move between the look and the click, which then hits another place."""
        if bar.is_visible():
            box = bar.bounding_box()
            viewer.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        with suppress(AssertionError):
            expect(found).to_be_visible(timeout=10_000)
        return bool(found.is_visible())

    until(led, "the images of the bar are shown")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier(browser: Any, shapes: Server, scheme: str) -> None:
    with watched(browser, shapes, color_scheme=scheme) as page:
        address = _data(shapes, "instance")
        page.goto(address)
        expect(_tiles(page)).to_have_count(80)
        page.get_by_role("button", name="Import images").click()
        expect(page.get_by_role("textbox", name="Folder")).to_be_visible()
        accessible(page)
        page.get_by_role("button", name="List", exact=True).click()
        expect(page.get_by_role("table", name="Images")).to_be_visible()
        accessible(page)
        page.get_by_role("tab", name="Statistics").click()
        expect(page.locator(".chart .main-svg").first).to_be_visible()
        accessible(page)
        page.goto(f"{address}?image=3")
        expect(page.get_by_role("dialog")).to_be_visible()
        accessible(page, "[role=dialog]")  # it does not see that the rest is covered
