"""Tables that are not quite as they should be: odd cells, odd marks, columns that say more than is learned."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind, Value
from aistudio.store import formats
from aistudio.store.formats.base import Layout, Listing
from tests.fixtures import png
from tests.store.folders import listed, marks


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
    assert [(str(one), one.kind) for one in single.problems] == [(f"table.csv line 6 {why}", "unannotated")]


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
