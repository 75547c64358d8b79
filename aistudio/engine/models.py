"""Building the network of an image classifier: a timm backbone, its weights and a new head."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import timm
import torch
from torch import Tensor, nn

from aistudio.catalog.backbones import Colour, split, suggestions
from aistudio.engine.weights import default_weights, load, obtain, tags, timm_name
from aistudio.errors import Mismatch
from aistudio.schema.model import ImageClassifier
from aistudio.schema.transforms.base import Size
from aistudio.schema.transforms.size import size_text


class Classifier(nn.Module):
    """A timm network, float images N×3×H×W → logits N×classes; a frozen body stays in eval mode."""

    def __init__(self, network: nn.Module, frozen: bool) -> None:
        super().__init__()
        self.network = network
        self.frozen = frozen
        if frozen:
            network.requires_grad_(False)
            for head in heads(network):
                head.requires_grad_(True)

    def forward(self, images: Tensor) -> Tensor:
        return cast(Tensor, self.network(images))

    def train(self, mode: bool = True) -> "Classifier":
        """Batch statistics and dropout of a frozen body are those of evaluation, so its features never move."""
        super().train(mode)
        if self.frozen:
            self.network.eval()
            for head in heads(self.network):
                head.train(mode)
        return self


@dataclass(frozen=True)
class Built:
    """A network ready to train and how images must look for it.

    `name` is timm's, `source` where its weights came from: a file name, `timm download` or `random`.
    """

    model: Classifier
    name: str
    mean: Colour
    std: Colour
    source: str

    @property
    def facts(self) -> dict[str, Any]:
        """What a checkpoint must hold so that `rebuild` gives the same."""
        return {"network": self.name, "mean": list(self.mean), "std": list(self.std), "weights": self.source}


def build(config: ImageClassifier, num_classes: int, weights_dir: Path | None, image_size: Size | None = None) -> Built:
    """The configured network for images of `image_size` (height, width); None means the size of its weights."""
    architecture = known_architecture(config.backbone)
    arguments = size_arguments(config.backbone, image_size)
    if image_size:
        check_size(config.backbone, image_size)
    if config.pretrained:
        located = obtain(config.backbone, weights_dir)
        weights, source = located.weights, located.source
        name = timm_name(architecture, weights.tag)
        network = load(config.backbone, located, **arguments)
        cast(Any, network).reset_classifier(num_classes)
    else:
        weights, source, name = default_weights(config.backbone), "random", architecture
        network = timm.create_model(name, pretrained=False, num_classes=num_classes, **arguments)
    return Built(Classifier(network, config.freeze_backbone), name, weights.mean, weights.std, source)


def rebuild(config: ImageClassifier, num_classes: int, facts: Mapping[str, Any], image_size: Size | None) -> Built:
    """What `build` gave, for the weights of a checkpoint: those it began with may be gone by now, or be others."""
    name = facts["network"]
    arguments = size_arguments(name, image_size)
    network = timm.create_model(name, pretrained=False, num_classes=num_classes, **arguments)
    colours = tuple(facts["mean"]), tuple(facts["std"])
    return Built(Classifier(network, config.freeze_backbone), name, *colours, facts["weights"])


def heads(network: nn.Module) -> list[nn.Module]:
    """The classifier layers; distilled networks have two."""
    found = cast(Any, network).get_classifier()
    return list(found) if isinstance(found, tuple | list | nn.ModuleList) else [found]


def known_architecture(name: str) -> str:
    """timm's architecture of a free text name; Mismatch with near names if there is none."""
    architecture, tag = split(name)
    if not timm.is_model(architecture):
        near = near_names(architecture)
        raise Mismatch(
            f"There is no architecture {architecture}.",
            f"Near names: {', '.join(near)}." if near else "Choose one of the list.",
        )
    if tag and tag not in tags(architecture):
        known = ", ".join(tags(architecture)) or "none"
        raise Mismatch(f"There are no weights {architecture}.{tag}.", f"Known weights of {architecture}: {known}.")
    return architecture


def near_names(architecture: str) -> list[str]:
    """Names that look like this one: of the catalog first, then of all of timm."""
    of_timm = difflib.get_close_matches(architecture, timm.list_models(), n=4)
    return list(dict.fromkeys([*suggestions(architecture)[:2], *of_timm]))[:5]


def size_arguments(name: str, image_size: Size | None) -> dict[str, Any]:
    """What timm must be told about the image size: only networks with a fixed one take it."""
    cfg = timm.get_pretrained_cfg(split(name)[0])
    return {"img_size": image_size} if image_size and cfg and cfg.fixed_input_size else {}


def check_size(name: str, image_size: Size, built_for: Size | None = None) -> None:
    """Mismatch if the network, built for them or for others, cannot take such images.

    It is tried out without memory or arithmetic.
    """
    architecture, _ = split(name)
    arguments = size_arguments(name, built_for or image_size)
    try:
        with torch.device("meta"), torch.no_grad():
            network = timm.create_model(architecture, pretrained=False, num_classes=2, **arguments).eval()
            network(torch.empty(2, 3, *image_size))
    except NotImplementedError:
        return  # an operation without a meta kernel says nothing about sizes
    except (RuntimeError, AssertionError, ValueError, TypeError, IndexError, ZeroDivisionError) as error:
        if built_for:
            raise Mismatch(
                f"{architecture}, built for training images of {size_text(built_for)}, cannot take validation images "
                f"of {size_text(image_size)}.",
                "Let the lists of Augmentations end at one size.",
            ) from error
        cfg = timm.get_pretrained_cfg(architecture)
        own = size_text(cfg.input_size[1:]) if cfg else "its own size"
        raise Mismatch(
            f"{architecture} cannot take images of {size_text(image_size)}; its weights are for {own}.",
            f"Set Resize to {own}, or choose another Architecture.",
        ) from error
