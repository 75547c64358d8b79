"""Optimizers: how a gradient becomes a step."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aistudio.schema.base import Config

LearningRate = Annotated[
    float,
    Field(
        gt=0,
        le=10,
        title="Learning Rate",
        description="Size of a step at the peak of the schedule. 1e-3 suits AdamW, 1e-2 suits SGD.",
        json_schema_extra={"scientific": True},
    ),
]
WeightDecay = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        title="Weight Decay",
        description="Pulls weights towards zero. Biases and normalisation layers are left out.",
        json_schema_extra={"scientific": True},
    ),
]
Momentum = Annotated[
    float,
    Field(ge=0, lt=1, title="Momentum", description="Share of the last step that is kept in the next one."),
]


class Adam(Config):
    """Adaptive step per weight; weight decay is added to the gradient (Kingma and Ba, 2015)."""

    target: ClassVar[str] = "torch.optim:Adam"
    kind: Literal["Adam"] = "Adam"
    lr: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.0


class AdamW(Config):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019)."""

    target: ClassVar[str] = "torch.optim:AdamW"
    kind: Literal["AdamW"] = "AdamW"
    lr: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.01


class SGD(Config):
    """Stochastic gradient descent with momentum (Sutskever et al., 2013)."""

    target: ClassVar[str] = "torch.optim:SGD"
    kind: Literal["SGD"] = "SGD"
    lr: LearningRate = 1e-2
    weight_decay: WeightDecay = 5e-4
    momentum: Momentum = 0.9


Optimizer = Annotated[
    Adam | AdamW | SGD,
    Field(discriminator="kind", title="Optimizer", description="How a gradient becomes a step."),
]
