"""How images are cut into batches, and batches into optimizer steps: asked by the form and by the worker alike."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Portions:
    """How the images of one device are cut into batches, and batches into optimizer steps."""

    images: int
    batch_size: int
    multiplier: int = 1

    @classmethod
    def of(cls, images: int, batch_size: int, multiplier: int = 1, devices: int = 1) -> "Portions":
        """A last batch of one image is left out: batch normalisation cannot train on it."""
        share = math.ceil(images / devices)
        single = batch_size > 1 and share > 1 and share % batch_size == 1
        return cls(share - single, batch_size, multiplier)

    @property
    def batches(self) -> int:
        return math.ceil(self.images / self.batch_size)

    @property
    def steps(self) -> int:
        return math.ceil(self.batches / self.multiplier)

    def weight(self, batch: int) -> float:
        """What the mean loss of a batch counts for in its optimizer step, times `multiplier`.

        Lightning divides each loss by the multiplier. With this weight a step equals one large batch, the last one of
        an epoch included, whose batches may be fewer and smaller.
        """
        first = batch - batch % self.multiplier
        together = min(self.multiplier * self.batch_size, self.images - first * self.batch_size)
        return self.multiplier * min(self.batch_size, self.images - batch * self.batch_size) / together
