"""Data sets written in the formats that can be imported: file name → bytes, of what each image is marked with."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from aistudio.schema.annotation import AnyAnnotation, Box, Instance, Label, RotatedBox, Value
from aistudio.schema.geometry import pairs
from aistudio.store.formats import rle
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


def coco_counts(marked: Marked) -> Files:
    """With run lengths as lists of numbers."""
    return coco(marked, plain=True)


def coco(marked: Marked, plain: bool = False) -> Files:
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
                counts = rle.counts_of(one.rle) if one.rle and plain else one.rle
                code = {"size": [HEIGHT, WIDTH], "counts": counts}
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


def rolabelimg(marked: Marked) -> Files:
    files = pictures(list(marked), "")
    for name, some in marked.items():
        objects = []
        for one in some:
            assert isinstance(one, RotatedBox)
            (x0, y0), (x1, y1), (x2, y2), _ = pairs(one.corners)
            angle, w, h = math.atan2(y1 - y0, x1 - x0), math.hypot(x1 - x0, y1 - y0), math.hypot(x2 - x1, y2 - y1)
            place = zip(("cx", "cy", "w", "h", "angle"), ((x0 + x2) / 2, (y0 + y2) / 2, w, h, angle), strict=True)
            box = "".join(f"<{tag}>{value!r}</{tag}>" for tag, value in place)
            flags = "".join(f"<{flag}>1</{flag}>" for flag in one.flags)
            head = f"<type>robndbox</type><name>{escape(one.label or '')}</name>{flags}"
            objects.append(f"<object>{head}<robndbox>{box}</robndbox></object>")
        files[f"{name}.xml"] = f"<annotation><filename>{name}</filename>{''.join(objects)}</annotation>".encode()
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


COLOURS = np.array([[40 * n % 256, 255 - 30 * n, 17 * n] for n in range(7)], np.uint8)  # red, green, blue


def palette_masks(pixels: Mapping[str, Pixels], names: Sequence[str]) -> Files:
    """Numbers with a palette, which means nothing."""
    files = png_masks(pixels, names)
    for name, one in pixels.items():
        image, file = Image.fromarray(one), io.BytesIO()
        image.putpalette(COLOURS.tobytes())
        image.save(file, "PNG")
        files[f"masks/{name}.png"] = file.getvalue()
    return files


def coloured_masks(pixels: Mapping[str, Pixels], names: Sequence[str]) -> Files:
    lines = [f"{' '.join(map(str, colour))} {name}" for name, colour in zip(names, COLOURS.tolist(), strict=True)]
    masks = {f"masks/{name}.png": encoded(COLOURS[one][:, :, ::-1]) for name, one in pixels.items()}
    return png_masks(pixels, []) | masks | {"classes.txt": "\n".join(lines).encode()}


def palette_of_colours(pixels: Mapping[str, Pixels], names: Sequence[str]) -> Files:
    """A palette that means what a list of colours says."""
    return palette_masks(pixels, names) | {"classes.txt": coloured_masks(pixels, names)["classes.txt"]}


def tripled_masks(pixels: Mapping[str, Pixels], names: Sequence[str]) -> Files:
    """Numbers, each as red, green and blue."""
    masks = {f"masks/{name}.png": encoded(cv2.cvtColor(one, cv2.COLOR_GRAY2BGR)) for name, one in pixels.items()}
    return png_masks(pixels, names) | masks


def binary_masks(pixels: Mapping[str, Pixels], names: Sequence[str]) -> Files:
    """0 and 255, and no names."""
    files = png_masks({name: np.where(one, 255, 0).astype(np.uint8) for name, one in pixels.items()}, names)
    del files["classes.txt"]
    return files


def mvtec(pixels: Mapping[str, Pixels], labels: Mapping[str, str]) -> Files:
    """`labels`: the defect of an image, where it has one; then everything but 0 of its pixels is defective."""
    files: Files = {}
    for name, data in zip(pixels, pictures(list(pixels), "").values(), strict=True):
        files[f"test/{labels.get(name, 'good')}/{name}.png"] = data
        if name in labels:
            mask = np.where(pixels[name], 255, 0).astype(np.uint8)
            files[f"ground_truth/{labels[name]}/{name}_mask.png"] = encoded(mask)
    return files


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
