"""Data sets written in the formats that can be imported: file name → bytes, of what each image is marked with."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import cv2
import numpy as np
from numpy.typing import NDArray

from aistudio.schema.annotation import AnyAnnotation, Box, Instance, Label, RotatedBox, Value
from tests.fixtures import png

WIDTH, HEIGHT = 64, 48
Marked = Mapping[str, Sequence[AnyAnnotation]]
Files = dict[str, bytes]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]


def pictures(names: Sequence[str], folder: str = "images/") -> Files:
    return {f"{folder}{name}.png": png((50 * n % 256, 90, n), WIDTH, HEIGHT) for n, name in enumerate(names)}


def classes(marked: Marked) -> list[str]:
    everything = [one for some in marked.values() for one in some]
    return sorted({one.label for one in everything if isinstance(one, Box | RotatedBox | Instance) and one.label})


def class_folders(marked: Marked) -> Files:
    files = pictures(list(marked), "")
    pairs = [(name, one) for name, some in marked.items() for one in some if isinstance(one, Label)]
    return {f"{one.label}/{name}.png": files[f"{name}.png"] for name, one in pairs}


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Files:
    file = io.StringIO()
    csv.writer(file).writerows([head, *rows])
    return {"labels.csv": file.getvalue().encode()}


def csv_labels(marked: Marked) -> Files:
    rows = [(f"{name}.png", one.label) for name, some in marked.items() for one in some if isinstance(one, Label)]
    return pictures(list(marked)) | table(["filename", "class"], rows)


def csv_values(marked: Marked) -> Files:
    values = {name: [repr(one.value) for one in some if isinstance(one, Value)] for name, some in marked.items()}
    rows = [(f"{name}.png", *cells) for name, cells in values.items()]
    return pictures(list(marked)) | table(["filename", "first", "second"], rows)


def csv_boxes(marked: Marked) -> Files:
    rows = [
        (f"{name}.png", one.label, one.x, one.y, one.x + one.w, one.y + one.h)
        for name, some in marked.items()
        for one in some
        if isinstance(one, Box)
    ]
    return pictures(list(marked)) | table(["filename", "class", "xmin", "ymin", "xmax", "ymax"], rows)


def coco(marked: Marked) -> Files:
    names = classes(marked)
    size = {"width": WIDTH, "height": HEIGHT}
    images = [{"id": number, "file_name": f"{name}.png", **size} for number, name in enumerate(marked)]
    annotations: list[dict[str, Any]] = []
    for number, some in enumerate(marked.values()):
        for one in some:
            assert isinstance(one, Box | Instance)
            about: dict[str, Any] = {"id": len(annotations) + 1, "image_id": number}
            about["category_id"] = names.index(one.label or "")
            about["bbox"], about["iscrowd"] = [one.x, one.y, one.w, one.h], int("crowd" in one.flags)
            if isinstance(one, Instance):
                code = {"size": [HEIGHT, WIDTH], "counts": one.rle}
                about["segmentation"] = code if one.rle else [list(flat) for flat in one.polygons]
            annotations.append(about)
    document = {"images": images, "annotations": annotations}
    document["categories"] = [{"id": number, "name": name} for number, name in enumerate(names)]
    return pictures(list(marked)) | {"all.json": json.dumps(document).encode()}


def yolo(marked: Marked) -> Files:
    names = classes(marked)
    files = pictures(list(marked)) | {"data.yaml": json.dumps({"names": names}).encode()}
    for name, some in marked.items():
        lines = []
        for one in some:
            place: tuple[float, ...]
            if isinstance(one, Box):
                place = (one.x + one.w / 2) / WIDTH, (one.y + one.h / 2) / HEIGHT, one.w / WIDTH, one.h / HEIGHT
            else:
                assert isinstance(one, RotatedBox | Instance)
                flat = one.corners if isinstance(one, RotatedBox) else one.polygons[0]
                place = tuple(part / (HEIGHT if number % 2 else WIDTH) for number, part in enumerate(flat))
            lines.append(" ".join(map(repr, (names.index(one.label or ""), *place))))
        files[f"labels/{name}.txt"] = "\n".join(lines).encode()
    return files


def voc(marked: Marked) -> Files:
    files = pictures(list(marked), "JPEGImages/")
    for name, some in marked.items():
        objects = []
        for one in some:
            assert isinstance(one, Box)
            corners = zip(("xmin", "ymin", "xmax", "ymax"), (one.x, one.y, one.x + one.w, one.y + one.h), strict=True)
            box = "".join(f"<{tag}>{value!r}</{tag}>" for tag, value in corners)
            flags = "".join(f"<{flag}>1</{flag}>" for flag in one.flags)
            objects.append(f"<object><name>{escape(one.label or '')}</name>{flags}<bndbox>{box}</bndbox></object>")
        size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
        head = f"<annotation><filename>{name}.png</filename>{size}"
        files[f"Annotations/{name}.xml"] = f"{head}{''.join(objects)}</annotation>".encode()
    return files


def dota(marked: Marked) -> Files:
    files = pictures(list(marked))
    for name, some in marked.items():
        lines = ["imagesource:test", "gsd:1"]
        for one in some:
            assert isinstance(one, RotatedBox)
            lines.append(" ".join([*map(repr, one.corners), one.label or "", str(int("difficult" in one.flags))]))
        files[f"labelTxt/{name}.txt"] = "\n".join(lines).encode()
    return files


def encoded(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".png", pixels)[1].tobytes())


def png_masks(pixels: Mapping[str, Pixels], names: Sequence[str]) -> Files:
    files = pictures(list(pixels)) | {"classes.txt": "\n".join(names).encode()}
    return files | {f"masks/{name}.png": encoded(one) for name, one in pixels.items()}


def instance_png(pixels: Mapping[str, Pixels]) -> Files:
    masks = {f"masks/{name}.png": encoded(one.astype(np.uint16)) for name, one in pixels.items()}
    return pictures(list(pixels)) | masks


def object_pngs(pixels: Mapping[str, Pixels]) -> Files:
    files: Files = {}
    for (name, one), data in zip(pixels.items(), pictures(list(pixels)).values(), strict=True):
        files[f"{name}/images/{name}.png"] = data
        for value in np.unique(one[one > 0]):
            files[f"{name}/masks/object {value:03d}.png"] = encoded((one == value).astype(np.uint8) * 255)
    return files
