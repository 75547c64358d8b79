"""Broken and hostile sources: an importer refuses them with a sentence or tells what is wrong, and nothing else."""

import json
import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Instance
from aistudio.store.formats import IMPORTERS, importer, rle
from aistudio.store.formats.base import Listing
from aistudio.store.paths import walk_files
from tests.store.sources import SOURCES

TABLES = (".json", ".txt", ".xml", ".csv", ".yaml", ".png")
WORDS = [
    *(b"", b"0", b"-1", b"1e999", b"nan", b"1" * 5000, b"null", b"[]", b"{}", b"\0", b"\xff\xfe", b"\xef\xbb\xbf"),
    *(b'"', b"'", b",", b"\n", b"\r", b"\t", b"<", b">", b"&x;", b"]]>", b"[" * 2000, b'{"a":' * 2000, b"<a>" * 2000),
    *(b"../", b"/", b"\\", b"true", b'"id"', b"&a", b"*a", b"!!x", b"- ", b"\xed\xa0\x80", "\u202e".encode(), b" "),
]


@some.composite
def damaged(draw: some.DrawFn, name: str) -> dict[str, bytes]:
    """The small source of a format, with some of its files cut, spoiled, swapped or replaced."""
    files = dict(SOURCES[name])
    chosen = [one for one in files if PurePosixPath(one).suffix in TABLES]
    for _ in range(draw(some.integers(1, 3))):
        file = draw(some.sampled_from(chosen))
        data = files[file]
        start = draw(some.integers(0, len(data)))
        end = draw(some.integers(start, min(len(data), start + draw(some.sampled_from([0, 1, 5, 1000])))))
        files[file] = data[:start] + draw(some.sampled_from(WORDS) | some.binary(max_size=20)) + data[end:]
    return files


def survives(name: str, files: dict[str, bytes]) -> None:
    """Everything that the importer can be asked; what it says can be printed and stored."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for file, data in files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes(data)
        listing = Listing.of(root, walk_files(root))
        for one in IMPORTERS:
            one.detect(listing)
        for kind in importer(name).KINDS:
            try:
                layout = importer(name).read(listing, kind)
            except ImportRefused as error:
                assert error.message and error.advice
                str(error).encode()
                continue
            for problem in layout.problems:
                assert problem.message and problem.file
                problem.model_dump_json()
            for image in layout.images:
                assert image.path.is_file()
                image.name.encode()
                for draft in image.drafts:
                    if isinstance(draft.annotation, Instance) and draft.annotation.rle:
                        assert rle.counts_of(draft.annotation.rle)


TIMES = [60, pytest.param(3000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("name", SOURCES)
def test_a_damaged_source_is_refused_or_told(name: str, times: int) -> None:
    @settings(deadline=None, max_examples=times)
    @given(damaged(name))
    def check(files: dict[str, bytes]) -> None:
        survives(name, files)

    check()


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("name", ["coco", "yolo", "csv", "voc", "dota"])
def test_files_of_anything_are_refused_or_told(name: str, times: int) -> None:
    tables = [one for one in SOURCES[name] if not one.endswith(".png")]

    @settings(deadline=None, max_examples=times)
    @given(
        some.lists(
            some.binary(max_size=200) | some.text(max_size=100).map(lambda one: one.encode("utf-8", "replace")),
            min_size=len(tables),
            max_size=len(tables),
        )
    )
    @example([b"\0" * 10] * len(tables))
    def check(contents: list[bytes]) -> None:
        survives(name, SOURCES[name] | dict(zip(tables, contents, strict=True)))

    check()


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.sampled_from(["id", "size", "counts", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=80)
@given(
    some.lists(
        some.dictionaries(
            some.sampled_from(["id", "image_id", "category_id", "bbox", "segmentation", "iscrowd"]),
            json_values,
            max_size=6,
        ),
        max_size=4,
    ),
    json_values,
    json_values,
)
def test_json_of_the_right_shape_with_anything_in_it(
    annotations: list[object], image: object, category: object
) -> None:
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": image}, image],
        "categories": [{"id": 1, "name": "cat"}, {"id": category, "name": category}],
        "annotations": [
            *annotations,
            *({"image_id": 1, "category_id": 1, **one} for one in annotations if isinstance(one, dict)),
        ],
    }
    data = json.dumps(document).replace("NaN", "null").replace("-Infinity", "null").replace("Infinity", "null")
    survives("coco", SOURCES["coco"] | {"instances_val.json": data.encode()})
