"""Uploaded zip files: what is in them is imported, what could harm is refused while it is read."""

import io
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aistudio.api.app import create_api
from aistudio.errors import ImportRefused
from aistudio.schema.project import Import, ImportOptions
from aistudio.service import datasets
from aistudio.settings import parse, size
from aistudio.store import archive
from aistudio.store.archive import unpack
from aistudio.store.upload import Upload, tidy
from aistudio.studio import Studio
from tests.fixtures import ME, contents, new_project, png
from tests.service.importing import ended


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return file.getvalue()


PETS = {
    **{f"pets/{name}/{number}.png": png((50 * number, 90, 10)) for name in ("cats", "dogs") for number in range(3)},
    "pets/notes.docx": b"nobody needs this",
    "__MACOSX/pets/cats/._1.png": b"nor this",
}


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(create_api(studio), base_url="http://127.0.0.1") as client:
        yield client


def sent(client: TestClient, pid: str, data: bytes, **query: str) -> Import:
    answer = client.put(
        f"/api/projects/{pid}/dataset/upload", content=data, params=query, headers={"content-type": "application/zip"}
    )
    assert answer.status_code == 202, answer.text
    return Import.model_validate(answer.json())


def test_a_zip_file_becomes_a_data_set(client: TestClient, studio: Studio) -> None:
    pid = new_project(studio)
    job = ended(studio, pid, sent(client, pid, packed(PETS)))
    assert (job.status, job.error) == ("done", None)
    assert datasets.summary(studio, pid).counts == {"cats": 3, "dogs": 3}
    image = datasets.images(studio, pid, search="cats/1").images[0]
    assert datasets.image_file(studio, pid, image.id).read_bytes() == PETS["pets/cats/1.png"]
    place = studio.workspace.import_job(job.id).path
    assert not list(place.rglob("*.zip")) and not list(place.rglob("*.png"))


def test_a_zip_file_with_nothing_in_it_is_refused_by_name(client: TestClient, studio: Studio) -> None:
    inner = packed(PETS)
    for files, told in (
        ({}, "There are no images in the zip file."),
        (
            {"a/all.zip": inner},
            "There are no images in the zip file. Passed over: a/all.zip is packed; unpack it to import what is in it.",
        ),
        ({"cat/1.heic": b"x"}, "There are no images in the zip file. Passed over: cat/1.heic is HEIC"),
        ({"cat/1": png()}, "There are no images in the zip file. Passed over: cat/1 is an image without a file"),
        ({"a/b/cat/1.png": png()}, "There is only one class folder with images in it in the zip file."),
    ):
        pid = new_project(studio)
        job = ended(studio, pid, sent(client, pid, packed(files)))
        assert job.status == "failed" and (job.error or "").startswith(told)


def test_its_options_are_those_of_every_import(client: TestClient, studio: Studio) -> None:
    pid = new_project(studio)
    job = ended(studio, pid, sent(client, pid, packed(PETS | {"pets/cats/bad.png": b""}), on_problems="ask"))
    assert job.status == "review"
    datasets.cancel_import(studio, ME, pid, job.id)
    at = f"/api/projects/{pid}/dataset/upload"
    headers = {"content-type": "application/zip"}
    assert client.put(at, params={"format": "x"}, content=b"", headers=headers).status_code == 422
    assert client.put(at.replace(pid, "none"), content=b"", headers=headers).status_code == 404


def test_what_is_too_large_is_refused_before_and_while_it_arrives(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"larger than 1 kB\. Start AI Studio with a larger --max-upload"):
        Upload(tmp_path / "a/x", 1024, 1025)
    assert not (tmp_path / "a").exists()
    upload = Upload(tmp_path / "b/x", 1024, None)
    upload.write(b"x" * 1024)
    with pytest.raises(ImportRefused, match="larger than 1 kB"):
        upload.write(b"x")
    upload.abandon()
    assert list((tmp_path / "b").iterdir()) == []
    with pytest.raises(ImportRefused, match="are free on the disk"):
        Upload(tmp_path / "c/x", 2**60, shutil.disk_usage(tmp_path).free)


