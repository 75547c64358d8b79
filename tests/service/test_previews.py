"""Previews as a page asks for them: which images, which errors in words, and whose pictures."""

from collections import Counter
from typing import Any

import pytest

from aistudio.errors import BadInput, InvalidConfig, NotFound
from aistudio.schema.preview import PreviewRequest
from aistudio.service import previews, projects
from aistudio.service.previews import choose
from aistudio.studio import Studio
from tests.fixtures import ME, add_images, new_project, ready_project

FLIP: list[dict[str, Any]] = [{"kind": "HorizontalFlip", "p": 1}]


def asked(**changes: Any) -> PreviewRequest:
    return PreviewRequest.model_validate({"transforms": FLIP, **changes})


def test_different_classes_first_and_the_same_for_the_same_seed() -> None:
    labels = {number: number % 3 for number in range(1, 31)}
    for count in range(1, 9):
        chosen = choose(labels, labels, count, seed=1)
        assert len(set(chosen)) == count
        spread = Counter(labels[number] for number in chosen)
        assert max(spread.values()) - min(spread[label] for label in range(3)) <= 1
        assert choose(labels, list(labels), count, seed=1) == chosen == choose(labels, labels, 8, seed=1)[:count]
    assert len({tuple(choose(labels, labels, 4, seed)) for seed in range(20)}) > 15
    assert len({labels[choose(labels, labels, 1, seed)[0]] for seed in range(20)}) == 3
    assert sorted(choose(labels, [4, 7], 8, 0)) == [4, 7]  # of one class, and fewer than asked for


@pytest.mark.fault
def test_images_come_from_the_part_of_the_split_that_the_list_is_for(studio: Studio, pid: str) -> None:
    """One story, because starting the worker is what takes the time."""
    folder = studio.workspace.project(pid)
    sid = folder.splits.all()[0].id
    members = folder.splits.members(sid)
    add_images(studio, pid, {"hens": 2, "cows": 2})  # a newer version, which the split is not of
    for pipeline in ("train", "val"):
        preview = previews.preview(studio, pid, asked(split=sid, pipeline=pipeline, count=8))
        assert {image.id for image in preview.images} <= set(members[pipeline])
        assert Counter(image.label for image in preview.images) == {"cats": 4, "dogs": 4}
    newest = previews.preview(studio, pid, asked(count=8))
    assert {image.label for image in newest.images} == {"hens", "cows"} and len(newest.images) == 4
    chosen = previews.preview(studio, pid, asked(split=sid, images=[3, 40, 1]))
    assert [(image.id, image.label) for image in chosen.images] == [(3, "cats"), (40, "dogs"), (1, "cats")]

    epochs = [previews.preview(studio, pid, asked(epoch=epoch, pipeline="val")).id for epoch in (1, 2)]
    assert epochs[0] == epochs[1]  # validation draws the same in every epoch
    picture = chosen.images[0].pictures[1].file
    assert previews.picture(studio, pid, chosen.id, picture).read_bytes().startswith(b"\x89PNG")
    other = ready_project(studio)
    with pytest.raises(NotFound):
        previews.picture(studio, other, chosen.id, picture)
    projects.delete(studio, ME, pid)
    with pytest.raises(NotFound):
        previews.picture(studio, pid, chosen.id, picture)


@pytest.mark.fault
def test_an_unreadable_image_is_shown_again_once_it_is_mended(studio: Studio, pid: str) -> None:
    dataset = studio.workspace.project(pid).dataset()
    assert dataset is not None
    path = dataset.image(1)[1]
    whole = path.read_bytes()
    path.write_bytes(b"")
    broken = previews.preview(studio, pid, asked(images=[1, 2]))
    assert "is not an image" in (broken.images[0].error or "") and len(broken.images[1].pictures) == 2
    path.write_bytes(whole)
    mended = previews.preview(studio, pid, asked(images=[1, 2]))
    assert mended.id == broken.id and len(mended.images[0].pictures) == 2


@pytest.mark.parametrize(
    ("transforms", "path", "said"),
    [
        ([*FLIP, {"kind": "Rotate", "limit": 200}], "transforms.1.limit", "Transform 2 (Rotate), Limit: must be a"),
        ([{"kind": "Swirl"}], "transforms.0", "Transform 1 (Swirl): must be one of Resize, "),
        ([{}], "transforms.0", "Transform 1 (of no kind): needs a kind."),
        ([{"kind": "Affine", "scale": [2, 1]}], "transforms.0", "Transform 1 (Affine): Scale: the first number must"),
        (FLIP * 51, "transforms", "Augmentations: may have at most 50."),
        ([{"kind": "Resize", "x": 1}], "transforms.0.x", "Transform 1 (Resize), x: is not an option here."),
        (
            [{"kind": "Normalize", "source": "custom", "mean": [0, 0]}],
            "transforms.0.mean",
            "Transform 1 (Normalize), Mean: ",
        ),
    ],
)
def test_wrong_transforms_are_named_by_their_place(
    studio: Studio, pid: str, transforms: list[dict[str, Any]], path: str, said: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        previews.preview(studio, pid, PreviewRequest(transforms=transforms))
    assert caught.value.fields[0].path.startswith(path)
    assert caught.value.message.startswith(said)
    assert studio.previewer.pid is None


def test_what_is_not_there_is_said(studio: Studio, pid: str) -> None:
    with pytest.raises(NotFound, match="no split"):
        previews.preview(studio, pid, asked(split="none"))
    with pytest.raises(NotFound, match="no image 999"):
        previews.preview(studio, pid, asked(images=[1, 999]))
    with pytest.raises(NotFound, match="no project"):
        previews.preview(studio, "none", asked())
    with pytest.raises(BadInput, match="no images to show"):
        previews.preview(studio, new_project(studio), asked())
    assert studio.previewer.pid is None


@pytest.mark.fault
def test_what_cannot_work_is_the_users_to_mend(studio: Studio, pid: str) -> None:
    normalize = [{"kind": "Normalize"}]
    with pytest.raises(BadInput, match="no architecture resnet19") as caught:
        previews.preview(studio, pid, asked(transforms=normalize, backbone="resnet19"))
    assert "resnet18" in caught.value.advice
    tiny = [{"kind": "Resize", "height": 8, "width": 8}, {"kind": "CenterCrop", "height": 8, "width": 8}]
    assert len(previews.preview(studio, pid, asked(transforms=tiny)).images) == 4


@pytest.mark.fault
def test_numbers_that_are_none_are_told_as_such(studio: Studio, pid: str) -> None:
    """A power of the negative numbers that normalising gives."""
    transforms = [{"kind": "Normalize"}, {"kind": "RandomGamma", "p": 1}]
    for image in previews.preview(studio, pid, asked(transforms=transforms)).images:
        assert [picture.values is None for picture in image.pictures] == [True, False, False]
        assert image.pictures[2].values == (None, None)
