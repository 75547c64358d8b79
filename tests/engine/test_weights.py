"""Weights are found in the folder, in the cache or not at all; a wrong file is refused by name."""

import os
import socket
import time
from pathlib import Path

import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save_file
from torch import Tensor, nn

from aistudio.catalog.backbones import BACKBONES, Backbone
from aistudio.catalog.trainings import SUFFIXES, TABLE, trainings
from aistudio.engine.weights import (
    KEY_MAPS,
    Located,
    _known,
    by_order,
    default_weights,
    download,
    load,
    locate,
    obtain,
    read,
)
from aistudio.errors import Mismatch, WeightsUnavailable

pytestmark = pytest.mark.engine

TINY = "test_efficientnet"
TAG = "r160_in1k"
PATIENCE = 20  # seconds; far more than it tries, far less than the library would by itself


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(TINY, pretrained=False).eval()  # type: ignore[no-any-return]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache and a hub at a port where nobody listens; gives the cache folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# ---- finding


def test_the_catalog_lists_what_timm_has() -> None:
    """So that a page can say where weights come from, without torch."""
    wanted = ""
    for record in BACKBONES:
        for model in timm.list_pretrained(f"{record.name}.*"):
            published = Path(timm.get_pretrained_cfg(model).url or "").name
            wanted += f"{model} {published}".strip() if Path(published).suffix in SUFFIXES else model
            wanted += "\n"
    if os.environ.get("AISTUDIO_UPDATE_GOLDEN"):
        TABLE.write_text(wanted)
    assert wanted == TABLE.read_text(), "timm has changed: AISTUDIO_UPDATE_GOLDEN=1 pytest tests/engine/test_weights.py"


@pytest.mark.parametrize("record", BACKBONES, ids=lambda record: record.name)
def test_a_file_has_the_same_names_in_the_catalog(record: Backbone) -> None:
    known = [(weights.tag, names) for weights, names in _known(record.name)]
    assert [(training.tag, names) for training, names in trainings(record.name)] == known
    for tag, _ in known:
        same = [(weights.tag, names) for weights, names in _known(f"{record.name}.{tag}")]
        assert [(training.tag, names) for training, names in trainings(f"{record.name}.{tag}")] == same


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("resnet18", "resnet18.a1_in1k.safetensors"),
        ("resnet18", "resnet18.a1_in1k.pth"),
        ("resnet18", "resnet18.a1_in1k.bin"),
        ("resnet18", "resnet18_a1_0-d63eafa0.pth"),
        ("resnet18", "renamed-d63eafa0.pth"),
        ("resnet18", "resnet18.safetensors"),
        ("resnet18", "resnet18.pth"),
        ("resnet18", "resnet18.tv_in1k.safetensors"),
        ("resnet18.a1_in1k", "resnet18.a1_in1k.pth"),
        ("mobilenet_v2", "mobilenet_v2-b0353104.pth"),
        ("mobilenetv2_100", "anything-b0353104.safetensors"),
        ("mobilenet_v2", "mobilenetv2_100.pth"),
        ("tf_efficientnet_lite0", "efficientnet-lite0-57934424.pth"),
        (TINY, f"{TINY}.{TAG}.safetensors"),
    ],
)
def test_a_file_is_found_by_name_hash_or_bare_name(tmp_path: Path, name: str, file: str) -> None:
    (tmp_path / file).touch()
    located = locate(name, tmp_path)
    assert located and located.path == tmp_path / file and located.source == file


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("resnet18", "resnet34.a1_in1k.pth"),
        ("resnet18", "resnet18.a1_in1k.txt"),
        ("resnet18.a1_in1k", "resnet18.tv_in1k.pth"),
        ("resnet18.a1_in1k", "resnet18.pth"),
        ("mobilenetv2_100.ra_in1k", "mobilenet_v2-b0353104.pth"),
    ],
)
def test_a_file_of_other_weights_is_not_taken(tmp_path: Path, name: str, file: str) -> None:
    (tmp_path / file).touch()
    assert locate(name, tmp_path) is None


def test_the_exact_name_wins_over_hash_and_bare_name(tmp_path: Path) -> None:
    for file in ("resnet18.pth", "x-d63eafa0.pth", "resnet18.tv_in1k.pth", "resnet18.a1_in1k.safetensors"):
        (tmp_path / file).touch()
    located = locate("resnet18", tmp_path)
    assert located and located.path.name == "resnet18.a1_in1k.safetensors"


def test_no_folder_means_nothing_found(tmp_path: Path) -> None:
    assert locate("resnet18", None) is None
    assert locate("resnet18", tmp_path / "missing") is None


def test_colours_follow_the_file(tmp_path: Path) -> None:
    (tmp_path / "efficientnet_b1.ft_in1k.pth").touch()
    located = locate("efficientnet_b1", tmp_path)
    assert located and located.weights.mean == (0.485, 0.456, 0.406)
    assert default_weights("efficientnet_b1").mean == (0.5, 0.5, 0.5)


# ---- loading


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".bin"])
def test_a_saved_network_comes_back(tmp_path: Path, network: nn.Module, suffix: str) -> None:
    located = _saved(network.state_dict(), tmp_path / f"{TINY}.{TAG}{suffix}")
    images = torch.rand(2, 3, 64, 64)
    loaded = load(TINY, located).eval()
    with torch.no_grad():
        torch.testing.assert_close(loaded(images), network(images))
    assert "state_dict" not in loaded.pretrained_cfg  # type: ignore[operator]


