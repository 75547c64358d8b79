"""Tables of classes under any name: the right column is taken, and where it is not clear, that is said."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Label, Value
from aistudio.store import formats
from aistudio.store.formats.base import Layout, Listing
from aistudio.store.paths import walk_files
from tests.fixtures import png


def listed(root: Path, head: str, lines: Sequence[str], folder: str = "images") -> Listing:
    """A table with a line for each image, and the images."""
    (root / folder).mkdir(parents=True)
    for number in range(len(lines)):
        (root / folder / f"p{number}.png").write_bytes(png())
    (root / "table.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8-sig")
    return Listing.of(root, walk_files(root))


def imported(listing: Listing) -> tuple[str, Layout]:
    """The reason, and what is read."""
    found = formats.detect(listing, "label")
    importer = formats.choose(listing, "label", "auto", found)
    assert importer.NAME == "csv"
    return found[0].reason, importer.read(listing, "label")


def classes(layout: Layout) -> list[str]:
    return [
        draft.annotation.label
        for image in layout.images
        for draft in image.drafts
        if isinstance(draft.annotation, Label)
    ]


def lines(pattern: str, *values: Sequence[object]) -> list[str]:
    return [pattern.format(number, *row) for number, row in enumerate(zip(*values, strict=True))]


HALVES = ("cat", "dog") * 4
BITS = (0, 1, 1, 0, 0, 1, 0, 0)
AGES = (34, 51, 62, 47, 33, 29, 70, 41)
SEXES = (0, 1, 0, 1, 1, 0, 0, 1)


@pytest.mark.parametrize(
    ("head", "rows", "column", "expected", "extra"),
    [
        (
            "Dateiname;Klasse;Patient;Gewicht",
            lines("p{0}.png;{1};P{0};{0},5", HALVES),
            "Klasse",
            HALVES,
            ["Patient", "Gewicht"],
        ),
        ("id\tdiagnosis\tage\tsex", lines("p{0}\t{1}\t{2}\t{3}", BITS, AGES, SEXES), "diagnosis", BITS, ["age", "sex"]),
        ("photo,kind of animal,age", lines("p{0}.png,{1},{2}", HALVES, AGES), "kind of animal", HALVES, ["age"]),
        ("nr,photo,note,animal", lines("{0},p{0}.png,note {0},{1}", HALVES), "animal", HALVES, ["nr", "note"]),
        ("photo,ill,age", lines("p{0},{1},{2}", BITS, AGES), "ill", BITS, ["age"]),
        ("photo,Class Name,site", lines("images/p{0}.png,{1},north", HALVES), "Class Name", HALVES, ["site"]),
    ],
)
def test_the_column_of_the_classes_is_found(
    head: str, rows: list[str], column: str, expected: Sequence[object], extra: list[str], tmp_path: Path
) -> None:
    reason, layout = imported(listed(tmp_path, head, rows))
    assert classes(layout) == [str(one) for one in expected] and not layout.problems
    assert f"in its column {column}" in reason
    assert layout.columns == extra == list(layout.images[0].columns), "classes are nothing to group by"


def test_numbers_that_happen_to_be_names_of_images_do_not_name_them(tmp_path: Path) -> None:
    """The column of which most cells do is the one."""
    rows = [f"{number % 5 if number < 6 else 99},p{number}.png,{HALVES[number]}" for number in range(8)]
    listed(tmp_path, "score,photo,class", rows)
    for number in range(5):
        (tmp_path / f"images/{number}.png").write_bytes(png())
    listing = Listing.of(tmp_path, walk_files(tmp_path))
    assert classes(imported(listing)[1]) == list(HALVES)


def test_a_column_for_each_class_is_read_as_classes(tmp_path: Path) -> None:
    rows = lines("p{0},{1},{2}", ("1,0,0", "0,1,0", "0,0,1", "0,1,0"), AGES[:4])
    listing = listed(tmp_path, "image,cat,dog,bird,age", rows)
    reason, layout = imported(listing)
    assert classes(layout) == ["cat", "dog", "bird", "dog"] and layout.columns == ["age"]
    assert "a column of 0 and 1 for each of the classes cat, dog, bird" in reason
    values = formats.importer("csv").read(listing, "value")
    assert [one.annotation for one in values.images[0].drafts][-1] == Value("age", 34), "where numbers are asked for"


def test_columns_that_could_all_be_the_classes_are_named(tmp_path: Path) -> None:
    rows = lines("p{0}.png,{1},{2},{3}", HALVES, ("north", "north", "south", "south") * 2, AGES)
    listing = listed(tmp_path, "image,animal,site,age", rows)
    for choice in ("auto", "csv"):
        with pytest.raises(ImportRefused, match="classes could be in animal or site") as refused:
            formats.choose(listing, "label", choice, formats.detect(listing, "label")).read(listing, "label")
        assert (
            choice == "csv" or "Write class over the column of the classes" in str(refused.value) + refused.value.advice
        )


def test_only_a_table_of_measurements_has_no_classes(tmp_path: Path) -> None:
    listing = listed(tmp_path, "image,size", lines("p{0}.png,{0}.5", HALVES))
    with pytest.raises(ImportRefused, match=r"numbers in size\), which brings"):
        formats.choose(listing, "label", "auto", formats.detect(listing, "label"))


def test_a_guess_gives_way_to_class_folders_but_not_to_subsets(tmp_path: Path) -> None:
    rows = lines("{1}/x{0}.png,{2},{3}", HALVES, BITS, AGES)
    for one, (first, second) in {"classes": ("cat", "dog"), "subsets": ("train", "test")}.items():
        root = tmp_path / one
        for number, name in enumerate((first, second) * 4):
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name / f"x{number}.png").write_bytes(png())
        text = "\n".join(["image,ill,age", *rows]).replace("cat/", f"{first}/").replace("dog/", f"{second}/")
        (root / "table.csv").write_text(text)
        listing = Listing.of(root, walk_files(root))
        found = formats.detect(listing, "label")
        assert found[0].format == ("class_folders" if one == "classes" else "csv")
