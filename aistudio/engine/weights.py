"""Finding trained weights (in the weights folder, else in timm's cache or hub) and loading them strictly."""

import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlparse

import timm
import torch
from huggingface_hub import constants, get_session, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError
from safetensors import SafetensorError
from timm.models import PretrainedCfg, load_state_dict
from torch import Tensor, nn

from aistudio.catalog.backbones import Weights, split, weights_of
from aistudio.catalog.trainings import SUFFIXES, file_names
from aistudio.errors import Mismatch, WeightsUnavailable
from aistudio.schema.transforms.size import size_text
from aistudio.store.weights import HUB_FILES, cached, files_in, find

State = dict[str, Tensor]
KeyMap = Callable[[State, Mapping[str, Tensor]], State]

CONNECT_SECONDS = 3.0


@dataclass(frozen=True)
class Located:
    """A file of weights on this machine; `source` says where it came from, for the log."""

    path: Path
    weights: Weights
    source: str


def obtain(name: str, weights_dir: Path | None) -> Located:
    """The weights of a backbone: from the weights folder if it has them, else downloaded (or WeightsUnavailable)."""
    return locate(name, weights_dir) or download(name, weights_dir)


def load(name: str, located: Located, **arguments: Any) -> nn.Module:
    """A timm network with the head of the weights' own classes; every key and shape must fit, else Mismatch.

    timm itself renames old keys and resamples position embeddings for `img_size` in `arguments`.
    """
    architecture, _ = split(name)
    model_name = timm_name(architecture, located.weights.tag)
    state = read(located.path)
    try:
        if located.weights.key_map:
            state = KEY_MAPS[located.weights.key_map](state, _skeleton(architecture))
        classes = _classes(state, model_name)
        overlay = {"state_dict": state, "num_classes": classes, "label_offset": None}
        network = timm.create_model(
            model_name, pretrained=True, num_classes=classes, pretrained_cfg_overlay=overlay, **arguments
        )
    except (RuntimeError, ValueError, KeyError, IndexError, AttributeError, TypeError, AssertionError) as error:
        raise Mismatch(
            f"The weights file {located.path.name} does not fit {architecture}{_at(arguments)}: {_first_line(error)}",
            "Replace or remove the file, or choose the image size that the weights were trained with.",
        ) from error
    network.pretrained_cfg.pop("state_dict", None)  # timm keeps what it was given: twice the memory
    return cast(nn.Module, network)


# ---- finding


def locate(name: str, weights_dir: Path | None) -> Located | None:
    """Weights of a backbone in the folder: by known file name, then by hash suffix, then by the bare name."""
    architecture, tag = split(name)
    found = find(files_in(weights_dir), _known(name), "" if tag else architecture)
    return Located(found.path, found.training or default_weights(name), found.path.name) if found else None


def default_weights(name: str) -> Weights:
    """The weights meant by a name: those of its tag, else the catalog's first, else timm's default."""
    architecture, tag = split(name)
    known = weights_of(name)
    return known[0] if known else _of_timm(architecture, tag)


def tags(architecture: str) -> list[str]:
    """Every training of an architecture that the catalog or timm knows."""
    return list(dict.fromkeys(weights.tag for weights, _ in _known(architecture)))


def timm_name(architecture: str, tag: str) -> str:
    """The name under which timm builds these weights: with the tag where timm knows it."""
    return f"{architecture}.{tag}" if tag and f"{architecture}.{tag}" in _pretrained(architecture) else architecture


def _known(name: str) -> list[tuple[Weights, list[str]]]:
    """Each weights record of a name with the file names people know it by."""
    architecture, tag = split(name)
    records = weights_of(name)
    listed = {weights.tag for weights in records}
    for model_name in _pretrained(architecture):
        other = model_name.partition(".")[2]
        if other not in listed and tag in ("", other):
            records.append(_of_timm(architecture, other))
    return [(weights, _file_names(architecture, weights)) for weights in records]


def _file_names(architecture: str, weights: Weights) -> list[str]:
    if weights.key_map:
        return [weights.file]
    cfg = timm.get_pretrained_cfg(timm_name(architecture, weights.tag))
    published = Path(urlparse(cfg.url).path if cfg and cfg.url else "")
    others = [published.name] if published.suffix in SUFFIXES else []
    return [*file_names(architecture, weights.tag), *others]


def _of_timm(architecture: str, tag: str) -> Weights:
    cfg = timm.get_pretrained_cfg(timm_name(architecture, tag)) or PretrainedCfg()
    file = f"{architecture}.{cfg.tag}.safetensors" if cfg.tag else f"{architecture}.safetensors"
    return Weights(file, tuple(cfg.mean), tuple(cfg.std), cfg.license or "NOASSERTION", tag=cfg.tag or "")


def _pretrained(architecture: str) -> list[str]:
    return cast(list[str], timm.list_pretrained(f"{architecture}.*"))


# ---- downloading


