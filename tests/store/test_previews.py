"""The cache of previews: named by what was asked, and never larger than it should be."""

import os
from pathlib import Path

import pytest

from aistudio.errors import NotFound
from aistudio.schema.events import PreviewJobRequest, PreviewSource
from aistudio.schema.preview import Preview
from aistudio.store.previews import Previews

REQUEST = PreviewJobRequest(
    project="p", task="classification", version=1, images=[PreviewSource(id=1, name="a", path="/a")],
    pipeline="train", transforms=[{"kind": "Resize"}], backbone="resnet18", pretrained=True, seed=0, epoch=0,
)  # fmt: skip
CHANGES = {
    "project": "q",
    "version": 2,
    "images": [PreviewSource(id=1, name="a", path="/b")],
    "pipeline": "val",
    "transforms": [],
    "backbone": "resnet50",
    "pretrained": False,
    "weights_dir": "/w",
    "seed": 1,
    "epoch": 1,
}


def test_another_question_another_folder(tmp_path: Path) -> None:
    previews = Previews(tmp_path)
    assert previews.of(REQUEST.model_copy(deep=True)).id == previews.of(REQUEST).id
    asked = [REQUEST, *(REQUEST.model_copy(update={name: value}) for name, value in CHANGES.items())]
    assert len({previews.of(one).id for one in asked}) == len(asked)
    assert set(CHANGES) == set(PreviewJobRequest.model_fields) - {"job", "task"}


def test_only_those_asked_for_last_are_kept(tmp_path: Path) -> None:
    previews = Previews(tmp_path / "none")
    previews.prune()
    folders = [previews.of(REQUEST.model_copy(update={"seed": seed})) for seed in range(5)]
    for age, folder in enumerate(folders):
        folder.job.write_request(REQUEST)
        os.utime(folder.path, (1000 + age, 1000 + age))
    (previews.root / "log.txt").write_text("stays")
    folders[0].touch()
    previews.prune(kept=2)
    assert {path.name for path in previews.root.iterdir()} == {folders[0].id, folders[4].id, "log.txt"}


def test_what_is_unfinished_or_damaged_is_not_known(tmp_path: Path) -> None:
    folder = Previews(tmp_path).of(REQUEST)
    assert folder.read() is None and folder.project() is None
    folder.job.write_request(REQUEST)
    assert folder.read() is None and folder.project() == "p"
    preview = Preview(id=folder.id, project="p", steps=[], images=[])
    folder.write(preview)
    assert folder.read() == preview
    (folder.path / "preview.json").write_bytes(b'{"id": 3')
    assert folder.read() is None


@pytest.mark.parametrize(
    "name", ["request.json", "../1-0.png", "1-0.gif", "1-0.png\n", "", ".", "1-0.png/", "log.txt", "2-0.png"]
)
def test_only_pictures_are_given_out(tmp_path: Path, name: str) -> None:
    previews = Previews(tmp_path)
    folder = previews.of(REQUEST)
    folder.job.write_request(REQUEST)
    (folder.path / "1-0.png").write_bytes(b"")
    (tmp_path / "1-0.png").write_bytes(b"")
    assert previews.get(folder.id).picture("1-0.png") == folder.path / "1-0.png"
    with pytest.raises(NotFound):
        folder.picture(name)


@pytest.mark.parametrize("name", ["", ".", "..", "log.txt", "A" * 32, "../projects", "0" * 31])
def test_odd_names_are_no_previews(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        Previews(tmp_path).get(name)
