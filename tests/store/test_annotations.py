"""Every kind of annotation goes into an index and comes out the same; an index of another age says so."""

import math
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aistudio.errors import Damaged, DatasetChanged
from aistudio.schema.annotation import (
    Anomaly,
    AnyAnnotation,
    Box,
    Instance,
    Kind,
    Label,
    Mask,
    RotatedBox,
    Value,
)
from aistudio.schema.geometry import Rectangle, area, bounds, clipped, corners, is_flat, moved, rectangle, upright
from aistudio.schema.project import ImageRecord, Problem
from aistudio.store.dataset import DatasetFolder, Facts, NewImage, Original, Sample

ALL: dict[Kind, list[AnyAnnotation]] = {
    "label": [Label("a"), Label("b")],
    "value": [Value("count", 3.0), Value("share", -0.25)],
    "box": [Box("a", 1, 2, 3, 4, ("crowd", "ignored")), Box(None, 0, 0, 9.5, 1, ("ignored",)), Box("b", 0, 0, 1, 1)],
    "rotated": [RotatedBox("b", (0, 0, 2, 1, 1, 3, -1, 2), ("difficult",))],
    "mask": [Mask("1.png", 255, (("a", 0.25), ("b", 0.75)))],
    "instance": [
        Instance("a", 1, 2, 3, 4, ((1, 2, 4, 2, 4, 6), (1, 2, 1, 3, 2, 3))),
        Instance("b", 0, 0, 5, 5, (), "abc0", ("crowd",)),
    ],
    "anomaly": [Anomaly(True, "b", "1.png")],
}


def made(path: Path, images: list[NewImage], facts: Facts = Facts()) -> DatasetFolder:  # noqa: B008
    folder = DatasetFolder(path / "1")
    folder.path.mkdir()
    folder.create(["a", "b"], images, facts)
    return folder


def image(*annotations: AnyAnnotation, name: str = "x.png") -> NewImage:
    return NewImage(name, "1.png", 10, 10, 5, "0", annotations=annotations)


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_comes_out_as_it_went_in(kind: Kind, tmp_path: Path) -> None:
    folder = made(tmp_path, [image(*ALL[kind]), image()], Facts(annotation=kind, targets=["count", "share"]))
    assert folder.annotations([1, 2]) == {1: ALL[kind], 2: []}
    record, _ = folder.image(1)
    assert record.annotations == ALL[kind]
    assert ImageRecord.model_validate_json(record.model_dump_json()) == record
    assert folder.summary().annotation == kind


def test_an_image_of_two_classes_is_found_by_both_and_counted_once_in_each(tmp_path: Path) -> None:
    folder = made(tmp_path, [image(Box("a", 0, 0, 1, 1), Box("a", 0, 0, 2, 2), Box("b", 0, 0, 1, 1)), image()])
    summary = folder.summary()
    assert (summary.images, summary.counts, summary.objects) == (2, {"a": 1, "b": 1}, {"a": 2, "b": 1})
    assert folder.page(label="a").total == folder.page(label="b").total == 1
    assert [one.id for one in folder.page(sort="-objects").images] == [1, 2]


def test_several_labels_are_no_single_one(tmp_path: Path) -> None:
    folder = made(tmp_path, [image(Label("a"), Label("b")), image(Label("b"))])
    assert [one.label for one in folder.page().images] == [None, "b"]


def test_values_are_asked_by_name(tmp_path: Path) -> None:
    folder = made(tmp_path, [image(*ALL["value"])], Facts(annotation="value", targets=["count", "share"]))
    assert folder.values() == {1: {"count": 3.0, "share": -0.25}}
    assert folder.targets() == folder.summary().targets == ["count", "share"]
    assert folder.samples([1])[0].label == -1


