"""Images and masks as browsers can show them: drawn by a process of its own where the file itself will not do."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from aistudio.errors import CorruptImage, DatasetChanged, NotFound
from aistudio.service import datasets
from aistudio.store.renditions import Renditions
from aistudio.studio import Studio
from tests.fixtures import new_project, until
from tests.service.importing import imported

RAMP = np.zeros((40, 60, 3), np.uint8)
RAMP[..., 0], RAMP[..., 1] = np.linspace(0, 255, 60), 90


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def photo(shade: int) -> Image.Image:
    return Image.fromarray(np.clip(RAMP.astype(int) + shade, 0, 255).astype(np.uint8))


def deep(format: str) -> bytes:
    grey = np.tile(np.linspace(0, 65_535, 60), (40, 1)).astype(np.uint16)
    return bytes(cv2.imencode(f".{format}", grey)[1].tobytes())


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "plain.jpg": (lambda: saved(photo(0), "JPEG"), ""),
    "plain.png": (lambda: saved(photo(5), "PNG"), ""),
    "plain.webp": (lambda: saved(photo(10), "WEBP"), ""),
    "plain.bmp": (lambda: saved(photo(15), "BMP"), ""),
    "plain.gif": (lambda: saved(photo(20), "GIF"), ""),
    "printed.jpg": (lambda: saved(photo(25).convert("CMYK"), "JPEG"), "png"),
    "moving.gif": (lambda: saved(photo(30), "GIF", save_all=True, append_images=[photo(90), photo(150)]), "png"),
    "plain.tif": (lambda: saved(photo(35), "TIFF"), "png"),
    "packed.tif": (lambda: saved(photo(40), "TIFF", compression="tiff_lzw"), "png"),
    "pages.tif": (lambda: saved(photo(45), "TIFF", save_all=True, append_images=[photo(99)]), "png"),
    "deep.tif": (lambda: deep("tiff"), "png"),
    "deep.png": (lambda: deep("png"), "png"),
}
TYPES = {"jpg": "jpeg", "tif": "tiff"}


def many_classes(folder: Path) -> tuple[Path, np.ndarray]:
    """An image with a mask of 400 classes, 16 bits deep."""
    numbers = np.arange(60 * 40, dtype=np.uint16).reshape(40, 60) % 400
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    (folder / "images/a.png").write_bytes(saved(photo(0), "PNG"))
    (folder / "masks/a.png").write_bytes(bytes(cv2.imencode(".png", numbers)[1].tobytes()))
    (folder / "classes.txt").write_text("\n".join(f"class {number}" for number in range(400)))
    return folder, numbers


def formats(folder: Path) -> Path:
    """Class folders with an image in every format."""
    for number, (name, (data, _)) in enumerate(FILES.items()):
        place = folder / ("even" if number % 2 else "odd") / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data())
    return folder


@pytest.mark.parametrize("storage", ["copy", "reference"])
def test_every_format_can_be_shown(studio: Studio, tmp_path: Path, storage: str) -> None:
    pid = new_project(studio, "Formats")
    dataset, report = imported(studio, pid, formats(tmp_path / "formats"), "label", storage=storage)
    assert report.images == len(FILES)
    for record in dataset.page(page_size=100).images:
        name = Path(record.name).name
        path, kind = datasets.view_file(studio, pid, record.id, dataset.version)
        drawn = FILES[name][1]
        assert (path == dataset.original(record.id)) == (not drawn), name
        ending = drawn or name.rpartition(".")[2]
        assert kind == f"image/{TYPES.get(ending, ending)}"
        pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        original = cv2.imread(str(dataset.original(record.id)), cv2.IMREAD_COLOR)
        assert pixels is not None and original is not None and np.array_equal(pixels, original), name
        assert datasets.view_file(studio, pid, record.id)[0].stat().st_mtime_ns == path.stat().st_mtime_ns


def test_a_large_one_becomes_small_enough(studio: Studio, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "wide" / name).mkdir(parents=True)
        Image.new("RGB", (9000, 1200 + ord(name)), (200, 90, 10)).save(tmp_path / "wide" / name / "1.tif")
    pid = new_project(studio, "Wide")
    imported(studio, pid, tmp_path / "wide", "label")
    path, kind = datasets.view_file(studio, pid, 1)
    with Image.open(path) as image:
        assert (kind, image.format, image.size) == ("image/jpeg", "JPEG", (8192, round(1297 * 8192 / 9000)))
        assert image.getpixel((4000, 500)) == pytest.approx((200, 90, 10), abs=3)


@pytest.fixture
def pages(studio: Studio, tmp_path: Path) -> str:
    """A project with four pictures as TIFF files that stay where they are."""
    for number in range(4):
        (tmp_path / f"scans/{number % 2}").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"scans/{number % 2}/{number}.tif").write_bytes(saved(photo(20 * number), "TIFF"))
    pid = new_project(studio, "Scans")
    imported(studio, pid, tmp_path / "scans", "label", storage="reference")
    return pid


@pytest.mark.fault
def test_a_killed_process_costs_nothing(studio: Studio, pages: str) -> None:
    first = datasets.view_file(studio, pages, 1)[0]
    killed = studio.renderer.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    until(lambda: studio.renderer.pid is None or None, "it is gone")
    assert datasets.view_file(studio, pages, 2)[0].exists()
    assert studio.renderer.pid not in (None, killed)
    first.unlink()  # the cache may be deleted at any time
    assert datasets.view_file(studio, pages, 1)[0].exists()


@pytest.mark.fault
def test_a_process_that_hangs_is_ended(studio: Studio, pages: str, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets.view_file(studio, pages, 1)
    hanging = studio.renderer.pid
    assert hanging is not None
    os.kill(hanging, signal.SIGSTOP)
    monkeypatch.setattr(studio.renderer, "_seconds", 0.5)
    with pytest.raises(CorruptImage, match=r"An image took longer than 0\.5 s to draw"):
        datasets.view_file(studio, pages, 2)
    monkeypatch.undo()
    assert datasets.view_file(studio, pages, 2)[0].exists()
    assert studio.renderer.pid != hanging


ENDLESS = """
from aistudio.engine import rendering
rendering.WAYS["image"] = lambda path: sum(iter(int, 1))
rendering.serve(60.0, 0.5)
"""


@pytest.mark.fault
def test_a_process_in_an_endless_image_does_not_outlive_a_killed_server_for_long() -> None:
    """Nobody is left who could end it, and no thread of its own gets a turn."""
    request = json.dumps({"way": "image", "source": "endless.png", "target": "target.png"}).encode()
    done = subprocess.run([sys.executable, "-c", ENDLESS], input=request + b"\n", timeout=20)
    assert done.returncode == -signal.SIGALRM


def test_a_file_that_changed_is_not_drawn(studio: Studio, pages: str, tmp_path: Path) -> None:
    (tmp_path / "scans/0/0.tif").write_bytes(b"other bytes")
    with pytest.raises(DatasetChanged):
        datasets.view_file(studio, pages, 1)
    (tmp_path / "scans/0/2.tif").unlink()
    with pytest.raises(NotFound):
        datasets.view_file(studio, pages, 2)


def test_a_damaged_file_is_told(studio: Studio, tmp_path: Path) -> None:
    source, target = tmp_path / "x.tif", tmp_path / "out/x.png"
    source.write_bytes(saved(photo(0), "TIFF")[:200])
    with pytest.raises(CorruptImage, match=r"The file x\.tif is not a readable image\. Look at the check report"):
        studio.renderer.draw("image", source, target)
    assert not list(target.parent.iterdir())


def test_masks_of_many_classes_come_in_two_colours(studio: Studio, tmp_path: Path) -> None:
    folder, numbers = many_classes(tmp_path / "many")
    pid = new_project(studio, "Many")
    _, report = imported(studio, pid, folder, "mask")
    assert (report.format, len(report.classes)) == ("png_masks", 400)
    with Image.open(datasets.view_mask(studio, pid, 1)) as image:
        red, green, _ = (np.asarray(band).astype(int) for band in image.split())
    assert np.array_equal(red + 256 * green, numbers)


def test_the_oldest_go_when_there_is_no_room(tmp_path: Path) -> None:
    renditions = Renditions(tmp_path)
    for number in range(4):
        (tmp_path / f"set {number // 2}").mkdir(exist_ok=True)
        path = tmp_path / f"set {number // 2}/{number}.png"
        path.write_bytes(bytes(100))
        os.utime(path, (number, number))
    renditions.prune(250)
    assert [path.name for path in sorted(tmp_path.glob("*/*"))] == ["2.png", "3.png"]
    assert not (tmp_path / "set 0").exists()
