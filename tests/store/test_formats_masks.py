"""Importers of masks, and of good and defective images."""

from pathlib import Path

from aistudio.schema.annotation import Anomaly
from aistudio.store import formats
from tests.fixtures import png
from tests.store.reading import listed, marks, read, told
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