def test_an_upload_that_was_cut_off_leaves_nothing(client: TestClient, studio: Studio) -> None:
    pid = new_project(studio)

    def pieces() -> Iterator[bytes]:
        yield b"PK"
        raise ConnectionError

    at = f"/api/projects/{pid}/dataset/upload"
    answer = client.put(at, content=pieces(), headers={"content-type": "application/zip"})
    assert answer.status_code == 500
    assert contents(studio.workspace.staging) == {}
    upload = datasets.begin_upload(studio, pid, ImportOptions())
    upload.write(b"PK")
    upload.finish()
    tidy(studio.workspace.staging)  # as the next server does
    assert list(studio.workspace.staging.iterdir()) == []


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def refused(tmp_path: Path, data: bytes) -> str:
    (tmp_path / "x.zip").write_bytes(data)
    before = contents(tmp_path)
    with pytest.raises(ImportRefused) as error:
        unpack(tmp_path / "x.zip", tmp_path / "inside/unpacked", lambda *_: None)
    written = {name: len(one) for name, one in contents(tmp_path).items() if name not in before}
    assert all(name.startswith("inside/unpacked/") for name in written)
    assert sum(written.values()) <= archive.LEAST_SUSPECT
    return str(error.value)


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png", "..\\x.png", "C:\\x.png", "C:x.png"])
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    assert "leads out of its folder" in refused(tmp_path, packed({"a.png": png(), name: png()}))


def test_links_devices_and_deep_folders_are_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr(link("a.png"), "/etc/passwd")
    assert "'a.png' is no regular file" in refused(tmp_path, file.getvalue())
    assert "folders deep" in refused(tmp_path, packed({"a/" * 30 + "b.png": png()}))


