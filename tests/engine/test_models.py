"""Networks are built for the classes and sizes asked for; the catalog says what timm says."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from aistudio.catalog.backbones import BACKBONES, Backbone
from aistudio.engine.models import Built, build, check_size, heads
from aistudio.errors import Mismatch
from aistudio.schema.model import ImageClassifier

pytestmark = pytest.mark.engine

TINY = "test_efficientnet"


# ---- catalog against timm


@pytest.mark.parametrize("record", BACKBONES, ids=lambda record: record.name)
def test_a_record_says_what_timm_says(record: Backbone) -> None:
    weights = record.weights[0]
    cfg = timm.get_pretrained_cfg(f"{record.name}.{weights.tag}")
    assert cfg.hf_hub_id == f"timm/{record.name}.{weights.tag}"
    assert weights.file == f"{record.name}.{weights.tag}.safetensors"
    assert cfg.input_size == (3, record.input_size, record.input_size)
    assert record.fixed_size == bool(cfg.fixed_input_size)
    assert (weights.mean, weights.std) == (cfg.mean, cfg.std)
    with torch.device("meta"):
        values = timm.create_model(f"{record.name}.{weights.tag}", pretrained=False).state_dict().values()
    assert record.megabytes == round(sum(value.numel() * value.element_size() for value in values) / 1e6)
    assert record.licence.lower() in (cfg.license, f"licenseref-{cfg.license}")


@pytest.mark.parametrize("record", BACKBONES, ids=lambda record: record.name)
def test_a_record_takes_a_new_head(record: Backbone) -> None:
    with torch.device("meta"), torch.no_grad():
        network = timm.create_model(record.name, pretrained=False).eval()
        network.reset_classifier(0)
        millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
        network.reset_classifier(7)
        assert network(torch.empty(2, 3, record.input_size, record.input_size)).shape == (2, 7)
    assert record.params == pytest.approx(millions, abs=0.06)
    assert all(list(head.parameters()) for head in heads(network))


@pytest.mark.parametrize("alias", [alias for record in BACKBONES for alias in record.aliases])
def test_an_alias_hides_no_name_of_timm(alias: str) -> None:
    assert not timm.is_model(alias)


# ---- building


def test_random_start_needs_no_network_and_takes_the_catalogs_colours() -> None:
    built = _build("tf_efficientnet_lite0", pretrained=False)
    assert built.source == "random"
    assert built.mean == built.std == (0.5, 0.5, 0.5)
    assert built.model(torch.rand(2, 3, 64, 64)).shape == (2, 3)


def test_free_text_names_of_timm_are_accepted() -> None:
    built = _build("test_vit", pretrained=False, size=(96, 64))
    assert built.mean == (0.5, 0.5, 0.5)
    assert built.model(torch.rand(2, 3, 96, 64)).shape == (2, 3)


@pytest.mark.parametrize(("name", "near"), [("resnet81", "resnet18"), ("regnetz_99", "regnetz_")])
def test_an_unknown_name_is_refused_with_near_names(name: str, near: str) -> None:
    with pytest.raises(Mismatch, match=f"no architecture {name}.*{near}"):
        _build(name, pretrained=False)


def test_an_unknown_tag_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Mismatch, match=r"no weights resnet18\.zz.*a1_in1k"):
        _build("resnet18.zz", pretrained=False)


def test_weights_of_the_folder_are_used_and_the_head_is_new(tmp_path: Path) -> None:
    theirs = timm.create_model(TINY, pretrained=False)
    save_file(theirs.state_dict(), tmp_path / f"{TINY}.r160_in1k.safetensors")
    built = _build(TINY, folder=tmp_path)
    assert built.source == f"{TINY}.r160_in1k.safetensors"
    ours = built.model.network
    assert torch.equal(ours.get_parameter("conv_head.weight"), theirs.get_parameter("conv_head.weight"))
    assert ours.get_parameter("classifier.weight").shape[0] == 3


# ---- sizes


def test_position_embeddings_are_resampled_to_the_size(tmp_path: Path) -> None:
    save_file(timm.create_model("test_vit", pretrained=False).state_dict(), tmp_path / "test_vit.safetensors")
    built = _build("test_vit", folder=tmp_path, size=(96, 64))
    assert built.model(torch.rand(2, 3, 96, 64)).shape == (2, 3)
    assert built.model.network.get_parameter("pos_embed").shape[1] == 1 + (96 // 16) * (64 // 16)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "vit_small_patch14_dinov2"])
def test_transformers_take_other_sizes(name: str) -> None:
    check_size(name, (128, 96))


@pytest.mark.parametrize(
    ("name", "size", "own"),
    [("efficientformer_l1", (128, 128), "224 × 224"), ("inception_v3", (64, 64), "299 × 299")],
)
def test_a_size_that_does_not_work_is_refused_with_the_one_that_does(
    name: str, size: tuple[int, int], own: str
) -> None:
    with pytest.raises(Mismatch, match=f"{name} cannot take images of {size[0]} × {size[1]}.*{own}"):
        _build(name, pretrained=False, size=size)


def test_weights_that_cannot_be_resampled_name_file_and_size(tmp_path: Path) -> None:
    save_file(timm.create_model("levit_128s", pretrained=False).state_dict(), tmp_path / "levit_128s.safetensors")
    with pytest.raises(Mismatch, match=r"levit_128s\.safetensors does not fit levit_128s at 128 × 128.*image size"):
        _build("levit_128s", folder=tmp_path, size=(128, 128))


# ---- freezing


def test_a_frozen_body_does_not_move_while_the_head_learns() -> None:
    model = _build(TINY, pretrained=False, frozen=True).model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    _train_a_few_steps(model)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"network.classifier.weight", "network.classifier.bias"}


def test_a_free_body_learns_too() -> None:
    model = _build(TINY, pretrained=False).model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    _train_a_few_steps(model)
    assert not torch.equal(model.state_dict()["network.bn1.running_mean"], before["network.bn1.running_mean"])
    assert not torch.equal(model.state_dict()["network.conv_stem.weight"], before["network.conv_stem.weight"])


@pytest.mark.parametrize("name", ["levit_128s", "test_vit", "test_resnet", "convnext_atto"])
def test_freezing_leaves_the_head_alone_to_train(name: str) -> None:
    model = _build(name, pretrained=False, frozen=True).model.train()
    learning = {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    assert learning == {id(parameter) for head in heads(model.network) for parameter in head.parameters()}
    assert model.training and all(head.training for head in heads(model.network))
    assert not any(part.training for part in model.network.modules() if isinstance(part, nn.BatchNorm2d | nn.LayerNorm))
    assert not any(part.training for part in model.eval().modules())


def _train_a_few_steps(model: nn.Module) -> None:
    optimizer = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), lr=0.1)
    model.train()
    for _ in range(2):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(torch.rand(4, 3, 32, 32)), torch.tensor([0, 1, 2, 0]))
        torch.autograd.backward(loss)
        optimizer.step()


def _build(
    name: str,
    pretrained: bool = True,
    frozen: bool = False,
    folder: Path | None = None,
    size: tuple[int, int] | None = None,
) -> Built:
    config = ImageClassifier(backbone=name, pretrained=pretrained, freeze_backbone=frozen)
    return build(config, 3, folder, size)
