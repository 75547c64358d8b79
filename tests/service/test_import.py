"""Import by a real worker process: what is taken, what is skipped, what is refused, and what stays as it was."""

import os
import struct
import zlib
from pathlib import Path
from typing import get_args

import pytest

from aistudio.errors import Conflict, ImportRefused, NotFound, PathRefused
from aistudio.schema.project import Import, ImportRequest, Storage
from aistudio.service import datasets, projects
from aistudio.studio import Studio
from tests.fixtures import ME, add_images, contents, draw_classes, finish_import, new_project, png, running, until


@pytest.fixture
def empty(studio: Studio) -> str:
    """A project without images."""
    return new_project(studio)


def assert_nothing_staged(studio: Studio, job: Import) -> None:
    place = studio.workspace.staging / job.id
    assert not (place / "dataset").exists()
    assert not list(place.rglob("*.tmp"))
    assert not list(place.rglob("*.png"))


def test_class_folders_become_a_data_set(studio: Studio, empty: str, tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "pets", {"dogs": 3, "cats": 5})
    before = contents(source)
    job = finish_import(studio, empty, source)
    assert (job.status, job.done, job.total, job.error) == ("done", 8, 8, None)
    assert job.report is not None
    assert (job.report.format, job.report.images, job.report.skipped) == ("class_folders", 8, 0)
    assert job.report.classes == {"cats": 5, "dogs": 3}
    summary = datasets.summary(studio, empty)
    assert (summary.status, summary.version, summary.images) == ("ready", 1, 8)
    assert summary.counts == {"cats": 5, "dogs": 3}
    assert projects.get(studio, empty).images == 8
    image = datasets.images(studio, empty, search="dogs/002").images[0]
    assert (image.width, image.height, image.label) == (18, 16, "dogs")
    assert datasets.image_file(studio, empty, image.id).read_bytes() == (source / "dogs/002.png").read_bytes()
    assert datasets.thumbnail(studio, empty, image.id).read_bytes().startswith(b"\xff\xd8")
    assert contents(source) == before
    assert_nothing_staged(studio, job)


def test_odd_names_are_just_names(studio: Studio, empty: str, tmp_path: Path) -> None:
    names = ["Größe 🦊", "it's; DROP TABLE", 'quo"te', "100% _real_", "new\nline", "<b>bold", "deep"]
    source = draw_classes(tmp_path / "pets", dict.fromkeys(names, 1))
    (source / "deep/a/b").mkdir(parents=True)
    (source / "deep/a/b/c d.png").write_bytes(png())
    (source / "deep").joinpath(os.fsdecode(b"caf\xe9.png")).write_bytes(png())
    job = finish_import(studio, empty, source)
    assert job.error is None
    assert datasets.summary(studio, empty).counts == {**dict.fromkeys(sorted(names), 1), "deep": 3}
    found = {image.name for image in datasets.images(studio, empty, label="deep").images}
    assert found == {"deep/000.png", "deep/a/b/c d.png", "deep/caf\ufffd.png"}
    for name in names:
        assert datasets.images(studio, empty, search=f"{name}/000").total == 1


def broken(source: Path) -> Path:
    """A folder in which some images are not what they say."""
    draw_classes(source, {"cats": 3, "dogs": 3})
    whole = png(width=64, height=64)
    (source / "cats/zero.png").write_bytes(b"")
    (source / "cats/cut.png").write_bytes(whole[:-20])
    (source / "cats/text.jpg").write_bytes(b"not an image at all")
    (source / "dogs/flipped.png").write_bytes(whole[:60] + zlib.compress(b"x") + whole[60:])
    (source / "loose.png").write_bytes(whole)
    (source / "notes.txt").write_text("notes")
    (source / "cats/.hidden.png").write_bytes(b"")
    return source


def test_unreadable_images_are_skipped_and_reported(studio: Studio, empty: str, tmp_path: Path) -> None:
    job = finish_import(studio, empty, broken(tmp_path / "pets"))
    assert (job.status, job.error) == ("done", None)
    assert job.report is not None
    told = {problem.file: problem.message for problem in job.report.problems}
    assert told["cats/zero.png"] == "is empty"
    assert told["cats/cut.png"] == "is cut off"
    assert told["cats/text.jpg"] == "is not a readable image"
    assert told["loose.png"] == "is not in a class folder"
    assert set(told) - {"dogs/flipped.png"} == {"cats/zero.png", "cats/cut.png", "cats/text.jpg", "loose.png"}
    assert (job.report.skipped, job.report.images) == (len(told), 11 - len(told))
    assert datasets.summary(studio, empty).images == job.report.images


