"""Which images have a problem: also those of a bad line in a label file or a table, not only those of bad pictures."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from aistudio.schema.annotation import Kind
from aistudio.service import check_report, datasets
from aistudio.studio import Studio
from tests.fixtures import new_project, png
from tests.service.importing import imported
from tests.service.test_review import odd
from tests.store.reading import Files, listed
from tests.store.sources import grey_png

COCO = """{"images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
"categories": [{"id": 1, "name": "cat"}], "annotations": [
{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]},
{"id": 2, "image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]}, {"id": 3, "image_id": 2, "category_id": 9}]}"""
XML = """<annotation><object><name>cat</name>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"""
TWO = "filename,class\na.png,cat\nb.png,dog\n"
TABLE = "filename,size\na.png,1\nb.png,x\nb.png,2\n" + "".join(f"c{number}.png,{number}\n" for number in range(9))


@pytest.mark.parametrize(
    ("kind", "files", "kinds"),
    [
        ("box", {"data.yaml": "names: [cat]", "a.txt": "0 .5 .5 .2 .2\n", "b.txt": "0 .5 .5 .2 .2\n7\n"}, {"class": 1}),
        ("box", {"set.json": COCO}, {"class": 1}),
        (
            "value",
            {"t.csv": TABLE, **{f"c{number}.png": png((9 * number, 0, 0), 32, 32) for number in range(9)}},
            {"annotation": 1, "twice": 1},
        ),
    ],
    ids=["yolo", "coco", "csv"],
)
def test_an_image_with_a_bad_line_has_a_problem(
    studio: Studio, tmp_path: Path, kind: Kind, files: Files, kinds: dict[str, int]
) -> None:
    """Told once, of the image and among all."""
    listed(tmp_path / "set", {**files, "a.png": png(width=32, height=32), "b.png": png((0, 99, 0), 32, 32)})
    dataset, report = imported(studio, new_project(studio), tmp_path / "set", kind)
    assert {name: count for name, count in report.totals.items() if name != "twin"} == kinds
    for name in kinds:
        (image,) = dataset.page(problem=name).images
        assert image.name == "b.png"
        assert {one.kind for one in image.problems} - {"twin"} == set(kinds)
    assert dataset.problems(1, 50).total == sum(report.totals.values())


def test_kinds_count_the_images_that_the_filter_finds(studio: Studio, tmp_path: Path) -> None:
    """Of an image that is left out there is nothing to show."""
    pid = new_project(studio)
    _, report = imported(studio, pid, odd(tmp_path / "pets"), "label")
    found = datasets.problem_kinds(studio, pid)
    assert {one.kind: one.count for one in found.kinds} == report.totals
    assert {one.kind: one.effects for one in found.kinds} == report.effects
    shown = {one.kind: datasets.images(studio, pid, problem=one.kind).total for one in found.kinds}
    assert {one.kind: one.images for one in found.kinds} == shown
    assert (shown["unreadable"], shown["odd"], report.effects["unreadable"]) == (0, 2, {"left out": 5})
    assert found.images == datasets.images(studio, pid, problem="any").total == 10
    assert found.alike == datasets.images(studio, pid, twins=True).total == 3


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("box", {"a.xml": XML, "b.xml": XML, "c.xml": "<annotation><object>"}),
        ("label", {"t.csv": TWO + "c.png,cat\n", "old/c.png": png((0, 0, 99), 32, 32)}),
    ],
    ids=["voc", "csv"],
)
def test_images_of_annotations_that_cannot_be_read_are_counted_as_left_out(
    studio: Studio, tmp_path: Path, kind: Kind, files: Files
) -> None:
    names = ("a.png", "b.png", "new/c.png" if kind == "label" else "c.png")
    pictures = {name: png((0, 40 * place, 9), 32, 32) for place, name in enumerate(names)}
    listed(tmp_path / "set", {**files, **pictures})
    dataset, report = imported(studio, new_project(studio), tmp_path / "set", kind)
    assert (dataset.count(), report.skipped) == (
        2,
        sum(one.suffix == ".png" for one in (tmp_path / "set").rglob("*")) - 2,
    )


def test_images_that_do_not_come_out_of_a_zip_file_are_counted_as_left_out(studio: Studio, tmp_path: Path) -> None:
    file = tmp_path / "pets.zip"
    with zipfile.ZipFile(file, "w") as packed:
        for place, name in enumerate(("cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png")):
            packed.writestr(name, png((0, 40 * place, 9), 32, 32))
    data = file.read_bytes()
    middle = data.index(b"IDAT", data.index(b"dog/d.png")) + 8
    file.write_bytes(data[:middle] + b"torn" + data[middle + 4 :])
    dataset, report = imported(studio, new_project(studio), None, "label", upload=str(file))
    assert (dataset.count(), report.skipped, report.effects["unreadable"]) == (3, 1, {"left out": 1})


def test_the_report_is_a_table_for_spreadsheets(studio: Studio, tmp_path: Path) -> None:
    """Everything is in it, and no name of a file becomes a formula."""
    source = odd(tmp_path / "pets")
    for name in ("=1+1", "@x", "-a"):
        (source / name).mkdir()
        (source / name / "a,b.png").write_bytes(b"")
    pid = new_project(studio)
    imported(studio, pid, source, "label")
    rows = list(csv.reader(io.StringIO(check_report.table(studio, pid))))
    problems = datasets.problems(studio, pid, 1, 1000).problems
    assert [tuple(row[:2]) for row in rows] == [("effect", "kind"), *((one.effect, one.kind) for one in problems)]
    assert {row[2] for row in rows if "a,b" in row[2]} == {"'=1+1/a,b.png", "'@x/a,b.png", "'-a/a,b.png"}


def test_a_mask_that_shows_no_defect_is_told(studio: Studio, tmp_path: Path) -> None:
    files: Files = {
        "train/good/a.png": png(width=32, height=32),
        "test/dent/b.png": png((0, 99, 0), 32, 32),
        "test/dent/c.png": png((0, 0, 99), 32, 32),
    }
    files |= {"ground_truth/dent/b.png": grey_png(side=32), "ground_truth/dent/c.png": png((0, 0, 0), 32, 32)}
    listed(tmp_path / "set", files)
    dataset, report = imported(studio, new_project(studio), tmp_path / "set", "anomaly")
    assert [str(one) for one in report.problems] == ["ground_truth/dent/c.png shows no defect"]
    assert [one.name for one in dataset.page(problem="empty").images] == ["test/dent/c.png"]
