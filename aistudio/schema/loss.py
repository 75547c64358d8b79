"""Loss functions, in one menu for each kind of target."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aistudio.schema.base import Config

LabelSmoothing = Annotated[
    float,
    Field(
        ge=0,
        lt=1,
        title="Label Smoothing",
        description="Share of the target that is spread over all classes; 0.1 often helps (Szegedy et al., 2016).",
    ),
]


class CrossEntropy(Config):
    """Negative log likelihood of the true class."""

    target: ClassVar[str] = "torch.nn:CrossEntropyLoss"
    kind: Literal["CrossEntropy"] = "CrossEntropy"
    label_smoothing: LabelSmoothing = 0.0


class Focal(Config):
    """Cross entropy that looks away from what is already right, for unbalanced classes (Lin et al., 2017)."""

    target: ClassVar[str] = "aistudio.engine.losses:FocalLoss"
    kind: Literal["Focal"] = "Focal"
    gamma: float = Field(
        default=2.0,
        ge=0,
        le=10,
        title="Gamma",
        description="How much easy examples are played down; 0 is cross entropy.",
    )


class BCE(Config):
    """Binary cross entropy: each class against the rest, with a sigmoid of its own (Wightman et al., 2021)."""

    target: ClassVar[str] = "aistudio.engine.losses:OneVsRestLoss"
    kind: Literal["BCE"] = "BCE"
    label_smoothing: LabelSmoothing = 0.0


ClassLoss = Annotated[
    CrossEntropy | Focal | BCE,
    Field(discriminator="kind", title="Loss Function", description="What training makes small."),
]
