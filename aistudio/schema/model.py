"""Which network to train, and from what start."""

from typing import Annotated

from pydantic import Field

from aistudio.schema.base import Config

BACKBONE_PATTERN = r"^[a-z0-9][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)?$"

Backbone = Annotated[
    str,
    Field(
        pattern=BACKBONE_PATTERN,
        max_length=100,
        title="Architecture",
        description="Network that turns an image into features: one of the list, or any model name of timm.",
        json_schema_extra={"suggest": "backbones"},
    ),
]


class ImageClassifier(Config):
    """A timm backbone with a linear head."""

    backbone: Backbone = "resnet18"
    pretrained: bool = Field(
        default=True, title="Pretrained", description="Start from ImageNet weights instead of random ones."
    )
    freeze_backbone: bool = Field(
        default=False,
        title="Freeze backbone",
        description="Train the head alone: quick, and safe with very few images.",
    )