def test_or_the_import_is_refused_because_of_them(studio: Studio, empty: str, tmp_path: Path) -> None:
    job = finish_import(studio, empty, broken(tmp_path / "pets"), on_problems="refuse")
    assert job.status == "failed"
    assert "cannot be imported. First: loose.png is not in a class folder." in (job.error or "")
    assert job.report is not None and job.report.skipped == 11 - job.report.images
    assert {one.file for one in job.report.problems if one.effect == "left out"} - {"dogs/flipped.png"} == {
        *("loose.png", "cats/zero.png", "cats/cut.png", "cats/text.jpg")
    }
    assert datasets.summary(studio, empty).status == "empty"
    assert_nothing_staged(studio, job)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "There are no images in "),
        (["notes.txt"], "There are no images in "),
        (["a.png", "b.png"], "no class folder with images in it"),
        (["cats/a.png", "cats/b.png"], "only one class folder with images in it"),
    ],
)
def test_a_folder_without_classes_is_refused_with_the_reason(
    files: list[str], said: str, studio: Studio, empty: str, tmp_path: Path
) -> None:
    (tmp_path / "pets").mkdir()
    for name in files:
        (tmp_path / "pets" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(png())
    job = finish_import(studio, empty, tmp_path / "pets")
    assert job.status == "failed"
    assert said in (job.error or "")
    assert_nothing_staged(studio, job)


def test_a_class_whose_images_are_all_broken_does_not_count(studio: Studio, empty: str, tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "pets", {"cats": 2, "dogs": 0})
    (source / "dogs/a.png").write_bytes(b"")
    job = finish_import(studio, empty, source)
    assert job.status == "failed"
    assert "Only 1 of 2 classes has readable images. First: dogs/a.png is empty." in (job.error or "")
    assert job.report is not None and [str(one) for one in job.report.problems] == [
        "dogs/a.png is empty",
        "dogs names the class dogs, which no image has",
    ]


def test_a_folder_that_is_not_there_or_not_allowed_is_refused_at_once(
    studio: Studio, empty: str, tmp_path: Path
) -> None:
    (tmp_path / "out").symlink_to("/etc")
    with pytest.raises(ImportRefused, match="There is no folder"):
        datasets.start_import(studio, ME, empty, ImportRequest(path=str(tmp_path / "nowhere")))
    for path in ("/etc", str(tmp_path / "out"), "relative", f"{tmp_path}/../x"):
        with pytest.raises(PathRefused):
            datasets.start_import(studio, ME, empty, ImportRequest(path=path))
    assert not studio.workspace.staging.exists()


def test_links_are_not_followed(studio: Studio, empty: str, tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "pets", {"cats": 2, "dogs": 2})
    (tmp_path / "secret.png").write_bytes(png())
    (source / "cats/link.png").symlink_to(tmp_path / "secret.png")
    (source / "birds").symlink_to(source / "cats")
    assert finish_import(studio, empty, source).status == "done"
    assert datasets.summary(studio, empty).counts == {"cats": 2, "dogs": 2}


def test_a_second_import_is_a_new_version_and_the_first_one_stays(studio: Studio, empty: str, tmp_path: Path) -> None:
    finish_import(studio, empty, draw_classes(tmp_path / "pets", {"cats": 2, "dogs": 2}))
    first = studio.workspace.project(empty).dataset(1)
    assert first is not None
    before = contents(first.path)
    finish_import(studio, empty, draw_classes(tmp_path / "more", {"cats": 4, "dogs": 2}))
    assert datasets.summary(studio, empty).version == 2
    assert datasets.summary(studio, empty).images == 6
    assert contents(first.path) == before


def test_a_cancelled_import_leaves_everything_as_it_was(studio: Studio, empty: str, tmp_path: Path) -> None:
    add_images(studio, empty, {"cats": 1, "dogs": 1})
    draw_classes(tmp_path / "pets", {"cats": 2000, "dogs": 2000})
    job = datasets.start_import(studio, ME, empty, ImportRequest(path=str(tmp_path / "pets")))
    until(lambda: datasets.get_import(studio, empty, job.id).done > 0, "some images are read")
    datasets.cancel_import(studio, ME, empty, job.id)
    until(lambda: datasets.get_import(studio, empty, job.id).status == "cancelled", "it is cancelled")
    assert datasets.summary(studio, empty).version == 1
    assert_nothing_staged(studio, job)
    with pytest.raises(Conflict, match="cancelled already"):
        datasets.cancel_import(studio, ME, empty, job.id)


@pytest.mark.fault
def test_a_killed_import_fails_and_a_deleted_project_waits_for_it(studio: Studio, empty: str, tmp_path: Path) -> None:
    draw_classes(tmp_path / "pets", {"cats": 2000, "dogs": 2000})
    job = datasets.start_import(studio, ME, empty, ImportRequest(path=str(tmp_path / "pets")))
    place = studio.workspace.import_job(job.id)
    worker = until(place.worker, "the worker is there")
    with pytest.raises(Conflict, match="being imported"):
        projects.delete(studio, ME, empty)
    os.kill(worker.pid, 9)
    until(lambda: datasets.get_import(studio, empty, job.id).status == "failed", "it is failed")
    assert "killed" in (datasets.get_import(studio, empty, job.id).error or "")
    assert_nothing_staged(studio, job)
    projects.delete(studio, ME, empty)


@pytest.mark.fault
def test_an_import_outlives_the_studio_and_another_one_takes_it_up(tmp_path: Path) -> None:
    source = draw_classes(tmp_path / "pets", {"cats": 300, "dogs": 300})
    with running(tmp_path) as first:
        pid = new_project(first)
        job = datasets.start_import(first, ME, pid, ImportRequest(path=str(source)))
        first.close()
        with running(tmp_path) as second:
            until(lambda: datasets.get_import(second, pid, job.id).status == "done", "it is done")
            assert datasets.summary(second, pid).images == 600
        first.workspace.lock("a test")


@pytest.mark.parametrize("paper", ["", "{}", "{"])
def test_a_damaged_import_does_not_keep_the_studio_from_opening(paper: str, tmp_path: Path) -> None:
    place = tmp_path / "workspace/.staging/abcd"
    place.mkdir(parents=True)
    (place / "request.json").write_text(paper)
    with running(tmp_path) as studio:
        assert projects.all_projects(studio) == []


def test_an_import_belongs_to_its_project(studio: Studio, empty: str, tmp_path: Path) -> None:
    job = finish_import(studio, empty, draw_classes(tmp_path / "pets", {"cats": 1, "dogs": 1}))
    other = new_project(studio, "Other")
    for pid, iid in ((other, job.id), (empty, "nothing"), (empty, "../x")):
        with pytest.raises(NotFound):
            datasets.get_import(studio, pid, iid)


def test_a_bomb_is_skipped_before_it_is_decoded(studio: Studio, tmp_path: Path) -> None:
    """A PNG of a few bytes that says it has 900 megapixels."""
    folder = draw_classes(tmp_path / "pets", {"cat": 3, "dog": 3})
    bomb = bytearray(png())
    bomb[16:24] = struct.pack(">II", 30_000, 30_000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bomb[12:29]))
    (folder / "dog" / "bomb.png").write_bytes(bomb)
    done = finish_import(studio, new_project(studio), folder)
    assert done.status == "done" and done.report is not None
    assert [(one.file, one.message) for one in done.report.problems] == [
        ("dog/bomb.png", "has more than 100 megapixels")
    ]


@pytest.mark.parametrize("storage", get_args(Storage))
def test_each_image_keeps_its_own_thumbnail_when_others_are_left_out(
    storage: Storage, studio: Studio, empty: str, tmp_path: Path
) -> None:
    folder = tmp_path / "pets"
    for number, name in enumerate(("cats/1.png", "cats/2.png", "dogs/3.png", "dogs/4.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"broken" if number == 1 else png(width=10 + number, height=8))
    finish_import(studio, empty, folder, storage=storage)
    for image in datasets.images(studio, empty).images:
        thumbnail = datasets.thumbnail(studio, empty, image.id).read_bytes()
        frame = thumbnail.index(b"\xff\xc0")  # start of frame: length, precision, height, width
        assert struct.unpack(">HH", thumbnail[frame + 5 : frame + 9]) == (image.height, image.width)