def test_bombs_are_refused_while_they_are_read(tmp_path: Path) -> None:
    """A gigabyte of zeros in a megabyte; the same with a header that says it is small; and a hundred thousand files."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as opened, opened.open("a.png", "w") as member:
        for _ in range(300):
            member.write(b"\0" * 2**20)
    assert "grows to more than 100 times" in refused(tmp_path, bomb.getvalue())
    liar = bytearray(bomb.getvalue())
    place = liar.rindex(b"PK\x01\x02")
    liar[place + 24 : place + 28] = struct.pack("<I", 100)
    assert "The zip file is refused." in refused(tmp_path, bytes(liar))
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as opened:
        for number in range(archive.MOST_MEMBERS + 1):
            opened.writestr(f"{number}.txt", b"")
    assert "100,001 files; 100,000 is the most" in refused(tmp_path, many.getvalue())


def test_overlapping_members_cannot_multiply_what_is_written(tmp_path: Path) -> None:
    """Many entries of the list that point at one and the same compressed megabyte."""
    kernel = packed({"0.png": b"\0" * 10 * 2**20}, zipfile.ZIP_DEFLATED)
    place, end = kernel.index(b"PK\x01\x02"), kernel.index(b"PK\x05\x06")
    entry = kernel[place:end]
    entries = b"".join(entry.replace(b"0.png", f"{number:05d}"[:1].encode() + b".png") for number in range(20))
    tail = kernel[end : end + 8] + struct.pack("<HHII", 20, 20, len(entries), place) + b"\0\0"
    (tmp_path / "x.zip").write_bytes(kernel[:place] + entries + tail)
    try:
        listing = unpack(tmp_path / "x.zip", tmp_path / "unpacked", lambda *_: None)
    except ImportRefused:
        return
    assert len(listing.names) == 1, "one file of that name is written once"


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip file", packed(PETS)[:-30], packed(PETS)[:200]])
def test_what_is_no_zip_file_is_refused(data: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, data).startswith("The zip file is refused. It cannot be read")


def test_a_password_is_refused(tmp_path: Path) -> None:
    data = bytearray(packed({"a.png": png()}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    assert "is encrypted" in refused(tmp_path, bytes(data))


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_names_without_the_mark_of_utf_8_are_read_as_their_packer_wrote_them(encoding: str, tmp_path: Path) -> None:
    raw = "Größe/é.png".encode(encoding)
    data = packed({"@" * len(raw): png()}).replace(b"@" * len(raw), raw)
    (tmp_path / "x.zip").write_bytes(data)
    assert unpack(tmp_path / "x.zip", tmp_path / "unpacked", lambda *_: None).names == ("Größe/é.png",)


def test_a_damaged_member_costs_itself(tmp_path: Path) -> None:
    stored = bytearray(packed({"a/1.png": png(), "a/2.png": png((1, 2, 3)), "a/1.txt": b"0 .5 .5 .1 .1"}))
    stored[stored.index(png((1, 2, 3))) + 20] ^= 1
    (tmp_path / "x.zip").write_bytes(stored)
    steps: list[tuple[int, int]] = []
    listing = unpack(tmp_path / "x.zip", tmp_path / "stored", lambda *step: steps.append(step))
    assert listing.names == ("a/1.png", "a/1.txt")
    assert [str(one) for one in listing.problems] == ["a/2.png is damaged in the zip file; pack it again"]
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)] and len(list((tmp_path / "stored").iterdir())) == 2
    deflated = bytearray(packed({"b.txt": b"0 .5" * 99, "a.png": png()}, zipfile.ZIP_DEFLATED))
    deflated[35:40] = b"\xff" * 5
    (tmp_path / "x.zip").write_bytes(deflated)
    listing = unpack(tmp_path / "x.zip", tmp_path / "deflated", lambda *_: None)
    assert listing.names == ("a.png",) and [one.file for one in listing.problems] == ["b.txt"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_members_with_one_name_the_last_is_taken_and_the_others_are_told(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name, data in (("cat/1.png", b"1"), ("./cat/1.png", b"2"), ("cat//1.png", b"3"), ("cat/2.png", b"4")):
            opened.writestr(name, data)
    (tmp_path / "x.zip").write_bytes(file.getvalue())
    listing = unpack(tmp_path / "x.zip", tmp_path / "unpacked", lambda *_: None)
    assert listing.names == ("cat/1.png", "cat/2.png") and listing.path("cat/1.png").read_bytes() == b"3"
    assert [str(one) for one in listing.problems] == [
        "cat/1.png is in the zip file 3 times, of which the last one is taken"
    ]


def test_archives_inside_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(packed({"inner.zip": packed(PETS), "a.png": png(), "page.svg": b"<svg/>"}))
    listing = unpack(tmp_path / "x.zip", tmp_path / "unpacked", lambda *_: None)
    assert listing.names == ("a.png",)
    assert [path.name for path in (tmp_path / "unpacked").iterdir()] == ["1.png"]


def test_folders_without_files_are_known(tmp_path: Path) -> None:
    """And those of packers are not, nor the folder around everything."""
    folders = ("pets/", "pets/cats/", "pets/yaks/", "pets/emus/young/", "__MACOSX/", "pets/.git/")
    (tmp_path / "x.zip").write_bytes(packed(PETS | dict.fromkeys(folders, b"")))
    listing = unpack(tmp_path / "x.zip", tmp_path / "unpacked", lambda *_: None)
    assert set(listing.bare) == {"yaks", "emus/young"}
    assert all(name.startswith(("cats/", "dogs/")) for name in listing.names)


@pytest.mark.parametrize(
    ("text", "bytes_"), [("2GB", 2 * 2**30), ("500MB", 500 * 2**20), ("1.5kB", 1536), ("10", 10), ("1T", 2**40)]
)
def test_sizes_are_read_as_people_write_them(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


def test_the_largest_upload_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--max-upload", "3GB"], {}).max_upload == 3 * 2**30
    assert parse([], {}).max_upload == 2 * 2**30
    with pytest.raises(SystemExit):
        parse(["--max-upload", "much"], {})
    assert capsys.readouterr().err == "--max-upload much: give a size such as 500MB or 2GB.\n"
