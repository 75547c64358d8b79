"""The optimizer and the learning-rate schedule of a run."""

from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from aistudio.engine.targets import Targeted, create
from aistudio.schema.experiment import Extension, spans
from aistudio.schema.scheduler import Schedule


def optimizer(config: Targeted, model: nn.Module) -> Optimizer:
    """Trains what is trainable. The fused step is several times faster than the loop over tensors, also on a CPU."""
    decay: float = config.model_dump()["weight_decay"]
    made: Optimizer = create(config, _groups(model, decay), fused=True)
    return made


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay is for matrices and kernels; biases and normalisation layers (one dimension) are left out."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = (
        {"params": [one for one in trainable if one.ndim > 1], "weight_decay": decay},
        {"params": [one for one in trainable if one.ndim <= 1], "weight_decay": 0.0},
    )
    return [group for group in groups if group["params"]]


def schedule(
    config: Schedule, made: Optimizer, steps_per_epoch: int, epochs: int, extensions: Sequence[Extension] = ()
) -> LambdaLR:
    """The formula that the studio previews, stepped after each optimizer step; then the rate of each extension.

    One without a rate goes on with that of the step before it, be it in the middle of the schedule.
    """
    peak: float = made.defaults["lr"]
    begins = [begin * steps_per_epoch for begin, _ in spans(epochs, extensions)[1:]]
    newest_first = list(zip(begins, extensions, strict=True))[::-1]

    def factor(step: int) -> float:
        for begin, extension in newest_first:
            if step < begin:
                continue
            if extension.lr is not None:
                return extension.lr / peak
            step = begin - 1
        return config.factor(step, steps_per_epoch, epochs)

    return LambdaLR(made, factor)