def download(name: str, weights_dir: Path | None = None) -> Located:
    """The file that timm would load, from its cache or its hub; without a connection it fails within seconds."""
    architecture, _ = split(name)
    weights = default_weights(name)
    cfg = timm.get_pretrained_cfg(timm_name(architecture, weights.tag))
    try:
        if weights.key_map or cfg is None or not cfg.has_weights:
            raise FileNotFoundError("timm has none")
        path = _from_hub(cfg.hf_hub_id) if cfg.hf_hub_id else _from_url(cfg.url)
    except _NETWORK as error:
        folder = f"the weights folder {weights_dir}" if weights_dir else "a folder and start with --weights-dir FOLDER"
        raise WeightsUnavailable(
            f"The weights {architecture}.{weights.tag} could not be downloaded{_from_where(cfg)}: {_reason(error)}.",
            f"Put {weights.file} into {folder}, or switch Pretrained off.",
        ) from error
    return Located(path, weights, "timm download")


# huggingface_hub has changed its HTTP library twice; the bases of its error are OSError and that library's error.
_NETWORK = cast(tuple[type[Exception], ...], HfHubHTTPError.__bases__)


def _from_where(cfg: PretrainedCfg | None) -> str:
    host = urlparse((constants.ENDPOINT if cfg.hf_hub_id else cfg.url) or "").hostname if cfg else None
    return f" from {host}" if host else ""


def _reason(error: Exception) -> str:
    """Without the number that the system gives it."""
    return re.sub(r"^\[Errno -?\d+\] ", "", _first_line(error)).rstrip(".")


def _from_hub(repository: str) -> Path:
    if there := cached(repository):
        return there
    # Asked first, because hf_hub_download repeats a failed request for 25 seconds.
    get_session().head(constants.ENDPOINT, timeout=CONNECT_SECONDS)
    try:
        return Path(hf_hub_download(repository, HUB_FILES[0]))
    except LocalEntryNotFoundError:
        raise
    except EntryNotFoundError:
        return Path(hf_hub_download(repository, HUB_FILES[1]))


def _from_url(url: str) -> Path:
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not path.exists():
        get_session().head(url, timeout=CONNECT_SECONDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=False)
    return path


# ---- reading


def read(path: Path) -> State:
    """The tensors of a `.safetensors`, `.pth` or `.bin` file, without running code from it; Mismatch if unreadable."""
    try:
        state = load_state_dict(str(path), device="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, *_READ_ERRORS) as error:
        raise _unreadable(path, _first_line(error)) from error
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise _unreadable(path, "it holds something else than named tensors")
    return dict(state)


_READ_ERRORS = (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, AttributeError, TypeError)


def _unreadable(path: Path, reason: str) -> Mismatch:
    return Mismatch(f"The file {path.name} is no readable weights file: {reason}", "Replace or remove the file.")


def _classes(state: State, model_name: str) -> int:
    """How many classes the head in the file has; where it is not found, as many as timm says."""
    cfg = timm.get_pretrained_cfg(model_name)
    if cfg is None:
        return 1000
    names = (cfg.classifier,) if isinstance(cfg.classifier, str) else (cfg.classifier or ())
    heads = [state[f"{name}.weight"] for name in names if f"{name}.weight" in state]
    return int(heads[0].shape[0]) if heads else int(cfg.num_classes)


def _skeleton(architecture: str) -> Mapping[str, Tensor]:
    """Keys and shapes of a network, without memory for its values."""
    with torch.device("meta"):
        return cast(nn.Module, timm.create_model(architecture, pretrained=False)).state_dict()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:2]) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:199]}…"


def _at(arguments: Mapping[str, Any]) -> str:
    size = arguments.get("img_size")
    return f" at {size_text(size)}" if size else ""


# ---- key maps: another code base's names → timm's; `target` has timm's keys and shapes


def by_order(state: State, target: Mapping[str, Tensor]) -> State:
    """Same layers in the same order under other names; every shape must agree."""
    if len(state) != len(target):
        raise ValueError(f"{len(state)} tensors instead of {len(target)}")
    for (theirs, tensor), (ours, wanted) in zip(state.items(), target.items(), strict=True):
        if tensor.shape != wanted.shape:
            raise ValueError(f"{theirs} has shape {tuple(tensor.shape)}, {ours} needs {tuple(wanted.shape)}")
    return dict(zip(target, state.values(), strict=True))


def efficientnet_lite(state: State, target: Mapping[str, Tensor]) -> State:
    """EfficientNet-Lite0 of efficientnet_lite_pytorch, which counts blocks without stages."""
    return {_lite_key(key): tensor for key, tensor in state.items()}


LITE0_REPEATS = (1, 2, 2, 3, 3, 4, 1)
LITE0_BLOCKS = tuple(f"{stage}.{block}" for stage, count in enumerate(LITE0_REPEATS) for block in range(count))
LITE0_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
LITE0_OTHERS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
LITE0_OUTSIDE = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}


def _lite_key(key: str) -> str:
    if not key.startswith("_blocks."):
        layer, _, rest = key.partition(".")
        return f"{LITE0_OUTSIDE[layer]}.{rest}"
    _, number, layer, rest = key.split(".", 3)
    names = LITE0_OTHERS if int(number) else LITE0_FIRST
    return f"blocks.{LITE0_BLOCKS[int(number)]}.{names[layer]}.{rest}"


KEY_MAPS: Mapping[str, KeyMap] = {"by_order": by_order, "efficientnet_lite": efficientnet_lite}
