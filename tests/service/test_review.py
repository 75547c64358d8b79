"""What an import finds: told with file and line, asked about, left out; and whatever happens, the old data stays."""

import io
import json
import os
import struct
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from aistudio.errors import Conflict, DatasetChanged
from aistudio.schema.annotation import Box
from aistudio.schema.project import Import, ImportRequest, Problem
from aistudio.service import datasets, projects
from aistudio.studio import Studio
from tests.fixtures import ME, add_images, contents, draw_classes, finish_import, new_project, png, running, until
from tests.service.importing import ended, imported, start


@pytest.fixture
def empty(studio: Studio) -> str:
    """A project without images."""
    return new_project(studio)


def photo(seed: int = 0, size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Something with structure, another for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def odd(folder: Path) -> Path:
    """Class folders with an image for everything that there is to tell."""
    turned = Image.Exif()
    turned[274] = 6
    whole = saved(photo(1), "PNG")
    files = {
        "cats/plain.png": whole,
        "dogs/copy.png": whole,
        "cats/smaller.jpg": saved(photo(1).resize((48, 32)), "JPEG", quality=90),
        "cats/turned.jpg": saved(photo(2), "JPEG", exif=turned),
        "cats/really.jpg": saved(photo(3), "PNG"),
        "dogs/print.jpg": saved(photo(4).convert("CMYK"), "JPEG"),
        "dogs/deep.png": saved(Image.fromarray(np.arange(2400, dtype=np.uint16).reshape(40, 60)), "PNG"),
        "dogs/film.gif": saved(photo(5), "GIF", save_all=True, append_images=[photo(6)]),
        "dogs/tiny.png": saved(photo(10, (30, 15)), "PNG"),
        "dogs/long.png": saved(photo(11, (640, 40)), "PNG"),
        "dogs/one.png": saved(photo(7), "PNG"),
        "dogs/ONE.png": saved(photo(8), "PNG"),
        "dogs/empty.png": b"",
        "dogs/cut.png": whole[: len(whole) // 2],
        "dogs/cut.jpg": saved(photo(9), "JPEG")[:-30],
        "dogs/text.png": b"not an image",
        "dogs/vector.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "lonely.png": whole,
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def told(problems: list[Problem]) -> set[tuple[str, str, str]]:
    return {(one.kind, one.effect, str(one)) for one in problems}


def test_everything_odd_is_told(studio: Studio, empty: str, tmp_path: Path) -> None:
    job = finish_import(studio, empty, odd(tmp_path / "pets"))
    assert job.status == "done" and job.report is not None
    assert told(job.report.problems) == {
        ("duplicate", "noted", "dogs/copy.png is the same picture as cats/plain.png, which has another class"),
        ("twin", "noted", "cats/smaller.jpg looks like cats/plain.png"),
        ("orientation", "changed", "cats/turned.jpg is turned upright as its camera noted"),
        ("suffix", "noted", "cats/really.jpg is a PNG file in spite of its name"),
        ("colours", "changed", "dogs/print.jpg has the colours of a printer (CMYK), which are turned into RGB"),
        ("depth", "changed", "dogs/deep.png has 16 bits, of which the upper 8 are used"),
        ("frames", "changed", "dogs/film.gif has 2 frames or pages, of which the first is used"),
        ("name", "noted", "dogs/one.png differs from dogs/ONE.png in capitals only"),
        ("odd", "noted", "dogs/tiny.png has 30 × 15 pixels, which is tiny"),
        ("odd", "noted", "dogs/long.png has 640 × 40 pixels, which is very long"),
        ("unreadable", "left out", "dogs/empty.png is empty"),
        ("unreadable", "left out", "dogs/cut.png is cut off"),
        ("unreadable", "left out", "dogs/cut.jpg is cut off"),
        ("unreadable", "left out", "dogs/text.png is not a readable image"),
        ("unreadable", "left out", "dogs/vector.png is not a readable image"),
        ("unannotated", "left out", "lonely.png is not in a class folder"),
    }
    assert (job.report.skipped, job.report.images, job.report.dropped) == (6, 12, 0)
    summary = datasets.summary(studio, empty)
    assert summary.problems == job.report.totals and summary.problems["unreadable"] == 5
    (turned,) = datasets.images(studio, empty, search="turned").images
    assert (turned.width, turned.height) == (40, 60)
    assert [one.kind for one in turned.problems] == ["orientation"]
    assert {one.name for one in datasets.images(studio, empty, twins=True).images} == {
        *("cats/plain.png", "dogs/copy.png", "cats/smaller.jpg")
    }
    really = datasets.images(studio, empty, search="really").images[0]
    assert (datasets.image_file(studio, empty, really.id).suffix, really.format) == (".png", "PNG")
    assert datasets.images(studio, empty, problem="any").total == 10
    assert datasets.images(studio, empty, problem="depth").total == 1


def test_what_is_there_but_not_taken_is_told_by_folder(studio: Studio, empty: str, tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "pets", {"cats": 2, "dogs": 2})
    (source / "cats/web.jfif").write_bytes(saved(photo(3), "JPEG"))
    (source / "birds").mkdir()
    for name in ("a.heic", "b.HEIC", "c.avif"):
        (source / "birds" / name).write_bytes(b"x")
    for name in ("0001", "0002"):
        (source / "birds" / name).write_bytes(saved(photo(), "PNG"))
    (source / "LICENSE").write_text("free")
    (source / "cats/one.png").symlink_to(source / "dogs/000.png")
    (source / "cats/two.png").symlink_to(source / "dogs/000.png")
    (source / "fish").symlink_to(source / "cats")
    (source / "pets.zip").write_bytes(b"PK")
    job = finish_import(studio, empty, source)
    assert (job.status, job.error) == ("done", None) and job.report is not None
    save = "which cannot be read; save"
    assert told(job.report.problems) == {
        ("unsupported", "left out", f"birds/a.heic and 1 more in birds are HEIC images, {save} them as JPEG or PNG"),
        ("unsupported", "left out", f"birds/c.avif is AVIF, {save} it as JPEG or PNG"),
        (
            "unsupported",
            "left out",
            "birds/0001 and 1 more in birds are images without a file ending; give them one, such as .jpg",
        ),
        (
            "link",
            "left out",
            "cats/one.png and 1 more in cats are links or no regular files; only real files are imported",
        ),
        ("link", "left out", "fish is a link or no regular file; only real files are imported"),
        ("class", "noted", "birds names the class birds, which no image has"),
        ("packed", "noted", "pets.zip is packed; unpack it to import what is in it"),
    }
    assert (job.report.images, job.report.skipped, job.report.dropped) == (5, 7, 0)
    web = datasets.images(studio, empty, search="web").images[0]
    assert datasets.image_file(studio, empty, web.id).suffix == ".jpg"


def test_what_was_passed_over_may_be_why_there_is_nothing(studio: Studio, empty: str, tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / "a.heic").write_bytes(b"x")
    job = finish_import(studio, empty, tmp_path / "pets")
    assert "Passed over: cats/a.heic is HEIC, which cannot be read" in (job.error or "")
    assert job.report is not None and job.report.totals == {"unsupported": 2}


def test_pictures_that_are_in_two_subsets_of_the_source_are_told(studio: Studio, empty: str, tmp_path: Path) -> None:
    """And subsets come in their usual order, whatever the order of their folders."""
    for place, subset in enumerate(("test", "train", "val")):
        for number, name in enumerate(("cats", "dogs")):
            folder = tmp_path / "pets" / subset / name
            folder.mkdir(parents=True)
            (folder / "own.png").write_bytes(saved(photo(10 + 2 * place + number), "PNG"))
    for name in ("test/cats/a", "train/dogs/b", "test/cats/c"):
        (tmp_path / "pets" / f"{name}.png").write_bytes(saved(photo(1), "PNG"))
    job = finish_import(studio, empty, tmp_path / "pets")
    assert job.report is not None
    same = "is the same picture as test/cats/a.png"
    assert told(job.report.problems) == {
        ("duplicate", "noted", f"train/dogs/b.png {same}, which has another class and is in another subset"),
        ("duplicate", "noted", f"test/cats/c.png {same}"),
    }
    expected = [("train", 3), ("val", 2), ("test", 4)]
    assert list(job.report.subsets.items()) == list(datasets.summary(studio, empty).subsets.items()) == expected
    assert list(datasets.statistics(studio, empty).subsets.items()) == expected


def annotated(folder: Path, lines: str, names: str = "names: [cat, dog]") -> Path:
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    (folder / "images/a.png").write_bytes(png(width=100, height=50))
    (folder / "labels/a.txt").write_text(lines)
    (folder / "data.yaml").write_text(names)
    return folder


def test_boxes_that_cannot_be_are_told_with_their_line(studio: Studio, empty: str, tmp_path: Path) -> None:
    lines = "0 0.5 0.5 0.2 0.2\n0 0.95 0.5 0.2 0.2\n0 1.5 0.5 0.2 0.2\n0 0.5 0.5 0 0.2\n9 0.5 0.5 0.2 0.2\n"
    over = "has a box that reaches 5 pixels over the border of images/a.png and is clipped"
    dataset, report = imported(studio, empty, annotated(tmp_path / "boxes", lines), "box")
    assert told(report.problems) == {
        ("outside", "changed", f"labels/a.txt line 2 {over}"),
        ("outside", "left out", "labels/a.txt line 3 has a box outside its image"),
        ("empty", "left out", "labels/a.txt line 4 has a box of no size"),
        ("class", "left out", "labels/a.txt line 5 has the unknown class 9, which data.yaml does not name"),
        ("class", "noted", "data.yaml line 1 names the class dog, which no image has"),
    }
    found = [one for one in dataset.annotations([1])[1] if isinstance(one, Box)]
    assert [[one.x, one.y, one.w, one.h] for one in found] == [
        pytest.approx([40, 20, 20, 10]),
        pytest.approx([85, 20, 15, 10]),
    ]
    assert (report.skipped, report.dropped, report.objects) == (0, 3, {"cat": 2})


def test_images_that_share_a_label_file_and_objects_that_are_there_twice_are_told(
    studio: Studio, empty: str, tmp_path: Path
) -> None:
    source = annotated(tmp_path / "boxes", "0 .5 .5 .2 .2\n" * 3 + "1 .5 .5 .2 .2\n0 .5 .5 .2 .3\n")
    (source / "images/a.jpg").write_bytes(saved(photo(1), "JPEG"))
    (source / "images/b.png").write_bytes(png((1, 200, 3), 50, 50))
    (source / "labels/b.txt").write_text("1 .5 .5 .2 .2\n")
    _, report = imported(studio, empty, source, "box")
    again = "with the same class and place"
    assert told(report.problems) == {
        ("name", "noted", "images/a.png shares labels/a.txt with images/a.jpg: both have what it says"),
        ("repeated", "noted", f"labels/a.txt has 2 objects twice in images/a.jpg, {again}"),
        ("repeated", "noted", f"labels/a.txt has 2 objects twice in images/a.png, {again}"),
    }


def test_names_and_classes_that_are_easily_mixed_up_are_told(studio: Studio, empty: str, tmp_path: Path) -> None:
    names = ("Cat/caf\u00e9", "Cat/cafe\u0301", "cat/one", "dog/one", "dog/two", "dog /two")
    for number, name in enumerate(names):
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        photo(number).save(tmp_path / "pets" / f"{name}.png")
    report = finish_import(studio, empty, tmp_path / "pets").report
    assert report is not None and told(report.problems) == {
        ("name", "noted", "Cat/caf\u00e9.png differs from Cat/cafe\u0301.png in how its accents are written only"),
        ("class", "noted", "cat names the class cat, which differs from Cat in capitals only"),
        ("class", "noted", "dog  names the class dog , which differs from dog in spaces only"),
    }


def test_annotations_turn_with_a_photo_that_its_camera_noted(studio: Studio, empty: str, tmp_path: Path) -> None:
    """Made on the file as it is stored, 60 × 40; upright it is 40 × 60."""
    turned = Image.Exif()
    turned[274] = 6
    (tmp_path / "set").mkdir()
    (tmp_path / "set/a.jpg").write_bytes(saved(photo(1), "JPEG", exif=turned))
    (tmp_path / "set/b.jpg").write_bytes(saved(photo(2), "JPEG", exif=turned))
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    (tmp_path / "set/boxes.csv").write_text(f"{head}a.jpg,60,40,cat,0,0,20,10\nb.jpg,40,60,cat,0,0,20,10\n")
    dataset, _ = imported(studio, empty, tmp_path / "set", "box")
    assert dataset.annotations([1, 2]) == {1: [Box("cat", 30, 0, 10, 20)], 2: [Box("cat", 0, 0, 20, 10)]}


def with_orientation(image: Image.Image, order: bytes, kind: int, value: bytes) -> bytes:
    """A JPEG whose camera noted how it was held as that type of EXIF: 1 a byte, 2 text, 3 a number, as it should be."""
    mark = "<" if order == b"II" else ">"
    entry = struct.pack(f"{mark}HHHI", 1, 274, kind, 1) + value.ljust(4, b"\0") + bytes(4)
    exif = b"Exif\0\0" + order + struct.pack(f"{mark}HI", 42, 8) + entry
    data = saved(image, "JPEG")
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def test_a_photo_whose_orientation_makes_no_sense_is_taken_as_it_is(studio: Studio, empty: str, tmp_path: Path) -> None:
    cases = {
        "text": with_orientation(photo(1), b"II", 2, b"6"),
        "byte": with_orientation(photo(2), b"MM", 1, b"\6"),
        "far": with_orientation(photo(3), b"II", 3, b"\x63"),
        "square": with_orientation(photo(4, (40, 40)), b"II", 3, b"\x63"),
        "turned": with_orientation(photo(5), b"II", 1, b"\6"),  # so it is decoded
    }
    for number, (name, data) in enumerate(cases.items()):
        (tmp_path / f"pets/{number % 2}").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"pets/{number % 2}/{name}.jpg").write_bytes(data)
    job = finish_import(studio, empty, tmp_path / "pets")
    assert (job.status, job.error) == ("done", None) and job.report is not None
    assert told(job.report.problems) == {
        ("orientation", "changed", "0/turned.jpg is turned upright as its camera noted")
    }
    sizes = {Path(one.name).stem: (one.width, one.height) for one in datasets.images(studio, empty).images}
    assert sizes == {"text": (60, 40), "byte": (60, 40), "far": (60, 40), "square": (40, 40), "turned": (40, 60)}


def test_sixteen_bits_of_three_channels_are_told_too(studio: Studio, empty: str, tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65_535, (20, 30, 3), np.uint16)
    for name, kind in (("cats", ".png"), ("dogs", ".tif")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        (tmp_path / "pets" / name / f"deep{kind}").write_bytes(cv2.imencode(kind, deep)[1].tobytes())
        (tmp_path / "pets" / name / f"plain{kind}").write_bytes(cv2.imencode(kind, deep.astype(np.uint8))[1].tobytes())
    report = finish_import(studio, empty, tmp_path / "pets").report
    assert report is not None
    message = "has 16 bits, of which the upper 8 are used"
    assert {one for one in told(report.problems) if one[0] == "depth"} == {
        ("depth", "changed", f"cats/deep.png {message}"),
        ("depth", "changed", f"dogs/deep.tif {message}"),
    }


@pytest.mark.parametrize("orientation", [1, 5, 6, 7, 8])  # the others have the same size upright
def test_a_tiff_is_turned_upright_with_its_annotations(
    orientation: int, studio: Studio, empty: str, tmp_path: Path
) -> None:
    """The box lies around the one white field, as it is stored and as it is shown."""
    turned = Image.Exif()
    turned[274] = orientation
    pixels = np.zeros((32, 48), np.uint8)
    pixels[4:10, 8:20] = 255
    (tmp_path / "set").mkdir()
    (tmp_path / "set/a.tif").write_bytes(saved(Image.fromarray(pixels), "TIFF", exif=turned))
    (tmp_path / "set/boxes.csv").write_text(
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.tif,48,32,cat,8,4,20,10\n"
    )
    dataset, report = imported(studio, empty, tmp_path / "set", "box")
    (box,) = dataset.annotations([1])[1]
    shown = cv2.imdecode(np.fromfile(dataset.images / "1.tif", np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None and isinstance(box, Box)
    x, y, w, h = map(round, (box.x, box.y, box.w, box.h))
    assert (w * h, int(shown[y : y + h, x : x + w].min()), int((shown > 0).sum())) == (72, 255, 72 * 3)
    image = dataset.page().images[0]
    assert shown.shape[:2] == (image.height, image.width)
    assert [one.kind for one in report.problems] == ([] if orientation == 1 else ["orientation"])


def test_annotations_made_for_another_size_are_scaled_or_left_out(studio: Studio, empty: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"set/{name}.png").write_bytes(png(width=40, height=20))
    head = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    (tmp_path / "set/boxes.csv").write_text(f"{head}a.png,80,40,cat,0,0,20,10\nb.png,33,77,cat,0,0,20,10\n")
    dataset, report = imported(studio, empty, tmp_path / "set", "box")
    assert dataset.annotations([1])[1] == [Box("cat", 0, 0, 10, 5)]
    says = "boxes.csv says that {}.png has {} pixels, but it has 40 × 20: {}"
    assert told(report.problems) == {
        ("size", "changed", says.format("a", "80 × 40", "its annotations are scaled")),
        ("size", "left out", says.format("b", "33 × 77", "the image is left out")),
    }
    assert (dataset.count(), report.skipped, report.dropped) == (1, 1, 0)


def test_images_without_a_class_are_left_out_and_counted(studio: Studio, empty: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for number in range(6):
        (tmp_path / f"set/{number}.png").write_bytes(png((40 * number, 90, 10), 16, 16))
    (tmp_path / "set/labels.csv").write_text("file,class\n0.png,cat\n1.png,dog\n2.png,\n3.png,cat|dog\n4.png,cat\n")
    dataset, report = imported(studio, empty, tmp_path / "set", "label")
    assert told(report.problems) == {
        ("unannotated", "left out", "labels.csv line 4 has no class: 2.png is left out"),
        (
            "unannotated",
            "left out",
            "labels.csv line 5 has several classes, cat|dog, where one is needed: 3.png is left out",
        ),
        ("unannotated", "left out", "5.png is in no table"),
    }
    assert (dataset.count(), len(dataset.labels()), report.skipped, report.dropped) == (3, 3, 3, 0)


def test_a_run_length_code_for_another_size_is_told(studio: Studio, empty: str, tmp_path: Path) -> None:
    outline = {"size": [9, 9], "counts": [1, 2, 78]}
    document = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": outline},
            {"id": 2, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 5, 1, 5, 5]]},
        ],
    }
    (tmp_path / "set").mkdir()
    (tmp_path / "set/a.png").write_bytes(png(width=16, height=16))
    (tmp_path / "set/all.json").write_text(json.dumps(document))
    _, report = imported(studio, empty, tmp_path / "set", "mask")
    assert told(report.problems) == {
        ("size", "left out", "all.json annotation 1 of a.png has a run-length code for an image of another size")
    }


def asked(studio: Studio, pid: str, source: Path) -> Import:
    job = datasets.start_import(studio, ME, pid, ImportRequest(path=str(source), on_problems="ask"))
    return ended(studio, pid, job)


def until_status(studio: Studio, pid: str, job: Import, status: str) -> Import:
    until(lambda: datasets.get_import(studio, pid, job.id).status == status, f"the import is {status}")
    return datasets.get_import(studio, pid, job.id)


def test_a_refused_import_tells_everything_and_first_what_is_to_the_point(
    studio: Studio, empty: str, tmp_path: Path
) -> None:
    source = annotated(tmp_path / "boxes", "0 0.5 0.5 0 0.2\n0 1.5 0.5 0.2 0.2\n")
    (source / "images/broken.png").write_bytes(b"")
    job = ended(studio, empty, start(studio, empty, source, "box"))
    assert job.status == "failed"
    assert "None of 1 images has boxes. First: labels/a.txt line 1 has a box of no size." in (job.error or "")
    assert job.report is not None and (job.report.skipped, job.report.dropped) == (1, 2)
    assert job.report.totals == {"empty": 1, "outside": 1, "unreadable": 1, "unannotated": 1}


def test_of_many_problems_some_of_each_kind_are_shown(studio: Studio, empty: str, tmp_path: Path) -> None:
    lines = "0 0.5 0.5 0 0.2\n" * 1500 + "0 1.5 0.5 0.2 0.2\n" * 2 + "0 0.5 0.5 0.1 0.2\n"
    _, report = imported(studio, empty, annotated(tmp_path / "boxes", lines), "box")
    assert report.totals == {"empty": 1500, "outside": 2, "class": 1}
    assert Counter(one.kind for one in report.problems) == {"empty": 997, "outside": 2, "class": 1}


def test_the_user_is_asked_and_accepts(studio: Studio, empty: str, tmp_path: Path) -> None:
    add_images(studio, empty, {"old": 1, "older": 1})
    job = asked(studio, empty, odd(tmp_path / "pets"))
    assert (job.status, job.done, job.total) == ("review", 17, 17)
    assert job.report is not None and job.report.totals["unreadable"] == 5
    assert datasets.all_imports(studio, empty) == [job]
    assert datasets.summary(studio, empty).version == 1
    with pytest.raises(Conflict, match="being imported"):
        projects.delete(studio, ME, empty)
    assert datasets.accept_import(studio, ME, empty, job.id).status == "importing"
    done = until_status(studio, empty, job, "done")
    assert (done.report, datasets.summary(studio, empty).version, datasets.summary(studio, empty).images) == (
        *(job.report, 2, 12),
    )
    with pytest.raises(Conflict, match="The import is done"):
        datasets.accept_import(studio, ME, empty, job.id)


def test_the_user_is_asked_and_cancels(studio: Studio, empty: str, tmp_path: Path) -> None:
    add_images(studio, empty, {"old": 1, "older": 1})
    before = contents(studio.workspace.project(empty).path)
    job = asked(studio, empty, odd(tmp_path / "pets"))
    datasets.cancel_import(studio, ME, empty, job.id)
    until_status(studio, empty, job, "cancelled")
    assert contents(studio.workspace.project(empty).path) == before
    assert not (studio.workspace.staging / job.id / "dataset").exists()
    with pytest.raises(Conflict, match="only one in review"):
        datasets.accept_import(studio, ME, empty, job.id)


def test_nobody_is_asked_when_there_is_nothing_to_ask(studio: Studio, empty: str, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    for number in range(4):
        (folder / f"class {number % 2}").mkdir(parents=True, exist_ok=True)
        photo(number).save(folder / f"class {number % 2}" / f"{number}.png")
    assert asked(studio, empty, folder).status == "done"


@pytest.mark.fault
def test_a_question_waits_for_the_next_server(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        pid = new_project(first)
        job = asked(first, pid, odd(tmp_path / "pets"))
    with running(tmp_path) as second:
        (waiting,) = datasets.all_imports(second, pid)
        assert (waiting.id, waiting.status) == (job.id, "review")
        datasets.accept_import(second, ME, pid, job.id)
        until_status(second, pid, job, "done")
        assert datasets.summary(second, pid).images == 12


def test_images_may_stay_where_they_are_and_must_not_change(studio: Studio, empty: str, tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "pets", {"cats": 3, "dogs": 3})
    done = finish_import(studio, empty, source, storage="reference")
    assert (done.status, datasets.summary(studio, empty).storage) == ("done", "reference")
    dataset = studio.workspace.project(empty).dataset()
    assert dataset is not None and not list(dataset.images.iterdir())
    image = datasets.images(studio, empty, search="dogs/001").images[0]
    file = datasets.image_file(studio, empty, image.id)
    assert file == source / "dogs/001.png"
    assert datasets.thumbnail(studio, empty, image.id).read_bytes().startswith(b"\xff\xd8")
    (sample,) = dataset.samples([image.id])
    assert sample.path == file
    sample.check()
    file.write_bytes(png((1, 2, 3)))
    for look in (sample.check, lambda: datasets.image_file(studio, empty, image.id)):
        with pytest.raises(DatasetChanged, match=r"dogs/001\.png is not the one that was imported"):
            look()


def test_an_image_that_cannot_be_found_again_by_its_name_is_left_out(
    studio: Studio, empty: str, tmp_path: Path
) -> None:
    source = draw_classes(tmp_path / "pets", {"cats": 2, "dogs": 2})
    (source / "cats" / os.fsdecode(b"caf\xe9.png")).write_bytes(png((1, 2, 3)))
    done = finish_import(studio, empty, source, storage="reference")
    assert (done.status, done.error) == ("done", None) and done.report is not None
    message = "has a name that is not UTF-8; rename it, or copy the images instead"
    assert ("name", "left out", f"cats/caf\ufffd.png {message}") in told(done.report.problems)
    assert (done.report.images, done.report.skipped) == (4, 1)
    assert finish_import(studio, empty, source).report.images == 5  # type: ignore[union-attr]


def test_only_folders_that_are_allowed_may_be_looked_at(studio: Studio, empty: str, tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "pets", {"cats": 1, "dogs": 1})
    (found,) = datasets.detect(studio, empty, str(source))
    assert (found.format, found.reason) == ("class_folders", "found 2 folders with images, each named like a class")
    assert {one.format for one in datasets.all_formats()} >= {"coco", "yolo", "voc"}


@pytest.mark.parametrize("size", [(1200, 800), (3000, 1000), (300, 300), (64, 48)])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_large_photos_are_measured_upright(
    orientation: int, size: tuple[int, int], studio: Studio, empty: str, tmp_path: Path
) -> None:
    """A large JPEG is decoded at a smaller scale."""
    exif = Image.Exif()
    exif[274] = orientation
    for name in ("cats", "dogs"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        photo(len(name) + orientation, size).save(tmp_path / f"pets/{name}/{name}.jpg", exif=exif)
    finish_import(studio, empty, tmp_path / "pets")
    image = datasets.images(studio, empty).images[0]
    assert (image.width, image.height) == (size if orientation < 5 else size[::-1])
    with Image.open(datasets.thumbnail(studio, empty, image.id)) as thumbnail:
        assert max(thumbnail.size) == min(max(size), 256)
        assert thumbnail.width / thumbnail.height == pytest.approx(image.width / image.height, rel=0.02)


def test_all_problems_can_be_read_page_by_page(studio: Studio, empty: str, tmp_path: Path) -> None:
    report = finish_import(studio, empty, odd(tmp_path / "pets")).report
    assert report is not None
    found = [one for page in range(1, 5) for one in datasets.problems(studio, empty, page, 5).problems]
    assert told(found) == told(report.problems)
    assert [one.effect for one in found] == sorted(
        (one.effect for one in found), key=["left out", "changed", "noted"].index
    )
    only = datasets.problems(studio, empty, kind="unreadable")
    assert only.total == report.totals["unreadable"] == len(only.problems)
    assert {one.kind for one in only.problems} == {"unreadable"}


def test_what_the_source_calls_a_subset_can_be_browsed(studio: Studio, empty: str, tmp_path: Path) -> None:
    for subset, count in (("train", 4), ("val", 2)):
        draw_classes(tmp_path / "pets" / subset, {"cat": count, "dog": count})
    finish_import(studio, empty, tmp_path / "pets")
    assert datasets.images(studio, empty, subset="val").total == 4
    assert datasets.images(studio, empty, subset="test").total == 0
