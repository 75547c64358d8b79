"""What sizes of images the networks take: facts of timm, which a test compares. Who is not listed takes any."""

from dataclasses import dataclass

from aistudio.catalog.backbones import Backbone


@dataclass(frozen=True)
class Sides:
    """What height and width must be, each for itself: from `least` to `most`, and near enough to a multiple of `step`.

    Up to `less` pixels below a multiple and up to `more` above it will do; below `coarse` any side will.
    """

    least: int = 1
    most: int | None = None
    step: int = 1
    less: int = 0
    more: int = 0
    coarse: int = 0

    def takes(self, side: int) -> bool:
        if side < self.least or (self.most is not None and side > self.most):
            return False
        return side < self.coarse or (side + self.less) % self.step <= self.less + self.more

    def nearest(self, side: int) -> int:
        """One that is taken."""
        if self.takes(side):
            return side
        if self.most is not None:
            return self.most
        return max((side + self.step // 2) // self.step * self.step, self.least, self.step)

    def __str__(self) -> str:
        if self.most == self.least:
            return f"{self.least} × {self.least} px only"
        if self.most is not None:
            return f"sides of {self.least} to {self.most} px"
        if self.step > 1:
            return f"sides that are multiples of {self.step} px"
        return f"sides of {self.least} px and more"


def sides(backbone: Backbone, pretrained: bool) -> Sides:
    """`pretrained`: its weights may fit fewer sizes than the network itself."""
    tables = [PRETRAINED, SIDES] if pretrained else [SIDES]
    found = (table.get(key) for table in tables for key in (backbone.name, backbone.family))
    return next((one for one in found if one is not None), ANY)


def takes_one_size(backbone: Backbone) -> bool:
    """Whether it refuses images of another size than it was built for."""
    return backbone.family in ONE_SIZE


ANY = Sides()
_PATCH_14, _PATCH_16, _FROM_32 = Sides(least=14), Sides(least=16), Sides(least=32)

SIDES = {
    "BEiT": _PATCH_16,
    "CoAtNet": Sides(step=32, less=1, more=1),
    "ConvNeXt": _FROM_32,
    "ConvNeXtV2": _FROM_32,
    "DeiT": _PATCH_16,
    "DenseNet": Sides(least=29),
    "DINOv2": _PATCH_14,
    "EdgeNeXt": _FROM_32,
    "efficientformer_l1": Sides(least=193, most=224),
    "efficientformerv2_s0": Sides(step=32, less=15),
    "EVA-02": _PATCH_14,
    "HRNet": Sides(step=32, less=3),
    "Inception": Sides(least=75),
    "LeViT": Sides(step=16),
    "MaxViT": Sides(least=32, step=32, coarse=64),
    "VGG": _FROM_32,
    "ViT": _PATCH_16,
}
PRETRAINED = {
    "efficientformerv2_s0": Sides(least=209, most=224),
    "LeViT": Sides(least=224, most=224),
}
ONE_SIZE = frozenset({"BEiT", "DeiT", "DINOv2", "EVA-02", "Swin", "ViT"})
