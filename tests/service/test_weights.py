"""Where trained weights would come from is told before a run needs them, as the run itself would find them."""

import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from aistudio.errors import PreflightFailed
from aistudio.schema.experiment import ExperimentRequest, ResumeRequest
from aistudio.service import experiments, weights
from aistudio.service.weights import Origin
from aistudio.settings import Settings
from aistudio.store.weights import HUB_FILES
from aistudio.studio import Studio
from tests.fixtures import ME, TINY, ready_project, until, until_status
from tests.jobs.stage import pretending


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of the model hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def looking(hub: Path, tmp_path: Path) -> Studio:
    """A studio that was told of a folder for weights."""
    (tmp_path / "weights").mkdir()
    return Studio(Settings(workspace=tmp_path / "workspace", weights_dir=tmp_path / "weights", open=False))


def download(hub: Path, model: str) -> None:
    folder = hub / f"models--timm--{model}"
    for path, text in (("refs/main", "0123abc"), (f"snapshots/0123abc/{HUB_FILES[0]}", "")):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)


@pytest.mark.parametrize(
    ("backbone", "file"),
    [
        ("resnet18", "resnet18.a1_in1k.safetensors"),
        ("resnet18", "resnet18-f37072fd.pth"),
        ("resnet18", "renamed-d63eafa0.pth"),
        ("resnet18", "resnet18.pth"),
        ("mobilenet_v2", "mobilenet_v2-b0353104.pth"),
        ("tf_efficientnet_lite0", "efficientnet-lite0-57934424.pth"),
        ("test_resnet", "test_resnet.r160_in1k.pth"),
    ],
)
def test_a_file_in_the_folder_is_named(looking: Studio, tmp_path: Path, backbone: str, file: str) -> None:
    assert weights.origin(looking, backbone).place != "folder"
    (tmp_path / "weights" / file).touch()
    assert weights.origin(looking, backbone) == Origin("folder", file)
    assert weights.here(looking, [backbone, "convnext_tiny"]) == {backbone}


def test_what_was_downloaded_before_needs_no_internet(looking: Studio, hub: Path) -> None:
    assert weights.origin(looking, "resnet18") == Origin("download", "resnet18.a1_in1k.safetensors", 47)
    download(hub, "resnet18.a1_in1k")
    assert weights.origin(looking, "resnet18") == Origin("cache")
    assert weights.origin(looking, "resnet18.tv_in1k") == Origin("download", "resnet18.tv_in1k.safetensors")


def test_of_a_model_that_only_timm_knows_the_run_must_tell(looking: Studio, hub: Path) -> None:
    assert weights.origin(looking, "test_resnet") == Origin("unknown", "test_resnet.safetensors")
    download(hub, "test_resnet.r160_in1k")
    assert weights.origin(looking, "test_resnet.r160_in1k") == Origin("cache")


def test_train_is_refused_where_there_is_no_way_to_the_weights(
    studio: Studio, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = ready_project(studio)
    for backbone, offline in (("mobilenetv2_100.tv_in1k", False), ("resnet18", True)):
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
        wanted = {**TINY, "model": {"backbone": backbone}}
        eid = experiments.create(studio, ME, pid, ExperimentRequest(config=wanted)).id
        with pytest.raises(PreflightFailed, match="not on this machine") as refused:
            experiments.train(studio, ME, pid, eid)
        assert refused.value.fix is not None
        assert refused.value.fix.patch == {"model.pretrained": False}
        assert "--weights-dir FOLDER, or switch Pretrained off" in refused.value.advice
        assert experiments.get(studio, pid, eid).status == "created"


def test_a_run_that_goes_on_needs_them_no_more(tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pretending(tmp_path, "epochs") as (studio, pid):
        download(hub, "resnet18.a1_in1k")
        wanted = {**TINY, "model": {"backbone": "resnet18"}}
        eid = experiments.create(studio, ME, pid, ExperimentRequest(config=wanted)).id
        experiments.train(studio, ME, pid, eid)
        epochs = until_status(studio, pid, eid, "completed").progress.epoch
        shutil.rmtree(hub)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        experiments.resume(studio, ME, pid, eid, ResumeRequest(more_epochs=1))
        until(lambda: experiments.get(studio, pid, eid).progress.epoch > epochs, "the added epoch is trained")
