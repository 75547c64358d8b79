"""Whether the network takes images of the sizes that training and validation end at."""

from collections.abc import Mapping, Sequence
from typing import Any

from aistudio.catalog import backbones, sizes
from aistudio.catalog.backbones import Backbone
from aistudio.errors import FieldError, Fix
from aistudio.schema.augmentation import Augmentations
from aistudio.schema.transforms.base import Size, Transform
from aistudio.schema.transforms.size import Sized, final_size, size_text
from aistudio.tasks.base import TaskConfig

LISTS = {"train": "training", "val": "validation"}


def wrong_sizes(config: TaskConfig) -> list[FieldError]:
    """Of the lists that end at one; the first brings the fix for all. A network that is not listed is left alone."""
    model = config.model_dump().get("model", {})
    backbone = backbones.find(str(model.get("backbone")))
    lists: dict[str, Sequence[Transform]] = {name: getattr(config.augmentations, name) for name in LISTS}
    ends = {name: size for name, transforms in lists.items() if (size := final_size(transforms))}
    if backbone is None or not ends:
        return []
    first = next(iter(ends.values()))
    weights = bool(model.get("pretrained"))
    reasons = {name: why for name, size in ends.items() if (why := _why_not(backbone, weights, size, first))}
    nearest = sizes.sides(backbone, weights).nearest
    fix = _fix(lists, (nearest(first[0]), nearest(first[1]))) if reasons else None
    if len(reasons) > 1 and len(set(ends.values())) == 1:
        return [FieldError("augmentations.train", "Augmentations", _told("", first, reasons["train"]), fix)]
    return [
        FieldError(
            f"augmentations.{name}",
            Augmentations.model_fields[name].title or name,
            _told(LISTS[name], ends[name], reason),
            fix if number == 0 else None,
        )
        for number, (name, reason) in enumerate(reasons.items())
    ]


def _told(kind: str, size: Size, reason: str) -> str:
    return f"{kind} images end at {size_text(size)} px, but {reason}.".lstrip()


def _why_not(backbone: Backbone, pretrained: bool, size: Size, built_for: Size) -> str:
    """Empty if it is taken."""
    allowed, fitting = sizes.sides(backbone, False), sizes.sides(backbone, pretrained)
    if not all(map(allowed.takes, size)):
        return f"{backbone.title} takes {allowed}"
    if not all(map(fitting.takes, size)):
        return f"the weights of {backbone.title} fit {fitting}"
    if size != built_for and sizes.takes_one_size(backbone):
        return f"{backbone.title} is built for the {size_text(built_for)} px of the training images"
    return ""


def _fix(lists: Mapping[str, Sequence[Transform]], size: Size) -> Fix | None:
    """What brings each list that ends at another size to this one; None if a later step would undo it."""
    patch: dict[str, Any] = {}
    for name, transforms in lists.items():
        if final_size(transforms) in (None, size):
            continue
        last = max(number for number, one in enumerate(transforms) if isinstance(one, Sized))
        sized = transforms[last].model_copy(update={"height": size[0], "width": size[1]})
        resized = [*transforms[:last], sized, *transforms[last + 1 :]]
        if final_size(resized) != size:
            return None
        patch[f"augmentations.{name}"] = [one.model_dump(mode="json") for one in resized]
    return Fix(f"Use {size_text(size)} px", patch)
