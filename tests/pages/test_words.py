"""Numbers and findings in words: right in number, and never less than they say."""

from typing import Any

import pytest

from aistudio.schema.annotation import Mask
from aistudio.schema.split import ByColumn, ByFolder, GroupCrossings
from aistudio.ui.overlays import caption
from aistudio.ui.words import percent
from pages.split import words


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (None, 1, "–"),
        (0, 1, "0.0%"),
        (0.0004, 1, "<0.1%"),
        (0.001, 1, "0.1%"),
        (0.123, 1, "12.3%"),
        (0, 0, "0%"),
        (0.004, 0, "<1%"),
        (0.0099, 0, "<1%"),
        (0.01, 0, "1%"),
        (1, 0, "100%"),
    ],
)
def test_a_share_that_is_something_is_not_rounded_to_nothing(value: float | None, digits: int, said: str) -> None:
    assert percent(value, digits) == said


def test_a_class_that_covers_next_to_nothing_is_there() -> None:
    mask = Mask("1.png", 255, (("background", 0.2), ("road", 0.797), ("sign", 0.003)))
    assert caption([mask]) == "road 80%, sign <1%"


@pytest.mark.parametrize(
    ("by", "numbers", "said"),
    [
        (ByColumn(column="patient"), (20, 2, 0, 0), "None of 20 groups by patient is in several parts."),
        (ByFolder(), (5, 1, 1, 0), "1 of 5 folders is in several parts. Of their images, what is learned"),
        (ByFolder(), (5, 1, 3, 0), "3 of 5 folders are in several parts. Of"),
        (ByFolder(), (5, 0, 5, 2), "All 5 folders are in several parts. 2 images are in none of them. Of"),
        (ByColumn(column="site"), (1, 0, 1, 1), "The only group by site is in several parts. 1 image is in none"),
        (ByColumn(column="site"), (1, 0, 0, 0), "The only group by site is in one part."),
        (ByColumn(column="name"), (9, 9, 0, 0), "Each group by name has a single image, so none is in several parts."),
    ],
)
def test_groups_that_cross_are_counted_in_words(by: Any, numbers: tuple[int, int, int, int], said: str) -> None:
    groups, single, crossing, apart = numbers
    found = GroupCrossings(by=by, groups=groups, single=single, crossing=crossing, apart=apart)
    assert words.crossing(found, supposed=False, designed=False).startswith(said)
