"""The importer of tables: classes, numbers and boxes as people save them."""

from pathlib import Path

import pytest

from aistudio.schema.annotation import Box, Label, Value
from tests.fixtures import png
from tests.store.reading import marks, read, told


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"file;size\na.png;1,5\nb.png;-2\n", [1.5, -2]),
        (b"\xef\xbb\xbffile,size\na.png,1.5\nb.png,-2\n", [1.5, -2]),
        ("file\tsize\na.png\t1,5\nb.png\t1.000,25\n".encode("utf-16"), [1.5, 1000.25]),
        (b'"file","size, cm"\r\n"a.png","1.5"\r\n"b.png","2e3"\r\n', [1.5, 2000]),
        (b"size|file\n1.5|a.png\n2|images/b.png\n", [1.5, 2]),
        (b"image,size\na,1.5\nb,2\n", [1.5, 2]),
        ("file;gr\u00f6\u00dfe\na.png;1,5\nb.png;2,0\n".encode("latin-1"), [1.5, 2]),
    ],
)
def test_tables_as_people_save_them(content: bytes, values: list[float], tmp_path: Path) -> None:
    layout = read(tmp_path, "csv", "value", labels_dot_csv=content)
    assert [one.value for one in marks(layout)] == values
    assert not layout.problems and len(layout.targets) == 1


def test_a_table_of_classes_and_of_several_numbers(tmp_path: Path) -> None:
    layout = read(tmp_path, "csv", "label")
    assert marks(layout) == [Label("cat"), Label("dog")]
    assert [(one.subset, one.columns) for one in layout.images] == [
        ("train", {"height_cm": "1.5"}),
        ("val", {"height_cm": "2"}),
    ]
    assert marks(read(tmp_path, "csv", "value")) == [Value("height_cm", 1.5), Value("height_cm", 2)]
    many = read(tmp_path, "csv", "value", labels_dot_csv="file,x,y,note\na.png,1,2,new\nb.png,3,4,old\n")
    assert (many.targets, len(marks(many))) == (["x", "y"], 4)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a.png,cat\nb.png,dog,3", "labels.csv line 3 has another number of cells than the head"),
        ("a.png,cat\ngone.png,dog", "labels.csv line 3 names gone.png, which is not there"),
        ("a.png,cat\nb.png,", "labels.csv line 3 has no class: images/b.png is left out"),
        (
            "a.png,cat\nb.png,cat;dog",
            "labels.csv line 3 has several classes, cat;dog, where one is needed: images/b.png is left out",
        ),
        ("a.png,cat\n,dog", "labels.csv line 3 names no image"),
        ("a.png,cat\nb.png,dog\na.png,dog", "labels.csv line 4 names images/a.png in 2 lines: the first one counts"),
    ],
)
def test_what_is_wrong_in_a_table_has_its_line(lines: str, message: str, tmp_path: Path) -> None:
    layout = read(tmp_path, "csv", "label", labels_dot_csv=f"filename,label\n{lines}\n")
    assert message in told(layout)
    assert marks(layout)[0] == Label("cat")


def test_a_class_may_have_a_semicolon_in_its_name(tmp_path: Path) -> None:
    """Only where its parts stand in other cells too is it several."""
    one = "filename,label\na.png,black; white\nb.png,grey\n"
    assert marks(read(tmp_path / "a", "csv", "label", labels_dot_csv=one)) == [Label("black; white"), Label("grey")]
    both = "filename,label\na.png,cat; dog\nb.png,dog|bird\n"
    layout = read(tmp_path / "b", "csv", "label", labels_dot_csv=both)
    assert (layout.images, len(told(layout))) == ([], 2)


def test_an_image_without_what_is_to_be_learned_is_left_out(tmp_path: Path) -> None:
    table = "file,x,y\na.png,,\nb.png,3,\nc.png,4,5\n"
    layout = read(tmp_path, "csv", "value", labels_dot_csv=table, images__c_dot_png=png())
    assert marks(layout) == [Value("x", 3), Value("x", 4), Value("y", 5)]
    assert [(str(one), one.kind) for one in layout.problems] == [
        ("labels.csv line 2 has no number in x: images/a.png is left out", "unannotated"),
        ("labels.csv line 3 has no number in y", "annotation"),
    ]


def test_boxes_in_a_table_by_corners_or_by_size(tmp_path: Path) -> None:
    corners = "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,8,8,cat,1,2,5,7\na.png,8,8,dog,0,0,x,1\n"
    layout = read(tmp_path / "a", "csv", "box", labels_dot_csv=corners)
    assert (marks(layout), layout.images[0].size) == ([Box("cat", 1, 2, 4, 5)], (8, 8))
    assert told(layout) == ["labels.csv line 3 has no numbers for its box", "images/b.png is in no table"]
    sides = "image;x;y;w;h;label\na.png;1,5;2;4;5;cat\nb.png;1;2;4;5;dog\n"
    assert marks(read(tmp_path / "b", "csv", "box", labels_dot_csv=sides))[0] == Box("cat", 1.5, 2, 4, 5)
