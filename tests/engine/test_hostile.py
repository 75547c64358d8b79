"""Broken and hostile files through a whole import: a sentence with file and line, and never a traceback."""

import json
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Kind
from aistudio.store.formats import importer
from tests.engine.taking import imported
from tests.fixtures import png
from tests.store.sources import COCO, ROTATED, SOURCES, VOC, grey_png
from tests.store.test_formats_hostile import damaged

LAUGHS = """<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><annotation><filename>&c;</filename><object/></annotation>"""
STEPS = (f"{one}: &{one} [*{prior}, *{prior}]" for prior, one in pairwise("abcdefghi"))
BOMB = "\n".join(["a: &a [x, x]", *STEPS])
PWNED = Path(tempfile.gettempdir(), f"pwned-{os.getpid()}")
TAG = f'names: !!python/object/apply:os.system ["touch {PWNED}"]'
LARGER_VOC = VOC.replace("<width>8</width><height>8<", "<width>16</width><height>16<")  # so its boxes are scaled
STRAIGHT = ROTATED.replace(
    "<robndbox><cx>4</cx><cy>4</cy><w>4</w><h>2</h><angle>0.0</angle></robndbox>",
    "<bndbox><xmin>5</xmin><ymin>1</ymin><xmax>1</xmax><ymax>5</ymax></bndbox>",
)
NO_TABLE = "labels.csv line 1 has no names of columns, or one of them twice."


pytestmark = pytest.mark.usefixtures("unlimited")


def taken_in(name: str, kind: Kind, files: dict[str, bytes]) -> str:
    """What the import says: why it is refused, or what it found."""
    try:
        with imported(name, kind, files) as (_, report):
            return "\n".join(map(str, report.problems))
    except ImportRefused as error:
        return str(error)


def coco(**change: object) -> str:
    return json.dumps({**COCO, "annotations": [{**COCO["annotations"][0], **change}, COCO["annotations"][1]]})