def test_a_file_with_another_number_of_classes_loads(tmp_path: Path) -> None:
    mine = timm.create_model(TINY, pretrained=False, num_classes=5)
    loaded = load(TINY, _saved(mine.state_dict(), tmp_path / f"{TINY}.pth"))
    assert torch.equal(loaded.get_parameter("classifier.weight"), mine.get_parameter("classifier.weight"))


def test_a_missing_body_tensor_is_refused(tmp_path: Path, network: nn.Module) -> None:
    state = dict(network.state_dict())
    del state["conv_stem.weight"]
    with pytest.raises(Mismatch, match=rf"{TINY}\.pth does not fit {TINY}: .*conv_stem"):
        load(TINY, _saved(state, tmp_path / f"{TINY}.pth"))


def test_weights_of_another_network_are_refused(tmp_path: Path, network: nn.Module) -> None:
    located = _saved(network.state_dict(), tmp_path / "resnet10t.pth")
    with pytest.raises(Mismatch, match=r"resnet10t\.pth does not fit resnet10t"):
        load("resnet10t", Located(located.path, default_weights("resnet10t"), ""))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04 cut off", b"\x80\x02cposix\nsystem\n."])
def test_a_file_that_is_no_weights_file_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(Mismatch, match=r"broken\..* is no readable weights file"):
        read(path)


class _Surprise:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("exit 1",)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {}, _Surprise(), {"state_dict": {"a": _Surprise()}}])
def test_a_pickle_of_something_else_is_refused_and_not_run(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(Mismatch, match=r"other\.pth"):
        read(path)


def test_key_maps_of_the_catalog_exist() -> None:
    used = {weights.key_map for record in BACKBONES for weights in record.weights} - {None}
    assert used == set(KEY_MAPS)


def test_by_order_refuses_other_shapes_and_counts() -> None:
    target = {"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}
    assert list(by_order({"a": torch.ones(2, 3), "b": torch.ones(2)}, target)) == ["weight", "bias"]
    with pytest.raises(ValueError, match=r"b has shape \(3,\), bias needs \(2,\)"):
        by_order({"a": torch.ones(2, 3), "b": torch.ones(3)}, target)
    with pytest.raises(ValueError, match="1 tensors instead of 2"):
        by_order({"a": torch.ones(2, 3)}, target)


# ---- downloading


def test_a_file_in_the_cache_needs_no_connection(offline: Path, network: nn.Module) -> None:
    folder = offline / f"models--timm--{TINY}.{TAG}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0123abc")
    (folder / "snapshots" / "0123abc").mkdir(parents=True)
    save_file(network.state_dict(), folder / "snapshots" / "0123abc" / "model.safetensors")
    located = obtain(TINY, None)
    assert located.source == "timm download"
    assert torch.equal(load(TINY, located).get_parameter("conv_stem.weight"), network.get_parameter("conv_stem.weight"))


def test_a_file_in_torchs_cache_needs_no_connection(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(offline))
    cached = offline / "hub" / "checkpoints" / Path(timm.get_pretrained_cfg("legacy_xception").url).name
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert download("legacy_xception").path == cached


def test_a_refused_connection_says_at_once_what_to_do(offline: Path, tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(WeightsUnavailable) as caught:
        obtain("resnet18", tmp_path)
    assert time.monotonic() - start < PATIENCE
    words = "The weights resnet18.a1_in1k could not be downloaded from 127.0.0.1: Connection refused."
    assert caught.value.message == words
    assert caught.value.advice == (
        f"Put resnet18.a1_in1k.safetensors into the weights folder {tmp_path}, or switch Pretrained off."
    )


def test_a_silent_hub_is_given_up_within_seconds(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(WeightsUnavailable, match="--weights-dir"):
            download("resnet18")
        assert time.monotonic() - start < PATIENCE


def test_weights_that_only_a_folder_can_hold_are_named(offline: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"mobilenet_v2-b0353104\.pth"):
        download("mobilenetv2_100.tv_in1k")


# ---- real files


@pytest.fixture
def real() -> Path:
    folder = os.environ.get("AISTUDIO_TEST_WEIGHTS")
    if not folder:
        pytest.skip("AISTUDIO_TEST_WEIGHTS names no folder with real weights")
    return Path(folder)


@pytest.mark.realdata
def test_torchvisions_mobilenet_gives_torchvisions_logits(real: Path) -> None:
    import torchvision

    located = locate("mobilenet_v2", real)
    assert located
    theirs = torchvision.models.mobilenet_v2()
    theirs.load_state_dict(read(located.path))
    _same_logits(load("mobilenet_v2", located), theirs)


@pytest.mark.realdata
def test_efficientnet_lite0_loads_strictly(real: Path) -> None:
    located = locate("tf_efficientnet_lite0", real)
    assert located and located.weights.mean == (0.5, 0.5, 0.5) == located.weights.std
    network = load("tf_efficientnet_lite0", located).eval()
    state = read(located.path)
    assert len(state) == len(network.state_dict())
    # Renaming keeps the order of keys, so mapping by order is a second opinion.
    torch.testing.assert_close(by_order(state, network.state_dict()), dict(network.state_dict()))
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 224, 224)).isfinite().all()


def _same_logits(ours: nn.Module, theirs: nn.Module) -> None:
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(images), theirs.eval()(images), atol=1e-4, rtol=0)


def _saved(state: dict[str, Tensor], path: Path) -> Located:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return Located(path, default_weights(TINY), path.name)
