"""Importers of masks, and of good and defective images."""

from pathlib import Path

import pytest

from aistudio.schema.annotation import Anomaly
from aistudio.store import formats
from aistudio.store.formats.base import subset_of
from tests.fixtures import png
from tests.store.reading import Files, layout, listed, marks, read, told
from tests.store.sources import grey_png


def test_masks_are_paired_and_their_classes_named(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "png_masks", "mask")
    (image,) = layout.images
    assert image.mask is not None and image.mask.name == "masks/a.png"
    assert (layout.classes, image.mask.classes) == (["road", "sky"], {0: "road", 1: "sky", 2: None})
    colours = "name,r,g,b\nroad,128,64,128\nvoid,0,0,0\n"
    files = {"images/a.png": png(), "masks/a.png": png(), "class_dict.csv": colours.encode()}
    layout = formats.importer("png_masks").read(listed(tmp_path / "b", files), "mask")
    assert layout.images[0].mask is not None
    assert layout.images[0].mask.classes == {(128, 64, 128): "road", (0, 0, 0): None}
    files = {"a.png": png(), "a_mask.png": grey_png()}
    layout = formats.importer("png_masks").read(listed(tmp_path / "c", files), "mask")
    assert [(one.name, one.mask and one.mask.name) for one in layout.images] == [("a.png", "a_mask.png")]
    lone = read(tmp_path / "d", "png_masks", "mask", images__b_dot_png=png())
    assert told(lone) == ["images/b.png has no mask"]


LAYOUTS = [
    ("{0}", "{0}annot"),
    ("{0}_images", "{0}_masks"),
    ("images_{0}", "masks_{0}"),
    ("{0}/images", "{0}/masks"),
    ("images/{0}", "masks/{0}"),
]


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize(("images", "masks"), LAYOUTS)
def test_each_subset_has_its_own_masks(images: str, masks: str, numbered: bool, tmp_path: Path) -> None:
    """Also where the files of all of them are called by the same numbers."""
    files: Files = {}
    pairs = {}
    for subset, count in (("train", 4), ("val", 2), ("test", 1)):
        for place in range(count):
            stem = str(place) if numbered else f"{subset}{place}"
            image, mask = f"{images.format(subset)}/{stem}.png", f"{masks.format(subset)}/{stem}.png"
            files |= {image: png(), mask: grey_png()}
            pairs[image] = (mask, subset)
    found = layout(tmp_path, files, "png_masks", "mask")
    assert {one.name: (one.mask and one.mask.name, one.subset) for one in found.images} == pairs
    assert told(found) == []


def test_an_image_without_a_mask_in_its_subset_gets_none_of_another(tmp_path: Path) -> None:
    files = {"train/1.png": png(), "trainannot/1.png": grey_png(), "test/1.png": png() + b"x"}
    found = layout(tmp_path, files, "png_masks", "mask")
    assert [one.name for one in found.images] == ["train/1.png"] and told(found) == ["test/1.png has no mask"]


def test_masks_of_objects_do_not_fill_up_those_of_classes(tmp_path: Path) -> None:
    files = {f"images/{name}.png": png() for name in "abc"}
    files |= {"masks/a.png": grey_png(), "masks/b.png": grey_png(), "instances/c.png": grey_png()}
    found = layout(tmp_path, files, "png_masks", "mask")
    assert [one.mask and one.mask.name for one in found.images] == ["masks/a.png", "masks/b.png"]


@pytest.mark.parametrize("ending", ["_mask", "_GT", "-mask"])
def test_a_mask_may_have_an_ending_in_a_folder_of_its_own(ending: str, tmp_path: Path) -> None:
    files = {f"images/{name}.jpg": png() for name in "12"} | {f"masks/{name}{ending}.png": grey_png() for name in "12"}
    listing = listed(tmp_path, files | {"images/12.jpg": png(), "masks/12.png": grey_png()})
    importer = formats.choose(listing, "mask", "auto", formats.detect(listing, "mask"))
    assert {one.name: one.mask and one.mask.name for one in importer.read(listing, "mask").images} == {
        "images/1.jpg": f"masks/1{ending}.png",
        "images/2.jpg": f"masks/2{ending}.png",
        "images/12.jpg": "masks/12.png",
    }


@pytest.mark.parametrize(
    ("folder", "subset"),
    [("val-images", "val"), ("Training", "train"), ("train_station", None), ("test tube", None), ("dev_board", None)],
)
def test_a_subset_is_told_by_a_folder_of_images_and_not_by_any_word(folder: str, subset: str | None) -> None:
    assert subset_of(f"{folder}/1.png") == subset


def test_a_folder_of_masks_belongs_to_the_image_beside_it_or_of_its_name(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "object_pngs", "instance", **{"three/images/c.png": png()})
    found = {one.name: one.mask.single for one in layout.images if one.mask}
    assert found == {
        "one/images/one.png": ("one/masks/1.png", "one/masks/2.png"),
        "two/images/two.png": ("two/masks/3.png",),
    }
    assert told(layout) == ["three/images/c.png has no folder of masks"]
    files = {f"{folder}/a{number}/x.png": grey_png() for folder in ("masks",) for number in range(2)}
    files |= {f"train/a{number}.png": png() for number in range(2)}
    layout = formats.importer("object_pngs").read(listed(tmp_path / "b", files), "instance")
    assert [(one.name, one.mask and one.mask.single, one.subset) for one in layout.images] == [
        ("train/a0.png", ("masks/a0/x.png",), "train"),
        ("train/a1.png", ("masks/a1/x.png",), "train"),
    ]


def test_good_and_defects(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "mvtec", "anomaly")
    assert layout.classes == ["good", "scratch"]
    assert [(mark.anomalous, mark.label) for mark in marks(layout)] == [
        (False, "good"),
        (True, "scratch"),
        (False, "good"),
    ]
    assert [one.mask.name for one in layout.images if one.mask] == ["ground_truth/scratch/c_mask.png"]
    files = {"OK/a.png": png(), "broken/b.png": png()}
    layout = formats.importer("mvtec").read(listed(tmp_path / "b", files), "anomaly")
    assert marks(layout) == [Anomaly(False, "good"), Anomaly(True, "broken")]
