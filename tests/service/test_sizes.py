"""Train is refused where the network cannot take the size of the images, with a fix that leads to one that it takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aistudio.errors import InvalidConfig
from aistudio.schema.difference import patched
from aistudio.schema.experiment import ExperimentChange
from aistudio.service import experiments
from aistudio.service.sizes import wrong_sizes
from aistudio.tasks import task
from aistudio.tasks.base import TaskConfig
from tests.fixtures import ME, new_experiment
from tests.jobs.stage import pretending

NORMALIZE = {"kind": "Normalize", "source": "weights"}
KIND = task("classification")


def resized(height: int, width: int) -> list[dict[str, Any]]:
    return [{"kind": "Resize", "height": height, "width": width}, {"kind": "HorizontalFlip", "p": 0.5}, NORMALIZE]


def config(backbone: str, train: list[Any], val: list[Any], pretrained: bool = True) -> TaskConfig:
    model = {"backbone": backbone, "pretrained": pretrained}
    return KIND.parse({"model": model, "augmentations": {"train": train, "val": val}})


def told(found: TaskConfig) -> dict[str, str]:
    return {error.path.removeprefix("augmentations."): error.message for error in wrong_sizes(found)}


def mended(found: TaskConfig) -> TaskConfig:
    """With the fix put in, which one button does for all lists."""
    first, *others = wrong_sizes(found)
    assert first.fix is not None and not any(error.fix for error in others)
    return KIND.parse(patched(found.model_dump(mode="json"), first.fix.patch))


@pytest.mark.parametrize(
    ("backbone", "train", "val", "wrong"),
    [
        (
            "inception_v3",
            (64, 96),
            (64, 96),
            {"train": "images end at 96 × 64 px, but Inception v3 takes sides of 75 px and more."},
        ),
        (
            "coatnet_0_rw_224",
            (224, 224),
            (200, 224),
            {
                "val": "validation images end at 224 × 200 px, but CoAtNet-0 takes sides that are multiples of 32 px.",
            },
        ),
        (
            "vit_tiny_patch16_224",
            (160, 160),
            (224, 224),
            {
                "val": "validation images end at 224 × 224 px, but ViT Tiny/16 is built for the 160 × 160 px of the "
                "training images.",
            },
        ),
        (
            "levit_128s",
            (128, 128),
            (128, 128),
            {"train": "images end at 128 × 128 px, but the weights of LeViT-128S fit 224 × 224 px only."},
        ),
        (
            "vgg16",
            (16, 24),
            (16, 16),
            {
                "train": "training images end at 24 × 16 px, but VGG-16 takes sides of 32 px and more.",
                "val": "validation images end at 16 × 16 px, but VGG-16 takes sides of 32 px and more.",
            },
        ),
    ],
)
def test_the_network_the_size_and_what_it_takes_are_named_and_one_fix_mends_all(
    backbone: str, train: tuple[int, int], val: tuple[int, int], wrong: Mapping[str, str]
) -> None:
    found = config(backbone, resized(*train), resized(*val))
    assert told(found) == wrong
    after = mended(found)
    assert wrong_sizes(after) == []
    assert [one.kind for one in after.augmentations.train] == ["Resize", "HorizontalFlip", "Normalize"]


@pytest.mark.parametrize(
    ("backbone", "pretrained"),
    [("levit_128s", False), ("resnet18", True), ("convnext_atto.d2_in1k", True), ("vit_tiny_patch16_224", True)],
)
def test_what_the_network_takes_is_not_refused(backbone: str, pretrained: bool) -> None:
    assert wrong_sizes(config(backbone, resized(128, 64), resized(128, 64), pretrained)) == []


@pytest.mark.parametrize("backbone", ["test_vit", "inception_v4", "vgg11_bn.of_somebody", "no_such_network"])
def test_a_network_that_is_not_listed_is_left_to_the_worker(backbone: str) -> None:
    assert wrong_sizes(config(backbone, resized(16, 16), resized(24, 24))) == []


def test_images_of_their_own_size_are_left_to_the_worker() -> None:
    assert wrong_sizes(config("inception_v3", [NORMALIZE], [NORMALIZE])) == []
    assert [*told(config("inception_v3", [NORMALIZE], resized(32, 32)))] == ["val"]


def test_no_fix_is_offered_where_a_later_step_would_undo_it() -> None:
    shrunk = [{"kind": "Resize", "height": 100, "width": 200}, {"kind": "LongestMaxSize", "max_size": 64}, NORMALIZE]
    found = wrong_sizes(config("inception_v3", shrunk, resized(299, 299)))
    assert [error.message for error in found] == [
        "training images end at 64 × 32 px, but Inception v3 takes sides of 75 px and more."
    ]
    assert found[0].fix is None


def test_train_is_refused_at_the_click_and_starts_after_the_fix(tmp_path: Path) -> None:
    with pretending(tmp_path, "loop") as (studio, pid):
        eid = new_experiment(studio, pid)
        before = experiments.get(studio, pid, eid)
        wrong = {
            **before.config,
            "model": {"backbone": "hrnet_w18_small", "pretrained": False},
            "augmentations": {"train": resized(224, 200), "val": resized(224, 200)},
        }
        changed = experiments.change(studio, ME, pid, eid, ExperimentChange(rev=before.rev, config=wrong))
        with pytest.raises(InvalidConfig, match="HRNet-W18 Small takes sides that are multiples of 32 px") as refused:
            experiments.train(studio, ME, pid, eid)
        assert experiments.get(studio, pid, eid).status == "created"
        fix = refused.value.fields[0].fix
        assert fix is not None and fix.label == "Use 192 × 224 px"
        experiments.change(
            studio, ME, pid, eid, ExperimentChange(rev=changed.rev, config=patched(changed.config, fix.patch))
        )
        assert experiments.train(studio, ME, pid, eid).status == "queued"