def test_problems_stay_with_their_image(tmp_path: Path) -> None:
    problem = Problem(file="a.xml", line=7, message="is clipped", kind="outside", effect="changed")
    lost = Problem(file="b.png", message="is empty")
    folder = DatasetFolder(tmp_path / "1")
    folder.path.mkdir()
    one = NewImage("x", "1.png", 1, 1, 1, "0", 0, problems=[problem])
    folder.create(
        ["a"], [one, NewImage("y", "2.png", 1, 1, 1, "0", 0)], Facts(totals={"outside": 1, "image": 1}), [lost]
    )
    assert folder.image(1)[0].problems == [problem]
    assert [found.name for found in folder.page(problem="any").images] == ["x"]
    assert [found.name for found in folder.page(problem="outside").images] == ["x"]
    assert folder.page(problem="image").total == 0
    assert folder.summary().problems == {"outside": 1, "image": 1}


@pytest.mark.parametrize(("schema", "said"), [(0, "an earlier AI Studio. Import the images again"), (99, "a newer")])
def test_an_index_of_another_age_says_so(schema: int, said: str, tmp_path: Path) -> None:
    folder = made(tmp_path, [image(Label("a"))])
    with sqlite3.connect(folder.path / "index.sqlite") as db:
        db.execute(f"PRAGMA user_version = {schema}")
    db.close()
    for look in (folder.count, folder.summary, folder.page):
        with pytest.raises(Damaged, match=said):
            look()


def test_an_index_that_is_none_says_so(tmp_path: Path) -> None:
    folder = made(tmp_path, [])
    (folder.path / "index.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Damaged, match="is damaged"):
        folder.count()


def test_a_file_that_stays_where_it_is_must_not_change(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"first")
    now = file.stat()
    digest = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
    sample = Sample(1, file, 0, Original(5, now.st_mtime_ns, digest))
    sample.check()
    file.write_bytes(b"first")  # another time, the same bytes
    sample.check()
    file.write_bytes(b"other")
    with pytest.raises(DatasetChanged, match=r"a\.png is not the one that was imported"):
        sample.check()


sizes = some.floats(0.5, 500)
places = some.floats(-500, 500)


@given(places, places, sizes, sizes, some.floats(-1.5, 1.5))
def test_a_rectangle_is_found_again_from_its_corners(cx: float, cy: float, w: float, h: float, angle: float) -> None:
    drawn = Rectangle(cx, cy, w, h, angle)
    found = rectangle(corners(drawn))
    assert found.w * found.h == pytest.approx(w * h, rel=1e-6)
    assert (found.cx, found.cy) == pytest.approx((cx, cy), abs=1e-6)
    assert -math.pi / 2 <= found.angle <= math.pi / 2
    assert area(corners(drawn)) == pytest.approx(w * h, rel=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_turns_with_its_image(orientation: int) -> None:
    """The corner of the file that EXIF says is top left gets there."""
    turned = moved(Box("a", 0, 0, 2, 1), upright(orientation, 10, 6))
    assert isinstance(turned, Box)
    sides = {1: (0, 0), 2: (8, 0), 3: (8, 5), 4: (0, 5), 5: (0, 0), 6: (5, 0), 7: (5, 8), 8: (0, 8)}
    assert (turned.x, turned.y) == sides[orientation]
    assert (turned.w, turned.h) == ((2, 1) if orientation < 5 else (1, 2))


def test_what_lies_outside_is_cut_off() -> None:
    assert clipped(Box("a", -5, 2, 10, 20), 8, 8) == Box("a", 0, 2, 5, 6)
    assert clipped(Box("a", 9, 9, 5, 5), 8, 8).w == 0
    cut = clipped(Instance("a", 0, 0, 10, 10, ((0, 0, 10, 0, 10, 10),)), 8, 8)
    assert cut.polygons == ((0, 0, 8, 0, 8, 8),)
    assert bounds(cut.polygons[0]) == (0, 0, 8, 8)


def test_points_on_a_line_have_nothing_between_them() -> None:
    assert is_flat((0, 0, 3, 3, 9, 9, 3, 3)) and is_flat((5, 5) * 4) and is_flat((0.1, 0, 0.3, 0, 0.7, 0))
    assert not is_flat((0, 0, 4, 0, 0, 4)) and not is_flat((0, 0, 4, 4, 4, 0, 0, 4)), "a bow tie has two halves"