Place = tuple[str, Kind, str]
CASES: dict[Place, list[tuple[str | bytes, str]]] = {
    ("coco", "box", "instances_val.json"): [
        (coco()[:300], "instances_val.json line 1 is not JSON at its character 301:"),
        (coco(bbox=[float("nan")] * 4), "instances_val.json line 1 is not JSON"),
        (coco(bbox=[10**400, 1, 1, 1]), "instances_val.json line 1 is not JSON"),
        (coco(bbox=["1", "2", "3", "4"]), "annotation 1 of images/a.png has no box that makes sense"),
        (coco(bbox=[1e308] * 4), "annotation 1 of images/a.png has no box that makes sense"),
        (coco(bbox=[1, 1, -4, -4]), "instances_val.json annotation 1 of images/a.png has a box of no"),
        (coco(bbox=[90, 90, 4, 4]), "instances_val.json annotation 1 of images/a.png has a box outside"),
    ],
    ("coco", "instance", "instances_val.json"): [
        (coco(segmentation=[[1, 2, 3]]), "annotation 1 of images/a.png has an outline that makes no"),
        (coco(segmentation=[[1, 1, 5, 5, 3, 3]]), "annotation 1 of images/a.png has an outline with nothing inside"),
        (coco(segmentation=[[2, 2] * 4]), "annotation 1 of images/a.png has an outline with nothing inside"),
        (coco(segmentation=[[20, 1, 25, 1, 25, 5]]), "annotation 1 of images/a.png has an outline outside its image"),
        (coco(segmentation={"size": [8, 8], "counts": [1, 2]}), "its box is taken"),
        (coco(segmentation={"size": [8, 8], "counts": [-5, 69]}), "its box is taken"),
        (coco(segmentation={"size": [8, 8], "counts": "@@@"}), "its box is taken"),
    ],
    ("yolo", "box", "labels/train/a.txt"): [
        ("hello world", "labels/train/a.txt line 1 is 'hello world'"),
        ("0 nan .5 .5 .5", "labels/train/a.txt line 1 is '0 nan .5 .5 .5'"),
        ("0 .5 .5 .5 .5\n9 .5 .5 .5 .5", "labels/train/a.txt line 2 has the unknown class 9"),
        ("0 .5 .5 .5 .5\n-1 .5 .5 .5 .5", "labels/train/a.txt line 2 has the unknown class"),
        ("0 .5 .5 -.5 .5", "labels/train/a.txt line 1 has a box of no size"),
        ("0 .5 .5 .5 -.5", "labels/train/a.txt line 1 has a box of no size"),
        ("0 -.5 -.5 .1 .1", "labels/train/a.txt line 1 has a box outside its image"),
    ],
    ("yolo", "box", "data.yaml"): [
        (TAG, "labels/train/a.txt line 2 has the unknown class 1"),
        (f"{BOMB}\nnames: [*i, *i]", "data.yaml has no list of names"),
        ("names: " + "{a: " * 5000, "data.yaml is not YAML"),
        ("names:\n\t- a", "data.yaml line 2 is not YAML"),
    ],
    ("yolo", "box", "train.txt"): [
        ("../../secret.png", "train.txt line 1 names the file '../../secret.png', which leads out"),
    ],
    ("voc", "box", "Annotations/a.xml"): [
        ("", "Annotations/a.xml line 1 is not XML: no element found; its image is left out with it."),
        (VOC[:120], "Annotations/a.xml line 5 is not XML: unclosed token"),
        ("<a>" * 100_000, "Annotations/a.xml line 1 is not XML"),
        (LAUGHS, "Annotations/a.xml has entities or a document type with tricks"),
        (f'<?xml version="1.0" encoding="utf-7"?>{VOC}', "has an encoding that is not known"),
        (VOC.replace("<xmin>1", "<xmin>nan"), "Annotations/a.xml line 4 has no box for its cat"),
        (LARGER_VOC.replace("<xmin>1<", "<xmin>9<"), "Annotations/a.xml line 4 has a box of no size"),
        (VOC.replace("a.png", "/etc/x.png"), "Annotations/a.xml names the file '/etc/x.png'"),
    ],
    ("rolabelimg", "rotated", "a.xml"): [
        (ROTATED.replace("<cx>4", "<cx>1e308"), "a.xml line 3 has no box for its car"),
        (ROTATED.replace("<w>4", "<w>-4"), "a.xml line 3 has a box of no size"),
        (ROTATED.replace("<h>2</h><angle>0.0", "<h>-2</h><angle>0.0"), "a.xml line 3 has a box of no size"),
        (STRAIGHT, "a.xml line 3 has a box of no size"),
    ],
    ("dota", "rotated", "labelTxt/a.txt"): [
        ("1 2 3", "labelTxt/a.txt line 1 is '1 2 3'"),
        ("1 1 5 1 5 4 1 4 car 0\ninf 1 5 1 5 4 1 4 car 0", "line 2 is not eight coordinates"),
        (
            "-3 1 5 1 5 4 -3 4 car 0",
            "labelTxt/a.txt line 1 has a box that reaches 3 pixels over the border of images/a.png",
        ),
        ("0.1 0.1 6.3 6.3 6.3 0.1 0.1 6.3 car 0", "labelTxt/a.txt line 1 has a box of no size"),
        ("1 1 1 1 1 1 1 1 car 0", "labelTxt/a.txt line 1 has a box of no size"),
    ],
    ("csv", "label", "labels.csv"): [
        ("", NO_TABLE),
        ("filename,label,label\na.png,a,b\n", NO_TABLE),
        ("filename,label\na.png,cat\nb.png\n", "labels.csv line 3 has another number of cells"),
        ('filename,label\na.png,"cat\nb.png,dog\n', "labels.csv line 3 is no table"),
        ("filename,label\na.png,cat\n..\\b.png,dog\n", "labels.csv line 3 names the file"),
        ("label,note\ncat,1\ndog,2\n", "labels.csv has no column with the names of the images"),
    ],
    ("csv", "value", "labels.csv"): [
        ("filename,v\na.png,1\nb.png,inf\n", "'inf' in line 3 of v is no number"),
        ("filename,v\na.png,1e308\nb.png,1\n", "'1e308' in line 2 of v is no number"),
    ],
    ("csv", "box", "labels.csv"): [
        ("filename,label,x1,y1,x2,y2\na.png,c,1,1,4,4\nb.png,c,4,4,1,1\n", "labels.csv line 3 has a box of"),
    ],
    ("png_masks", "mask", "masks/a.png"): [
        (b"", "masks/a.png is no readable PNG file"),
        (grey_png()[:-14], "masks/a.png is cut off"),
        (grey_png(side=9), "masks/a.png has 9 × 9 pixels, but its image has 8 × 8"),
    ],
    ("instance_png", "instance", "masks/a.png"): [
        (grey_png(16, side=9), "masks/a.png has 9 × 9 pixels, but its image has 8"),
        (grey_png(16, palette=True), "masks/a.png is not a readable mask"),
    ],
    ("object_pngs", "instance", "one/masks/1.png"): [
        (b"", "one/masks/1.png is not a readable mask"),
    ],
    ("mvtec", "anomaly", "ground_truth/scratch/c_mask.png"): [
        (b"", "c_mask.png is not a readable mask"),
    ],
    ("class_folders", "label", "train/cat/z.png"): [
        (b"", "train/cat/z.png is empty"),
    ],
}


