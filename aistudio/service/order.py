"""Whether the transforms of a list come in an order that leaves numbers for the network to learn from."""

from collections.abc import Sequence

from aistudio.errors import FieldError, Fix
from aistudio.schema.augmentation import Augmentations
from aistudio.schema.transforms.base import Transform
from aistudio.tasks.base import TaskConfig


def wrong_order(config: TaskConfig) -> list[FieldError]:
    """Powers of the negative numbers that Normalize makes are none; what is only unwise is left to the advice."""
    lists: dict[str, Sequence[Transform]] = {name: getattr(config.augmentations, name) for name in ("train", "val")}
    return [
        FieldError(
            f"augmentations.{name}",
            Augmentations.model_fields[name].title or name,
            "RandomGamma after Normalize makes pixels that are not numbers (NaN); put Normalize last.",
            _fix(name, transforms),
        )
        for name, transforms in lists.items()
        if _makes_nan(transforms)
    ]


def _makes_nan(transforms: Sequence[Transform]) -> bool:
    kinds = [one.kind for one in transforms if getattr(one, "p", 1) > 0]
    return "Normalize" in kinds and "RandomGamma" in kinds[kinds.index("Normalize") :]


def _fix(name: str, transforms: Sequence[Transform]) -> Fix:
    """The last Normalize is the one that stays."""
    others = [one for one in transforms if one.kind != "Normalize"]
    last = [one for one in transforms if one.kind == "Normalize"][-1:]
    patch = {f"augmentations.{name}": [one.model_dump(mode="json") for one in (*others, *last)]}
    return Fix("Put Normalize last", patch)
