"""Real data sets in every format, imported by real workers: what comes out is what is in them."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from aistudio.schema.annotation import Anomaly, AnyAnnotation, Box, Instance, Mask, RotatedBox, Value
from aistudio.schema.geometry import bounds, inside
from aistudio.service import splits
from aistudio.store.dataset import DatasetFolder
from aistudio.studio import Studio
from tests.fixtures import new_project
from tests.service.importing import by_stem, imported

FREE = Path(__file__).parents[1] / "data"
Lines = list[tuple[str | None, tuple[float, ...]]]


@pytest.fixture(params=["free", pytest.param("all", marks=pytest.mark.realdata)])
def data(request: pytest.FixtureRequest) -> Path:
    """The small copies, and the whole sets where they are."""
    if request.param == "free":
        return FREE
    if "AISTUDIO_TEST_DATA" not in os.environ:
        pytest.skip("AISTUDIO_TEST_DATA names no folder with the data sets")
    return Path(os.environ["AISTUDIO_TEST_DATA"])


@pytest.fixture
def empty(studio: Studio) -> str:
    return new_project(studio)


def boxes(annotations: list[AnyAnnotation], scale: tuple[float, float]) -> Lines:
    x, y = scale
    found = [one for one in annotations if isinstance(one, Box)]
    return sorted(((one.label, (one.x * x, one.y * y, one.w * x, one.h * y)) for one in found), key=str)


def match(one: Lines, other: Lines, tolerance: float) -> None:
    """Each of one is found among the other, with the same class and numbers within the tolerance."""
    assert len(one) == len(other)
    left = list(other)
    for label, numbers in one:
        near = [
            pair
            for pair in left
            if pair[0] == label and max(abs(a - b) for a, b in zip(numbers, pair[1], strict=True)) <= tolerance
        ]
        assert near, (label, numbers, left)
        left.remove(near[0])


def test_the_same_boxes_come_out_of_four_formats(studio: Studio, empty: str, data: Path) -> None:
    reference: dict[str, Lines] | None = None
    for name in ("voc", "csv", "coco", "yolo"):
        dataset, report = imported(studio, empty, data / "bccd", "box", format=name)
        assert (report.format, report.skipped) == (name, 0)
        assert report.dropped == (2 if name in ("voc", "csv") else 0), "two boxes have no size"
        assert {one.kind for one in report.problems if one.effect == "left out"} <= {"empty"}
        assert sorted(report.classes) == ["Platelets", "RBC", "WBC"]
        found = {
            stem: boxes(some, (640 / width, 480 / height)) for stem, (width, height, some) in by_stem(dataset).items()
        }
        reference = reference or found
        assert found.keys() == reference.keys()
        for stem, expected in reference.items():
            match(expected, found[stem], 1.0 if name != "yolo" else 2.0)
        source = splits.all_splits(studio, empty)[-1]
        assert (source.origin, source.dataset_version) == ("source", dataset.version)
        assert source.size("train") > source.size("val") == source.size("test") > 0


def test_problems_have_a_file_and_a_line(studio: Studio, empty: str) -> None:
    for name, lines in (("csv", True), ("voc", True)):
        _, report = imported(studio, empty, FREE / "bccd", "box", format=name)
        lost = [one for one in report.problems if one.kind == "empty"]
        assert len(lost) == 2
        for one in lost:
            text = (FREE / "bccd" / one.file).read_text().splitlines()
            assert lines and one.line is not None
            assert ("<object" if name == "voc" else "BloodImage_003") in text[one.line - 1]


def test_the_same_rotated_boxes_come_out_of_three_formats(studio: Studio, empty: str, data: Path) -> None:
    reference: dict[str, Lines] | None = None
    for name in ("rolabelimg", "dota", "yolo"):
        dataset, report = imported(studio, empty, data / "hituav_obb", "rotated", format=name)
        assert (report.format, report.skipped, report.dropped) == (name, 0, 0)
        assert set(report.classes) <= {"Car", "OtherVehicle", "Person", "Bicycle"}
        found: dict[str, Lines] = {}
        for stem, (width, height, some) in by_stem(dataset).items():
            rotated = [one for one in some if isinstance(one, RotatedBox)]
            found[stem] = [(one.label, bounds(inside(one.corners, width, height))) for one in rotated]
        reference = reference or found
        assert found.keys() == reference.keys()
        for stem, expected in reference.items():
            match(expected, found[stem], 1.0)


def areas(dataset: DatasetFolder) -> dict[str, int]:
    return {
        stem: len([one for one in some if isinstance(one, Instance)]) for stem, (_, _, some) in by_stem(dataset).items()
    }


def test_objects_come_out_of_outlines_and_of_numbered_masks(studio: Studio, empty: str, data: Path) -> None:
    outlines, report = imported(studio, empty, data / "nuclei", "instance")
    assert report.format == "coco" and "instance_png" in {one.format for one in report.found}
    by_outline = by_stem(outlines)
    masks, other = imported(studio, empty, data / "nuclei", "instance", format="instance_png")
    assert report.images == other.images == len(by_outline)
    for stem, (_, _, some) in by_stem(masks).items():
        assert len(some) == len(by_outline[stem][2]) > 0
        assert all(isinstance(one, Instance) and one.rle and one.w >= 1 for one in some)
    boxes_only, _ = imported(studio, empty, data / "nuclei", "box", format="instance_png")
    assert all(isinstance(one, Box) for _, _, some in by_stem(boxes_only).values() for one in some)


def test_objects_come_out_of_a_mask_each(studio: Studio, empty: str, tmp_path: Path) -> None:
    """One of two masks in the first folder has another size, and one shows nothing."""
    for name, objects in (("a", 3), ("b", 1)):
        (tmp_path / f"set/{name}/images").mkdir(parents=True)
        (tmp_path / f"set/{name}/masks").mkdir()
        cv2.imwrite(str(tmp_path / f"set/{name}/images/{name}.png"), np.full((20, 30, 3), 90 * objects % 255, np.uint8))
        for number in range(objects):
            mask = np.zeros((20, 30), np.uint8)
            mask[4 * number : 4 * number + 3, 5:9] = 255
            cv2.imwrite(str(tmp_path / f"set/{name}/masks/{number}.png"), mask)
    cv2.imwrite(str(tmp_path / "set/a/masks/8.png"), np.full((20, 31), 255, np.uint8))
    cv2.imwrite(str(tmp_path / "set/a/masks/9.png"), np.zeros((20, 30), np.uint8))
    dataset, report = imported(studio, empty, tmp_path / "set", "instance")
    assert (report.format, report.images, report.objects, report.dropped) == ("object_pngs", 2, {"object": 4}, 2)
    assert {str(one) for one in report.problems} == {
        "a/masks/8.png has 31 × 20 pixels, but its image has 30 × 20",
        "a/masks/9.png shows no object",
    }
    first = [one for one in dataset.annotations([1])[1] if isinstance(one, Instance)]
    assert [(one.x, one.y, one.w, one.h) for one in first] == [(5, 4 * number, 4, 3) for number in range(3)]


@pytest.mark.realdata
def test_nuclei_in_the_layout_of_their_origin(studio: Studio, empty: str, data: Path) -> None:
    source = data / "nuclei/native_dsb"
    if not source.is_dir():
        pytest.skip("only the whole set has it")
    dataset, report = imported(studio, empty, source, "instance")
    masks = {folder.name: len(list(folder.glob("masks/*.png"))) for folder in source.iterdir()}
    assert (report.format, report.images, report.problems) == ("object_pngs", 12, [])
    assert areas(dataset) == masks


def test_class_masks_and_masks_drawn_from_outlines_agree(studio: Studio, empty: str, data: Path) -> None:
    native, report = imported(studio, empty, data / "nuclei", "mask")
    assert (report.format, native.classes()) == ("png_masks", ["background", "foreground"])
    drawn, other = imported(studio, empty, data / "nuclei", "mask", format="coco")
    assert drawn.classes() == ["background", "nucleus"] and other.images == report.images
    shares = [_foreground(one) for one in (native, drawn)]
    for stem, share in shares[0].items():
        # COCO's way of filling loses half a pixel around outlines that run through the middles of pixels
        assert share - 0.04 < shares[1][stem] < share + 0.001
    first = native.annotations([1])[1][0]
    assert isinstance(first, Mask) and first.ignore == 255
    pixels = decoded(native, first.file)
    assert pixels.dtype == np.uint8 and set(np.unique(pixels)) == {0, 1}


def decoded(dataset: DatasetFolder, file: str) -> np.ndarray:
    return np.asarray(cv2.imread(str(dataset.mask(file)), cv2.IMREAD_UNCHANGED))


def _foreground(dataset: DatasetFolder) -> dict[str, float]:
    found = {}
    for stem, (_, _, some) in by_stem(dataset).items():
        assert isinstance(some[0], Mask)
        found[stem] = sum(share for name, share in some[0].shares if name != "background")
    return found


def test_numbers_come_out_of_a_table_with_their_names_and_split(studio: Studio, empty: str, data: Path) -> None:
    dataset, report = imported(studio, empty, data / "nucleicount", "value")
    assert report.targets == dataset.targets() == ["nuclei_count", "cover_percent"]
    lines = (data / "nucleicount/labels.csv").read_text().splitlines()[1:]
    told = {
        Path(file).name: (float(count), float(cover)) for file, count, cover, _ in (line.split(",") for line in lines)
    }
    assert len(dataset.values()) == len(told) == report.images
    for image in dataset.page(page_size=1000).images:
        values = {one.name: one.value for one in image.annotations if isinstance(one, Value)}
        assert (values["nuclei_count"], values["cover_percent"]) == told[Path(image.name).name]
        assert image.subset is not None and image.columns["nuclei_count"]
    assert splits.all_splits(studio, empty)[0].size("train") == sum(line.endswith("train") for line in lines)


def test_good_and_bad_images_come_with_their_masks(studio: Studio, empty: str, data: Path) -> None:
    dataset, report = imported(studio, empty, data / "bloodcrops", "anomaly")
    assert (report.format, dataset.classes()) == ("mvtec", ["good", "white_cell"])
    for image in dataset.page(page_size=1000).images:
        (mark,) = image.annotations
        assert isinstance(mark, Anomaly)
        assert mark.anomalous == ("white_cell" in image.name) == (mark.label != "good") == (mark.file is not None)
        assert image.subset == ("train" if image.name.startswith("train") else "test")
        if mark.file:
            pixels = decoded(dataset, mark.file)
            assert pixels.shape == (160, 160) and set(np.unique(pixels)) == {0, 255}
    assert splits.all_splits(studio, empty)[0].name == "As in the source, test as validation"


def test_class_folders_of_photos(studio: Studio, empty: str, data: Path) -> None:
    dataset, report = imported(studio, empty, data / "clothing", "label")
    assert report.format == "class_folders" and "t-shirt" in dataset.classes()
    assert report.images == sum(report.classes.values()) == dataset.count()


@pytest.mark.realdata
def test_sets_that_are_not_free(studio: Studio, empty: str, data: Path) -> None:
    if data == FREE:
        pytest.skip("only the free ones are here")
    dataset, report = imported(studio, empty, data / "camvid", "mask")
    assert (report.images, len(dataset.classes()), "Unlabelled" in dataset.classes()) == (100, 11, False)
    assert report.subsets == {"train": 60, "val": 20, "test": 20}
    dataset, report = imported(studio, empty, data / "coco128", "instance")
    crowds = [
        one
        for some in dataset.annotations(range(1, 71)).values()
        for one in some
        if "crowd" in getattr(one, "flags", ())
    ]
    assert (report.images, sum(report.objects.values()), len(crowds)) == (70, 587, 6)
    dataset, report = imported(studio, empty, data / "coco128", "instance", format="yolo")
    assert (report.images, sum(report.objects.values())) == (70, 581)
    dataset, report = imported(studio, empty, data / "coco128", "mask")
    assert (report.format, len(dataset.classes())) == ("png_masks", 129)
    assert not [one for one in report.problems if one.message.startswith("has pixels")]
    dataset, report = imported(studio, empty, data / "magnetic_tile", "anomaly")
    assert (report.images, len(dataset.classes())) == (225, 6)