def cases() -> list[Any]:
    return [pytest.param(place, *one, id=f"{place[0]}-{one[1]}") for place, some in CASES.items() for one in some]


@pytest.mark.parametrize(("place", "content", "sentence"), cases())
def test_what_is_wrong_is_said(place: Place, content: str | bytes, sentence: str) -> None:
    name, kind, file = place
    data = content if isinstance(content, bytes) else content.encode()
    said = taken_in(name, kind, SOURCES[name] | {file: data})
    assert sentence in said
    assert "Traceback" not in said and "Error" not in said
    assert not PWNED.exists()


def masked(*masks: list[int]) -> dict[str, bytes]:
    """Images with masks of those numbers, and no file that explains them."""
    files = {f"images/{place}.png": png((60 * place, 90, 10)) for place in range(len(masks))}
    for place, numbers in enumerate(masks):
        pixels = np.resize(np.array(numbers, np.uint8), (8, 8))
        files[f"masks/{place}.png"] = cv2.imencode(".png", pixels)[1].tobytes()
    return files


def test_what_255_stands_for_where_no_file_says_it_is_told() -> None:
    assert "255" not in taken_in("png_masks", "mask", masked([0, 1], [0, 255], [0, 255]))
    said = taken_in("png_masks", "mask", masked([0, 1, 2], [0, 1, 255], [0, 255]))
    assert "masks/1.png has pixels of 255, which count for nothing" in said
    assert "masks/2.png has only 0 and 255, and 255 counts for nothing, because other" in said


def test_masks_of_which_no_pixel_counts_are_no_data_set() -> None:
    """And it is said which numbers nobody explains."""
    said = taken_in("png_masks", "mask", masked([5, 6], [6]) | {"classes.txt": b"road\nsky\n"})
    assert "None of 2 images has class masks" in said and "masks/0.png has pixels of 5, 6, which stand for no" in said


def kinds() -> list[tuple[str, Kind]]:
    return [(name, kind) for name in SOURCES for kind in importer(name).KINDS]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), kinds())
def test_a_damaged_source_is_taken_in_or_refused(name: str, kind: Kind) -> None:
    """Reading, placing, masks, twins and index: nothing but a refusal may come of it."""

    @settings(deadline=None, max_examples=200)
    @given(damaged(name))
    def check(files: dict[str, bytes]) -> None:
        taken_in(name, kind, files).encode()

    check()
