"""Batches of images: which images in which order, read and augmented, here or in worker processes."""

import math
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from aistudio.engine.data.images import read_image
from aistudio.engine.data.pipeline import Pipeline
from aistudio.engine.data.quarantine import Report, Unreadable, refuse
from aistudio.engine.ranks import die_with_parent
from aistudio.errors import CorruptImage, DataLoaderKilled, JobFailed, Mismatch
from aistudio.schema.transforms.size import size_text
from aistudio.store.dataset import Sample

Batch = tuple[Tensor, Tensor]
REPEATED = -1
MOST_TRIES = 100
LOOK_SECONDS = 10.0


class Draw(NamedTuple):
    """One image in one epoch. `repeated`: it only fills up the share of a device in validation; do not count it."""

    image: int
    epoch: int
    repeated: bool = False


@dataclass(frozen=True)
class Share:
    """Which device of how many this process works for."""

    rank: int = 0
    devices: int = 1


class Order(Sampler[Draw]):
    """The images of one device, in an order that depends on seed and epoch alone. Lightning calls `set_epoch`."""

    def __init__(self, images: int, share: Share, limit: int | None = None, seed: int | None = None) -> None:
        self._images = images
        self._share = share
        self._limit = limit
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch if self._seed is not None else 0

    def __len__(self) -> int:
        return len(self._places())

    def __iter__(self) -> Iterator[Draw]:
        order = np.arange(self._images)
        if self._seed is not None:
            np.random.default_rng((self._seed, self._epoch)).shuffle(order)
        fixed = self._seed is None
        return (Draw(int(order[at % self._images]), self._epoch, fixed and at >= self._images) for at in self._places())

    def _places(self) -> range:
        """Places in the order; each device gets as many, so that none waits for the others in vain."""
        rounds = math.ceil(self._images / self._share.devices)
        return range(rounds * self._share.devices)[self._share.rank :: self._share.devices][: self._limit]


class Loaded(NamedTuple):
    """8-bit or float images (N, 3, H, W), class indices (N), and what was left out."""

    images: Tensor
    labels: Tensor
    unreadable: tuple[Unreadable, ...]


class Images(Dataset[Any]):
    """Whole batches. `once`: an image that stands in for another one is not counted (validation)."""

    def __init__(self, samples: Sequence[Sample], pipeline: Pipeline, seed: int, once: bool = False) -> None:
        self._samples = samples
        self._pipeline = pipeline
        self._seed = seed
        self._once = once

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, draw: Draw) -> np.ndarray:
        """What is drawn at random depends on seed, epoch and image alone: not on workers, devices or batch size."""
        sample = self._samples[draw.image]
        sample.check()
        return self._pipeline(read_image(sample.path), (self._seed, draw.epoch, sample.id))

    def __getitems__(self, draws: list[Draw]) -> Loaded | JobFailed:
        """An error is handed over as a value: a worker process would turn it into a text."""
        try:
            read, unreadable = self._read(draws)
            images = _stack([image for _, image in read])
        except JobFailed as error:
            return error
        labels = [REPEATED if draw.repeated else self._samples[draw.image].label for draw, _ in read]
        return Loaded(images, torch.tensor(labels), tuple(unreadable))

    def _read(self, draws: list[Draw]) -> tuple[list[tuple[Draw, np.ndarray]], list[Unreadable]]:
        """What can be read. Where that is less than two images, which is too few to train on, the next ones stand in.

        So there are as many batches as planned: devices wait for each other's, and a step for all of its own.
        """
        read: list[tuple[Draw, np.ndarray]] = []
        unreadable: list[Unreadable] = []
        for number, draw in enumerate([*draws, *self._next(draws[-1])]):
            if number >= len(draws) and len(read) >= min(len(draws), 2):
                break
            try:
                read.append((draw, self[draw]))
            except CorruptImage as error:
                sample = self._samples[draw.image]
                unreadable.append(Unreadable(sample.id, sample.path.name, error.message))
        if not read:
            raise CorruptImage(unreadable[0].message)
        return read, unreadable

    def _next(self, draw: Draw) -> Iterator[Draw]:
        count = len(self._samples)
        for offset in range(1, min(count, MOST_TRIES)):
            yield Draw((draw.image + offset) % count, draw.epoch, self._once)


def _stack(images: list[np.ndarray]) -> Tensor:
    """Colour stays the innermost in memory (`channels_last`): quicker to put together and to convolve."""
    sizes = sorted({image.shape[:2] for image in images})
    if len(sizes) > 1:
        named = ", ".join(map(size_text, sizes[:3])) + (" …" if len(sizes) > 3 else "")
        raise Mismatch(
            f"The images of a batch have different sizes after the augmentations: {named}.",
            "Add a Resize or a crop of a fixed size to both augmentation lists.",
        )
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


class Batches:
    """A DataLoader that raises what went wrong in a worker as it was. Workers live until `close`."""

    def __init__(
        self, images: Images, order: Order, batch_size: int, workers: int, pin: bool, report: Report = refuse
    ) -> None:
        self.sampler = order
        self._report = report
        self._loader: DataLoader[Any] = DataLoader(
            images,
            batch_size=batch_size,
            sampler=order,
            num_workers=workers,
            collate_fn=_as_is,
            pin_memory=pin,
            persistent_workers=workers > 0,
            multiprocessing_context="fork" if workers else None,  # of this very process, whose end they hear of
            worker_init_fn=partial(_start_worker, os.getpid()),
            generator=torch.Generator(),  # torch's own random numbers are those of the training steps alone
        )

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        batches = iter(self._loader)
        while (batch := _next(batches)) is not None:
            if isinstance(batch, JobFailed):
                raise batch
            self._report(batch.unreadable)
            yield batch.images, batch.labels

    def close(self) -> None:
        """Ends the workers now: while one of them lives, the lease of the run is held."""
        iterator = getattr(self._loader, "_iterator", None)
        if iterator is not None:
            iterator._shutdown_workers()
            self._loader._iterator = None


def _next(batches: Any) -> Any:
    """None at the end. Torch names a worker that died, but not one that closed its line and is not gone yet."""
    try:
        return next(batches, None)
    except (ConnectionError, EOFError, FileNotFoundError) as error:
        workers = getattr(batches, "_workers", ())
        ending = wait([worker.sentinel for worker in workers], LOOK_SECONDS)
        for worker in workers:
            if worker.sentinel in ending:
                worker.join(LOOK_SECONDS)  # this line too closes a moment before it is gone
        dead = [worker for worker in workers if not worker.is_alive()]
        if not dead:
            raise
        message = f"DataLoader worker (pid {dead[0].pid}) ended while it handed over a batch."
        raise DataLoaderKilled(message) from error


class Kept:
    """Batches that were read once and stay in memory."""

    def __init__(self, batches: list[Batch]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)

    def close(self) -> None:
        pass


def _as_is(batch: Any) -> Any:
    return batch


def _start_worker(parent: int, number: int) -> None:
    """One thread each. A signal to the whole group is the main process's to answer: it ends its workers itself.

    Those of a process that is killed end with it: torch's own look at that is left out while an image is read, and
    takes the process for its parent that took it over if it comes too late.
    """
    die_with_parent(parent)
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
