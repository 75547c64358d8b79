"""Drawn sample data sets: one for every kind of annotation, the same every time."""

from typing import get_args

import cv2
import numpy as np
import pytest

from aistudio.schema.annotation import Anomaly, Box, Instance, Kind, Mask, RotatedBox, Value
from aistudio.schema.geometry import rectangle
from aistudio.service import splits
from aistudio.store.dataset import DatasetFolder
from aistudio.studio import Studio
from tests.fixtures import contents, new_project
from tests.service.importing import ended, imported, start


def pixels(dataset: DatasetFolder, file: str) -> np.ndarray:
    return np.asarray(cv2.imread(str(dataset.mask(file)), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("kind", get_args(Kind))
def test_there_is_a_sample_for_every_kind(kind: Kind, studio: Studio) -> None:
    pid = new_project(studio)
    count = 320 if kind == "label" else 80
    first, report = imported(studio, pid, None, kind, sample="shapes")
    second, _ = imported(studio, pid, None, kind, sample="shapes")
    assert first.fingerprint() == second.fingerprint(), "it is the same every time"
    for one, other in ((first.images, second.images), (first.masks, second.masks)):
        assert contents(one) == contents(other)
    assert (first.count(), report.annotation, report.skipped, report.dropped) == (count, kind, 0, 0)
    assert not [one for one in report.problems if one.effect == "left out"]
    assert splits.all_splits(studio, pid)[0].size("val") >= 16
    assert all(first.annotations(range(1, count + 1)).values())


def test_what_is_said_of_a_scene_agrees(studio: Studio) -> None:
    """Boxes, outlines, masks and numbers of the same scenes."""
    pid = new_project(studio)
    kinds: tuple[Kind, ...] = ("box", "instance", "mask", "value")
    found = {kind: imported(studio, pid, None, kind, sample="shapes")[0] for kind in kinds}
    by_name = {
        kind: {one.name[-7:]: one.annotations for one in dataset.page(page_size=100).images}
        for kind, dataset in found.items()
    }
    for name, boxes in by_name["box"].items():
        objects, (mask,) = by_name["instance"][name], by_name["mask"][name]
        values = {one.name: one.value for one in by_name["value"][name] if isinstance(one, Value)}
        assert values["shapes"] == len(boxes) == len(objects)
        assert isinstance(mask, Mask)
        drawn = pixels(found["mask"], mask.file)
        assert 100 * np.count_nonzero(drawn) / drawn.size == pytest.approx(values["cover_percent"], abs=0.01)
        for box, one in zip(boxes, objects, strict=True):
            assert isinstance(box, Box) and isinstance(one, Instance)
            assert (box.label, box.x, box.y, box.w, box.h) == (one.label, one.x, one.y, one.w, one.h)
            inside = drawn[round(box.y) : round(box.y + box.h), round(box.x) : round(box.x + box.w)]
            assert np.count_nonzero(inside == found["mask"].classes().index(str(box.label))) > 0.3 * inside.size


def test_rotated_boxes_are_rectangles_and_defects_have_masks(studio: Studio) -> None:
    pid = new_project(studio)
    rotated, _ = imported(studio, pid, None, "rotated", sample="shapes")
    for some in rotated.annotations(range(1, 81)).values():
        for one in some:
            assert isinstance(one, RotatedBox)
            frame = rectangle(one.corners)
            assert min(frame.w, frame.h) / max(frame.w, frame.h) == pytest.approx(0.4, abs=0.01)
    defects, _ = imported(studio, pid, None, "anomaly", sample="shapes")
    for image in defects.page(page_size=100).images:
        (mark,) = image.annotations
        assert isinstance(mark, Anomaly)
        assert (mark.file is not None) == mark.anomalous
        assert mark.file is None or 0.001 < np.count_nonzero(pixels(defects, mark.file)) / 128**2 < 0.1


def test_a_sample_that_does_not_exist_is_refused(studio: Studio) -> None:
    pid = new_project(studio)
    for sample, kind in (("nothing", "label"), ("digits", "box")):
        job = ended(studio, pid, start(studio, pid, None, kind, sample=sample))  # type: ignore[arg-type]
        assert "There is no sample data set" in (job.error or "")
