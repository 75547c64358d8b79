"""Folders of the server, as the picker shows them."""

from pathlib import Path

import pytest

from aistudio.errors import ImportRefused, PathRefused
from aistudio.service.folders import folders
from aistudio.studio import Studio


def test_one_level_at_a_time(studio: Studio) -> None:
    root = studio.settings.data_root[0]
    for name in ("b", "a", ".hidden", "a/deep"):
        (root / "pictures" / name).mkdir(parents=True)
    (root / "pictures" / "labels.csv").write_text("name,label")
    (root / "pictures" / "link").symlink_to("/etc")
    assert next(one.path for one in folders(studio).folders) == str(root)
    found = folders(studio, str(root / "pictures"))
    assert [one.name for one in found.folders] == ["a", "b"]
    assert (found.files, found.examples, found.more) == (1, ["labels.csv"], 0)
    assert found.parent == str(root)
    assert folders(studio, str(root)).parent is None, "there is nothing to see above"


@pytest.mark.parametrize("path", ["/etc", "/", "pictures", "~", "/proc/self/root"])
def test_others_are_refused(studio: Studio, path: str) -> None:
    with pytest.raises(PathRefused):
        folders(studio, path)


def test_one_that_is_not_there_is_named(studio: Studio, tmp_path: Path) -> None:
    missing = studio.settings.data_root[0] / "nothing"
    with pytest.raises(ImportRefused, match="nothing"):
        folders(studio, str(missing))
