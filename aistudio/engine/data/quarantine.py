"""Images that cannot be read: a few are left out and told, too many end the run."""

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch

from aistudio.errors import CorruptImage
from aistudio.schema.events import Event, ImageSkipped

SHARE, AT_LEAST = 0.01, 10
NAMED = 3


class Unreadable(NamedTuple):
    """`id` of the image in the data set, its file name, and what is wrong with it."""

    id: int
    file: str
    message: str


Report = Callable[[Iterable[Unreadable]], None]


def refuse(found: Iterable[Unreadable]) -> None:
    """Not even one is left out."""
    for one in found:
        raise CorruptImage(one.message)


class Quarantine:
    """Every unreadable image is told once. `images`: how many there are to train on."""

    def __init__(self, images: int, tell: Callable[[Event], None]) -> None:
        self.limit = max(int(images * SHARE), AT_LEAST)
        self._tell = tell
        self._known: dict[int, Unreadable] = {}

    def add(self, found: Iterable[Unreadable]) -> None:
        """Raises CorruptImage when there are too many."""
        for one in found:
            if one.id not in self._known:
                self._known[one.id] = one
                skipped = len(self._known)
                self._tell(ImageSkipped(time=time.time(), image=one.file, message=one.message, skipped=skipped))
        if len(self._known) > self.limit:
            first = ", ".join(one.file for one in list(self._known.values())[:NAMED])
            raise CorruptImage(f"More than {self.limit} images cannot be read, among them {first}.")

    def share(self, devices: int) -> None:
        """Every process of a distributed run learns what the others have found. All must call it."""
        if devices > 1:
            everywhere: list[Any] = [None] * devices
            torch.distributed.all_gather_object(everywhere, list(self._known.values()))
            self.add(Unreadable(*one) for found in everywhere for one in found)
