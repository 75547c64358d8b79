"""Folders of the server: what may be imported, and which files in it are seen."""

import os
import socket
from pathlib import Path

import pytest

from aistudio.errors import ImportRefused, PathRefused
from aistudio.store.paths import allowed_folder, walk_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "cats").mkdir(parents=True)
    return folder


def test_a_folder_below_a_root_is_returned(root: Path) -> None:
    assert allowed_folder(str(root / "cats"), [root]) == root / "cats"
    assert allowed_folder(f"{root}/./cats/", [Path("/nowhere"), root]) == root / "cats"
    assert allowed_folder(str(root), [root]) == root


def test_roots_and_folders_may_be_links_that_stay_inside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    (root / "pets").symlink_to(root / "cats")
    assert allowed_folder(str(root / "pets"), [root]) == root / "cats"
    for typed in (root, tmp_path / "alias"):
        assert allowed_folder(str(typed / "cats"), [tmp_path / "alias"]) == root / "cats"


@pytest.mark.attack
@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "cats",
        "./cats",
        "~",
        "~/cats",
        "~root/x",
        "/data\0",
        "\\\\host\\share",
        "//host/share",
        "C:\\data",
        "file:///etc",
    ],
)
def test_relative_home_and_network_paths_are_refused_before_any_file_call(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stat", "lstat", "readlink", "open", "scandir", "access"):
        monkeypatch.setattr(os, name, None)
    with pytest.raises(PathRefused):
        allowed_folder(path, [Path("/")])


@pytest.mark.attack
@pytest.mark.parametrize(
    "path", ["/etc", "/etc/shadow", "/root/.ssh", "/proc/self/root", "/proc/self/fd", "/nowhere", "/dev"]
)
def test_the_answer_outside_is_the_same_whether_it_exists_or_not(path: str, root: Path) -> None:
    with pytest.raises(PathRefused) as refused:
        allowed_folder(path, [root])
    with pytest.raises(PathRefused) as unknown:
        allowed_folder("/unknown", [root])
    assert str(refused.value) == str(unknown.value).replace("/unknown", path)


@pytest.mark.attack
def test_parents_siblings_hidden_folders_and_links_to_the_outside_are_refused(root: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "data2", root / ".ssh"):
        folder.mkdir()
    (root / "out").symlink_to(tmp_path / "data2")
    (root / "up").symlink_to("..")
    (root / "gone").symlink_to("/unknown")
    (root / "proc").symlink_to("/proc/self/root")
    (root / "keys").symlink_to(".ssh")
    for path in (
        "../data2",
        "cats/../../data2",
        "cats/..",
        "../data",
        ".ssh",
        "out",
        "up",
        "up/data2",
        "gone",
        "proc/etc",
        "keys",
    ):
        with pytest.raises(PathRefused):
            allowed_folder(f"{root}/{path}", [root])
    with pytest.raises(PathRefused):
        allowed_folder(str(tmp_path / "data2"), [root])
    with pytest.raises(PathRefused):
        allowed_folder(str(root), [])


@pytest.mark.attack
@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "\ud800", "\u202egnp"])
def test_names_that_would_break_a_line_are_refused_and_shown_escaped(name: str, root: Path) -> None:
    with pytest.raises(PathRefused) as refused:
        allowed_folder(f"{root}/{name}", [root])
    assert str(refused.value).isprintable()


def test_inside_the_roots_the_reason_is_given(root: Path) -> None:
    for name in ("a.zip", "a.csv"):
        (root / name).touch()
    (root / "loop").symlink_to("loop")
    for name in ("dogs", "loop", "x" * 300, "/".join("abc" * 2000)):
        with pytest.raises(ImportRefused, match=r"There is no folder .*Check the spelling"):
            allowed_folder(f"{root}/{name}", [root])
    with pytest.raises(ImportRefused, match=r"a\.zip is a file, not a folder\. Upload the zip file, or unpack it"):
        allowed_folder(f"{root}/a.zip", [root])
    with pytest.raises(ImportRefused, match=r"a\.csv is a file, not a folder\. Give the folder that it lies in"):
        allowed_folder(f"{root}/a.csv", [root])


def test_a_file_outside_the_roots_or_hidden_gets_the_answer_of_one_that_is_not_there(root: Path) -> None:
    (root.parent / "secret.zip").touch()
    (root / ".hidden.zip").touch()
    (root / "out.zip").symlink_to(root.parent / "secret.zip")
    (root / "nothing.zip").symlink_to(root.parent / "nowhere.zip")
    for place in ("../secret.zip", ".hidden.zip", "out.zip", "nothing.zip"):
        with pytest.raises(PathRefused, match="is not a folder that may be imported"):
            allowed_folder(f"{root}/{place}", [root])


def test_walk_yields_regular_files_in_order(root: Path) -> None:
    names = ["a/1.png", "a.txt", "a/b/2.png", "cats/10.png", "cats/9.png", "Z.png"]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert list(walk_files(root)) == sorted(root / name for name in names)


@pytest.mark.attack
def test_walk_passes_over_links_pipes_sockets_devices_and_hidden_folders(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key.png").touch()
    (root / "cats/1.png").touch()
    (root / ".git").mkdir()
    (root / ".git/2.png").touch()
    (root / "folder").symlink_to(tmp_path / "secret")
    (root / "file.png").symlink_to(tmp_path / "secret/key.png")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket.png"))
        if os.geteuid() == 0:
            os.mknod(root / "device.png", 0o20600, os.makedev(1, 3))
        assert list(walk_files(root)) == [root / "cats/1.png"]


@pytest.mark.attack
def test_walk_does_not_follow_a_folder_that_was_swapped_for_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "key.png").touch()
    (root / "a.png").touch()
    walk = walk_files(root)
    assert next(walk) == root / "a.png"
    (root / "cats").rmdir()
    (root / "cats").symlink_to(tmp_path)
    with pytest.raises(ImportRefused, match="cannot be read"):
        next(walk)
