"""The training and validation batches of a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from aistudio.engine.data.batches import Batch, Batches, Images, Kept, Order, Share
from aistudio.engine.data.pipeline import Pipeline
from aistudio.engine.data.quarantine import Report, refuse
from aistudio.schema.portions import Portions
from aistudio.schema.training import Training
from aistudio.store.dataset import Sample

LARGEST_KEPT = 256 * 2**20


@dataclass(frozen=True)
class Loading:
    """`pin`: batches are copied to a GPU from locked memory. `check` is called while long work is under way.

    `report` hears of images that cannot be read.
    """

    training: Training
    share: Share
    pin: bool
    check: Callable[[], None]
    report: Report = refuse


def train_batches(samples: Sequence[Sample], pipeline: Pipeline, portions: Portions, how: Loading) -> Batches:
    seed = how.training.seed
    order = Order(len(samples), how.share, portions.images, seed)
    images = Images(samples, pipeline, seed)
    return Batches(images, order, portions.batch_size, how.training.num_workers, how.pin, how.report)


def first_image(samples: Sequence[Sample], pipeline: Pipeline, how: Loading) -> Tensor:
    """One image as the model gets it, (3, H, W): what shape and type they have."""
    images = Images(samples, pipeline, how.training.seed)
    batch, _ = next(iter(Batches(images, Order(len(samples), Share()), 1, 0, False, how.report)))
    return batch[0]


def val_batches(samples: Sequence[Sample], pipeline: Pipeline, how: Loading) -> Batches | Kept:
    """In the same order with the same random draws in every epoch; small sets are read once and kept."""
    training = how.training
    images = Images(samples, pipeline, training.seed, once=True)
    order = Order(len(samples), how.share)
    batches = Batches(images, order, training.batch_size, training.num_workers, how.pin, how.report)
    if first_image(samples, pipeline, how).nbytes * len(samples) > LARGEST_KEPT * how.share.devices:
        return batches
    try:
        return Kept([_own(batch, how) for batch in batches])
    finally:
        batches.close()


def _own(batch: Batch, how: Loading) -> Batch:
    """What a worker shares holds two files open and takes room in /dev/shm, where both are few."""
    how.check()
    images, labels = batch
    return _own_tensor(images), _own_tensor(labels)


def _own_tensor(tensor: Tensor) -> Tensor:
    shared = tensor.is_shared()  # type: ignore[no-untyped-call]
    return tensor.clone() if shared else tensor
