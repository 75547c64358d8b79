"""A small source in every format: file name → bytes."""

import json
import struct
import zlib

from tests.fixtures import png


def grey_png(depth: int = 8, palette: bool = False, side: int = 8) -> bytes:
    """A PNG of one channel, all 1, or with a palette."""
    row = b"\0" + (b"\0\1" if depth == 16 else b"\1") * side
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, 3 if palette else 0, 0, 0, 0))]
    chunks += [(b"PLTE", bytes(range(9)))] if palette else []
    chunks += [(b"IDAT", zlib.compress(row * side)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 8}, {"id": 2, "file_name": "b.png"}],
    "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 1, 4, 4], "segmentation": [[1, 1, 5, 1, 5, 5]]},
        {"id": 2, "image_id": 1, "category_id": 7, "bbox": [0, 0, 2, 3], "iscrowd": 1,
         "segmentation": {"size": [8, 8], "counts": [0, 3, 5, 3, 53]}},
    ],
}  # fmt: skip
VOC = """<annotation>
  <filename>a.png</filename>
  <size><width>8</width><height>8</height></size>
  <object>
    <name>cat</name><difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>6</ymax></bndbox>
  </object>
</annotation>
"""
ROTATED = """<annotation>
  <filename>a</filename>
  <object>
    <name>car</name>
    <robndbox><cx>4</cx><cy>4</cy><w>4</w><h>2</h><angle>0.0</angle></robndbox>
  </object>
  <object>
    <name>DontCare</name>
    <robndbox><cx>2</cx><cy>2</cy><w>2</w><h>2</h><angle>0.5</angle></robndbox>
  </object>
</annotation>
"""
SOURCES: dict[str, dict[str, bytes]] = {
    "class_folders": {"train/cat/a.png": png(), "train/dog/b.png": png(), "val/cat/c.png": png()},
    "csv": {
        "images/a.png": png(),
        "images/b.png": png(),
        "labels.csv": b"filename,label,height_cm,split\na.png,cat,1.5,train\nb.png,dog,2,val\n",
    },
    "coco": {"images/a.png": png(), "images/b.png": png(), "instances_val.json": json.dumps(COCO).encode()},
    "yolo": {
        "data.yaml": b"names: [cat, dog]\n",
        "images/train/a.png": png(),
        "images/val/b.png": png(),
        "labels/train/a.txt": b"0 0.5 0.5 0.5 0.5\n1 0.25 0.25 0.5 0.5\n",
        "labels/val/b.txt": b"",
    },
    "voc": {"JPEGImages/a.png": png(), "Annotations/a.xml": VOC.encode(), "ImageSets/Main/val.txt": b"a\n"},
    "rolabelimg": {"a.png": png(), "a.xml": ROTATED.encode()},
    "dota": {
        "images/a.png": png(),
        "labelTxt/a.txt": b"imagesource:x\ngsd:1\n1 1 5 1 5 4 1 4 car 1\n0 0 2 0 2 2 0 2 DontCare 1\n",
    },
    "png_masks": {
        "images/a.png": png(),
        "masks/a.png": grey_png(palette=True),
        "classes.txt": b"road\nsky\nvoid\n",
    },
    "instance_png": {"images/a.png": png(), "masks/a.png": grey_png(16)},
    "object_pngs": {
        "one/images/one.png": png(),
        "one/masks/1.png": grey_png(),
        "one/masks/2.png": grey_png(),
        "two/images/two.png": png(),
        "two/masks/3.png": grey_png(),
    },
    "mvtec": {
        "train/good/a.png": png(),
        "test/good/b.png": png(),
        "test/scratch/c.png": png(),
        "ground_truth/scratch/c_mask.png": grey_png(),
    },
}
