"""Previews: what the images of a project look like after each step of an augmentation list."""

from typing import Any, Literal

from pydantic import Field

from aistudio.schema.base import Config, Document

MOST_IMAGES = 8
PipelineName = Literal["train", "val"]


class PreviewRequest(Config):
    """What to show. The same request on the same data set gives the same pictures, those that training sees."""

    transforms: list[dict[str, Any]] = Field(
        title="Augmentations", description="The list as in a config; an error names the transform by its place."
    )
    pipeline: PipelineName = Field(
        default="train", title="Pipeline", description="Of which of the two lists it is; also, of which images."
    )
    backbone: str = Field(
        default="resnet18",
        max_length=100,
        title="Architecture",
        description="Its weights say what Normalize does, unless that has its own mean and deviation.",
    )
    pretrained: bool = Field(default=True, title="Pretrained", description="As in the config.")
    seed: int = Field(default=0, ge=0, le=2**32 - 1, title="Seed", description="Of the training; chooses images, too.")
    epoch: int = Field(
        default=1, ge=1, le=10_000, title="Epoch", description="In which epoch; another one, other random draws."
    )
    count: int = Field(default=4, ge=1, le=MOST_IMAGES, title="Images", description="How many images to show.")
    split: str | None = Field(
        default=None, max_length=64, title="Split", description="Shows images that this split gives to the pipeline."
    )
    images: list[int] | None = Field(
        default=None, min_length=1, max_length=MOST_IMAGES, title="Image Ids", description="Shows just these."
    )


class PreviewPicture(Document):
    """One image after one step, as a picture file.

    `width` and `height` are those of the image; the picture has the same shape, and 256 pixels at most on its longest
    side. `applied` is false where chance left the step out; `drawn` are the numbers that chance gave it. `values` are
    the smallest and the largest number of a normalised image, None for one of 8 bits (0 to 255); the picture of a
    normalised image is shown as it was before: times deviation plus mean, cut off at black and white.
    """

    file: str
    width: int
    height: int
    applied: bool = True
    drawn: dict[str, Any] = Field(default_factory=dict)
    values: tuple[float | None, float | None] | None = None


class PreviewImage(Document):
    """One image: the original, then one picture after each step. `error` says why there is none."""

    id: int
    name: str
    label: str | None = None
    pictures: list[PreviewPicture] = Field(default_factory=list)
    error: str | None = None


class Preview(Document):
    """`steps` are the kinds of the transforms: `images[i].pictures[n]` is after `steps[n - 1]`, 0 is the original."""

    id: str
    project: str
    steps: list[str]
    images: list[PreviewImage]
