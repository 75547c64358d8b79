"""Tables that are not quite as they should be: odd cells, odd marks, columns that say more than is learned."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind, Label, Value
from aistudio.store import formats
from aistudio.store.formats.base import Layout, Listing
from tests.fixtures import png
from tests.store.reading import Files, layout, listed, marks, told


def folder(root: Path, table: str | bytes, images: Sequence[str] = ()) -> Listing:
    names = images or [f"images/p{number}.png" for number in range(12)]
    return listed(root, {"table.csv": table, **{name: png() for name in names}})


def imported(listing: Listing, kind: Kind) -> Layout:
    """As the user of a new project gets it."""
    return formats.choose(listing, kind, "auto", formats.detect(listing, kind)).read(listing, kind)


def lines(head: str, pattern: str, odd: str, at: int = 4, count: int = 12) -> str:
    rows = [pattern.format(number, odd if number == at else f"{number}.5") for number in range(count)]
    return "\n".join([head, *rows]) + "\n"


@pytest.mark.parametrize("odd", ["n/a", "NA", "?", "unknown", ""])
def test_one_odd_cell_costs_no_target(odd: str, tmp_path: Path) -> None:
    both = imported(folder(tmp_path / "two", lines("filename,count,cover", "p{0}.png,{0},{1}", odd)), "value")
    assert (both.targets, len(marks(both))) == (["count", "cover"], 23)
    why = f"has {odd!r} in cover, which is no number" if odd else "has no number in cover"
    assert [(str(one), one.kind) for one in both.problems] == [(f"table.csv line 6 {why}", "annotation")]
    single = imported(folder(tmp_path / "one", lines("filename,cover", "p{0}.png,{1}", odd)), "value")
    assert marks(single) == [Value("cover", number + 0.5) for number in range(12) if number != 4]
    assert [(str(one), one.kind) for one in single.problems] == [
        (f"table.csv line 6 {why}: images/p4.png is left out", "unannotated")
    ]


def test_a_cell_that_keeps_a_column_from_being_numbers_is_named_with_its_line(tmp_path: Path) -> None:
    listing = folder(tmp_path, lines("filename,cover", "p{0}.png,{1}", "much", at=1, count=4))
    with pytest.raises(ImportRefused, match=r"the project needs numbers; 'much' in line 3 of cover is no number\."):
        imported(listing, "value")


def test_a_table_of_boxes_keeps_what_it_tells_of_whole_images(tmp_path: Path) -> None:
    """To group by the patient: not the class and the coordinates, nor what differs from box to box."""
    head = "filename,width,height,class,xmin,ymin,xmax,ymax,patient,sure"
    rows = [f"p{number % 3}.png,8,8,cat,1,2,{3 + number},7,P{number % 3 // 2},0.{number}" for number in range(9)]
    found = imported(folder(tmp_path, "\n".join([head, *rows])), "box")
    assert found.columns == ["patient"] and len(marks(found)) == 9
    assert [one.columns for one in found.images] == [{"patient": "P0"}, {"patient": "P0"}, {"patient": "P1"}]


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ('file,size\na.png,"1,5"\nb.png,"2,25"\n', [1.5, 2.25]),
        ('file,size\na.png,"1.200,5"\nb.png,"2.300,5"\n', [1200.5, 2300.5]),
        ("file;size\na.png;1.200,5\nb.png;2.300,5\n", [1200.5, 2300.5]),
        ('file,size\na.png,"1,200"\nb.png,"2,300.5"\n', [1200, 2300.5]),
        ("sep=;\nfile;size\na.png;1,5\nb.png;2\n", [1.5, 2]),
        ("sep=,\r\nfile,size\r\na.png,1.5\r\nb.png,2\r\n", [1.5, 2]),
        ("# measured by hand, in mm\n# twice\nfile,size\na.png,1.5\nb.png,2\n", [1.5, 2]),
        ("file,size\na.png,1.5\nb.png,2\n".encode("utf-16-le"), [1.5, 2]),
        ("file,size\na.png,1.5\nb.png,2\n".encode("utf-16-be"), [1.5, 2]),
        ("file,size,note\na.png,1.5,two\u2028lines\x0b\nb.png,2,\x0c\x1c\x85\n", [1.5, 2]),
        ("file,size,note\na.png,1.5,und so weiter\u2026\nb.png,2,\u201eja\u201c\n".encode("cp1252"), [1.5, 2]),
        ("file,size,note\ra.png,1.5,x\rb.png,2,y\r", [1.5, 2]),
    ],
)
def test_tables_as_programs_save_them(content: str | bytes, values: list[float], tmp_path: Path) -> None:
    found = imported(folder(tmp_path, content, ["a.png", "b.png"]), "value")
    assert ([one.value for one in marks(found)], told(found)) == (values, [])


def test_lines_are_counted_as_in_an_editor(tmp_path: Path) -> None:
    """Whatever stands before the head or in cells."""
    content = (
        'sep=,\n# note\nfile,size,note\na.png,1,"x\u2028\u0085"\ngone.png,2,"two\nlines"\nb.png,2,y\nlost.png,3,z\n'
    )
    found = imported(folder(tmp_path, content, ["a.png", "b.png"]), "value")
    assert [(one.line, one.kind) for one in found.problems] == [(6, "missing"), (8, "missing")]


@pytest.mark.parametrize("kind", ["label", "value", "box"])
@pytest.mark.parametrize("suffix", [".png", ""])
def test_a_table_without_names_of_columns_is_refused(kind: Kind, suffix: str, tmp_path: Path) -> None:
    """Or its first image would be lost."""
    rows = {"label": "p{0}{1},cat", "value": "p{0}{1},{0}.5", "box": "p{0}{1},cat,1,2,3,4"}
    content = "\n".join(rows[kind].format(number, suffix) for number in range(12))
    with pytest.raises(
        ImportRefused, match=rf"table\.csv names the image p0{suffix} where the names of its columns should be\."
    ):
        imported(folder(tmp_path, content), kind)


@pytest.mark.parametrize(("kind", "needs"), [("label", "one class for each image"), ("value", "numbers")])
def test_what_is_the_matter_with_a_table_is_said(kind: Kind, needs: str, tmp_path: Path) -> None:
    match = f"gives them {needs}\\. table\\.csv has no column with the names of the images\\."
    with pytest.raises(ImportRefused, match=match):
        imported(folder(tmp_path, "place,size\nhere,1\n"), kind)


def test_boxes_may_be_shares_of_width_and_height(tmp_path: Path) -> None:
    head = "filename,class,xmin,ymin,xmax,ymax\n"
    shares = folder(tmp_path / "a", head + "a.png,cat,0.1,0.2,0.5,1\nb.png,cat,0,0,1,1\n", ["a.png", "b.png"])
    assert [one.relative for one in imported(shares, "box").images] == [True, True]
    for number, line in enumerate(("a.png,cat,0.1,0.2,0.5,5", "a.png,cat,0,0,1,1")):
        pixels = folder(tmp_path / str(number), head + line, ["a.png", "b.png"])
        assert [one.relative for one in imported(pixels, "box").images] == [False]


def test_a_box_that_reaches_a_little_over_the_border_makes_no_pixels_of_shares(tmp_path: Path) -> None:
    head = "filename,class,xmin,ymin,xmax,ymax\n"
    for number, (line, shares) in enumerate(
        (("a.png,cat,-0.001,0.2,0.5,1.001", True), ("a.png,cat,0,0.2,0.5,1.2", False), ("a.png,cat,-1,0.2,1,1", False))
    ):
        listing = folder(tmp_path / str(number), f"{head}{line}\nb.png,cat,0.1,0.2,0.3,0.4\n", ["a.png", "b.png"])
        assert [one.relative for one in imported(listing, "box").images] == [shares, shares]


def test_numbers_below_a_name_for_classes_are_numbers(tmp_path: Path) -> None:
    """Called target, say, which is what is learned; a text is none, and whole numbers can be classes as well."""
    listing = folder(tmp_path / "a", lines("filename,target,age", "p{0}.png,0.{0}1,{0}", ""))
    assert imported(listing, "value").targets == ["target", "age"]
    assert "numbers in target, age" in formats.detect(listing, "value")[0].reason
    grades = folder(tmp_path / "b", lines("filename,label,age", "p{0}.png,{0},{1}", "7"))
    assert imported(grades, "value").targets == ["label", "age"] and len(imported(grades, "label").classes) == 12
    assert "classes or numbers in its column label and numbers in age" in formats.detect(grades, "value")[0].reason
    words = folder(tmp_path / "c", lines("filename,class,age", "p{0}.png,cat{0},{1}", "7"))
    assert imported(words, "value").targets == ["age"]


@pytest.mark.parametrize(("name", "kind"), [("yolo", "box"), ("dota", "rotated")])
def test_only_ends_of_lines_end_lines(name: str, kind: Kind, tmp_path: Path) -> None:
    good = "0 .5 .5 .2 .2" if name == "yolo" else "1 1 5 1 5 4 1 4 car"
    files: Files = {"a.png": png(), "a.txt": f"{good}\r\n{good}\x0b\rbad\n", "data.yaml": "names: [cat]"}
    found = formats.importer(name).read(listed(tmp_path, files), kind)
    assert [(one.line, one.kind) for one in found.problems] == [(3, "annotation")]


@pytest.mark.parametrize(
    ("names", "images", "expected"),
    [
        (
            ["a.png", "b.png"],
            ["x/a.png", "y/a.png", "x/b.png", "y/b.png"],
            ["x/a.png or y/a.png", "x/b.png or y/b.png"],
        ),
        (["a.png", "b.png", "c.png"], ["x/a.png", "x/b.png", "y/a.png", "y/c.png"], ["x/a.png or y/a.png"]),
        (["a", "b"], ["x/a.png", "x/a.jpg", "x/b.png"], ["x/a.jpg or x/a.png"]),
        (["x/a.png", "y/a.png", "b"], ["x/a.png", "y/a.png", "x/b.png"], []),
        (["a.png", "b.png"], ["all/a.png", "all/b.png", "small/a.png"], []),
        (["a.png", "b.png"], ["images/a.png", "images/b.png", "masks/a.png", "masks/b.png"], []),
        (["a.png", "b.png"], ["x/a.png", "x/b.png", "same/a.png", "same/b.png"], []),
    ],
)
def test_a_name_that_could_be_several_images_is_told(
    names: list[str], images: list[str], expected: list[str], tmp_path: Path
) -> None:
    """And none of them is taken, for it could be the wrong one."""
    table = "filename,class\n" + "".join(
        f"{name},{'cat' if number % 2 else 'dog'}\n" for number, name in enumerate(names)
    )
    files = {name: png() + name.removeprefix("x").removeprefix("same").encode() for name in images}
    found = formats.importer("csv").read(listed(tmp_path, {"table.csv": table, **files}), "label")
    doubt = [one for one in found.problems if one.kind == "ambiguous"]
    assert [one.message.partition("could be ")[2] for one in doubt] == expected
    assert [one.line for one in doubt] == [names.index(name) + 2 for name in names][: len(expected)]
    assert len(found.images) == len(names) - len(expected)
    assert not [one for one in found.problems if one.kind == "unannotated" and "small" not in one.file]


@pytest.mark.parametrize("tables", ["{}.csv", "lists/{}_labels2024.csv", "{}/_annotations.csv"])
@pytest.mark.parametrize("folder", ["images/", "{}/", "images/{}/"])
def test_tables_called_like_subsets_say_so(folder: str, tables: str, tmp_path: Path) -> None:
    """Also where the images of each begin to count at 0 again."""
    files: Files = {}
    for number, subset in enumerate(("train", "valid", "test")):
        names = [f"{one if '{' in folder else 4 * number + one}.png" for one in range(4)]
        files |= {folder.format(subset) + name: png() + f"{subset}{name}".encode() for name in names}
        files[tables.format(subset)] = "file,class\n" + "".join(f"{name},{subset}\n" for name in names)
    found = layout(tmp_path, files, "csv", "label")
    assert told(found) == [] and len(found.images) == 12
    words = {"train": "train", "val": "valid", "test": "test"}
    assert [one.drafts[0].annotation for one in found.images] == [
        Label(words[one.subset or ""]) for one in found.images
    ]


@pytest.mark.parametrize(
    ("cells", "several"),
    [
        (["nevus, common", "nevus, atypical", "melanoma"], []),
        (["nevus,common", "nevus,atypical", "melanoma"], []),
        (["nevus, common", "nevus, blue", "lentigo, common", "lentigo, blue"], []),
        (["cat", "dog", "cat, dog"], ["cat, dog"]),
        (["cat", "cat,dog", "dog,bird", "bird"], ["cat,dog", "dog,bird"]),
        (["cat", "cat;dog", "bird"], ["cat;dog"]),
    ],
)
def test_a_cell_has_several_classes_only_if_they_stand_elsewhere(
    cells: list[str], several: list[str], tmp_path: Path
) -> None:
    rows = [f'{number}.png,"{cell}"' for number, cell in enumerate(cells)]
    files: Files = {f"{number}.png": png() for number in range(len(cells))}
    found = layout(tmp_path, {**files, "t.csv": "\n".join(["file,class", *rows])}, "csv", "label")
    assert found.classes == sorted(set(cells) - set(several))
    assert [one.message.partition(",")[0] for one in found.problems] == ["has several classes"] * len(several)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("0.jpg", "0.JPG"),
        ("Photos/A.JPG", "photos/a.jpg"),
        ("img.0", "img.0.png"),
        ("a/img.0", "x/a/img.0.jpg"),
    ],
)
def test_names_may_differ_in_capitals_and_ids_may_have_dots(name: str, image: str, tmp_path: Path) -> None:
    """Unless there is one that does not differ."""
    other = "other/b.1.png"
    listing = listed(tmp_path, {image: png(), other: png() + b"x", "t.csv": f"id,class\n{name},cat\nb.1.png,dog\n"})
    found = imported(listing, "label")
    assert ([one.name for one in found.images], told(found)) == ([image, other], [])


def test_of_names_that_differ_in_capitals_only_the_same_one_is_meant(tmp_path: Path) -> None:
    images = ["a.jpg", "A.JPG", "b.JPG", "b.Jpg"]
    table = "id,class\na.jpg,cat\nA.JPG,dog\nb.jpg,cat\n"
    found = imported(listed(tmp_path, {"t.csv": table, **{one: png() + one.encode() for one in images}}), "label")
    assert [one.name for one in found.images] == ["a.jpg", "A.JPG"]
    assert "t.csv line 4 names b.jpg, which is not there" in told(found)


def test_capitals_may_differ_where_the_subset_tells_images_apart(tmp_path: Path) -> None:
    files: Files = {f"{one}/0.JPG": png() + one.encode() for one in ("train", "val")}
    tables: Files = {f"{one}.csv": f"id,class\n0.jpg,{one}\n" for one in ("train", "val")}
    found = imported(listed(tmp_path, {**files, **tables}), "label")
    assert ([one.name for one in found.images], told(found)) == (["train/0.JPG", "val/0.JPG"], [])
