"""What the catalog says of image sizes (whether it is true is tried in tests/engine)."""

import pytest

from aistudio.catalog.backbones import BACKBONES, Backbone, find
from aistudio.catalog.sizes import ANY, ONE_SIZE, PRETRAINED, SIDES, Sides, sides

FAMILIES = {record.family for record in BACKBONES}
NAMES = {record.name for record in BACKBONES}


def record(name: str) -> Backbone:
    found = find(name)
    assert found is not None
    return found


def test_every_entry_is_of_a_network_that_is_listed() -> None:
    assert {*SIDES, *PRETRAINED} <= FAMILIES | NAMES
    assert ONE_SIZE <= FAMILIES


@pytest.mark.parametrize("one", BACKBONES, ids=lambda one: one.name)
@pytest.mark.parametrize("pretrained", [True, False])
def test_every_network_takes_the_size_of_its_weights_and_what_is_offered_instead(
    one: Backbone, pretrained: bool
) -> None:
    allowed = sides(one, pretrained)
    assert allowed.takes(one.input_size)
    assert all(allowed.takes(allowed.nearest(side)) for side in range(1, 700))
    assert not pretrained or all(sides(one, False).takes(side) for side in range(8, 700) if allowed.takes(side))


@pytest.mark.parametrize(
    ("allowed", "words", "taken", "instead"),
    [
        (Sides(least=75), "sides of 75 px and more", [75, 76, 1000], {64: 75}),
        (Sides(step=16), "sides that are multiples of 16 px", [16, 32], {1: 16, 24: 32, 23: 16, 100: 96}),
        (Sides(step=32, less=1, more=1), "sides that are multiples of 32 px", [31, 32, 33, 65], {30: 32, 200: 192}),
        (Sides(least=32, step=32, coarse=64), "sides that are multiples of 32 px", [32, 47, 63, 64], {31: 32, 65: 64}),
        (Sides(least=193, most=224), "sides of 193 to 224 px", [193, 224], {192: 224, 225: 224}),
        (Sides(least=224, most=224), "224 × 224 px only", [224], {200: 224}),
    ],
)
def test_what_is_taken_and_what_comes_nearest(
    allowed: Sides, words: str, taken: list[int], instead: dict[int, int]
) -> None:
    assert str(allowed) == words
    assert all(allowed.takes(side) and allowed.nearest(side) == side for side in taken)
    assert {side: allowed.nearest(side) for side in instead} == instead
    assert not any(allowed.takes(side) for side in instead)


def test_a_name_goes_before_its_family_and_weights_before_the_network() -> None:
    assert sides(record("efficientformer_l1"), False) != sides(record("efficientformerv2_s0"), False)
    assert sides(record("levit_256"), True) != sides(record("levit_256"), False)
    assert sides(record("resnet18"), True) is ANY
