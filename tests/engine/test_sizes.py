"""The catalog refuses the image sizes that the worker would refuse, and no others."""

from itertools import product
from pathlib import Path

import pytest
import timm
from safetensors.torch import save_file

from aistudio.catalog.backbones import BACKBONES, find
from aistudio.catalog.sizes import ANY, PRETRAINED, Sides, sides, takes_one_size
from aistudio.engine.models import build, check_size
from aistudio.errors import Mismatch
from aistudio.schema.model import ImageClassifier

pytestmark = pytest.mark.engine

SQUARE = [8, 13, 14, 15, 16, 17, 28, 29, 31, 32, 33, 47, 48, 61, 64, 65, 74, 75, 96, 100, 160, 192, 193, 209, 224, 225]
OBLONG = [(8, 224), (31, 64), (64, 48), (96, 100), (100, 96), (160, 224), (224, 192), (200, 224), (225, 256)]
PLAIN = [(8, 8), (9, 100), (65, 33), (225, 97)]
SOME = ["vgg11_bn", "levit_128s", "efficientformer_l1", "resnet10t"]


@pytest.mark.parametrize("name", SOME)
def test_a_network_takes_the_sizes_that_the_catalog_says(name: str) -> None:
    _compare(name, [(16, 16), (48, 48), (100, 200), (224, 192)])


@pytest.mark.slow
@pytest.mark.parametrize("name", [record.name for record in BACKBONES])
def test_every_network_takes_the_sizes_that_the_catalog_says(name: str) -> None:
    plain = _sides(name) is ANY
    _compare(name, PLAIN if plain else [*((side, side) for side in SQUARE), *OBLONG])


def _compare(name: str, sizes: list[tuple[int, int]]) -> None:
    said = {size: all(map(_sides(name).takes, size)) for size in sizes}
    assert said == {size: _is_taken(name, size) for size in sizes}


@pytest.mark.parametrize(
    ("name", "pretrained_on"),
    [
        ("vit_tiny_patch16_224", (224, 224)),
        pytest.param("swin_tiny_patch4_window7_224", (96, 64), marks=pytest.mark.slow),
        *(
            pytest.param(record.name, (128, 160), marks=pytest.mark.slow)
            for record in BACKBONES
            if takes_one_size(record)
        ),
    ],
)
def test_what_takes_one_size_refuses_validation_images_of_another(name: str, pretrained_on: tuple[int, int]) -> None:
    check_size(name, pretrained_on, built_for=pretrained_on)
    for other in ((256, 256), pretrained_on[::-1] if pretrained_on[0] != pretrained_on[1] else (224, 256)):
        with pytest.raises(Mismatch, match="cannot take validation images of"):
            check_size(name, other, built_for=pretrained_on)


def test_what_takes_any_size_takes_another_one_for_validation() -> None:
    check_size("resnet10t", (256, 320), built_for=(224, 224))


@pytest.mark.slow
@pytest.mark.parametrize("name", [record.name for record in BACKBONES if {record.name, record.family} & {*PRETRAINED}])
def test_weights_fit_the_sizes_that_the_catalog_says(name: str, tmp_path: Path) -> None:
    record = find(name)
    assert record is not None
    save_file(timm.create_model(name, pretrained=False).state_dict(), tmp_path / record.weights[0].file)
    sizes = list(product((192, 208, 209, 224, 240, 256), repeat=2))
    said = {size: all(map(sides(record, pretrained=True).takes, size)) for size in sizes}
    assert said == {(height, width): _fits(name, (height, width), tmp_path) for height, width in sizes}


def _fits(name: str, size: tuple[int, int], folder: Path) -> bool:
    try:
        build(ImageClassifier(backbone=name, pretrained=True), 3, folder, size)
    except Mismatch:
        return False
    return True


def _is_taken(name: str, size: tuple[int, int]) -> bool:
    try:
        check_size(name, size)
    except Mismatch:
        return False
    return True


def _sides(name: str) -> Sides:
    record = find(name)
    assert record is not None
    return sides(record, pretrained=False)
