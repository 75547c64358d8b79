"""What can be found out before the first epoch: whether shared memory and the memory of the device are large enough."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from torch import Tensor

from aistudio.engine.failures import reason_of
from aistudio.engine.job import Job
from aistudio.errors import OutOfMemory
from aistudio.schema.training import Training

SHARED_MEMORY = Path("/dev/shm")
BATCHES_AHEAD = 2  # of each DataLoader worker


def check_shared_memory(image: Tensor, training: Training, folder: Path = SHARED_MEMORY) -> None:
    """DataLoader workers hand their batches over in shared memory; where it is too small they die of a bus error."""
    if training.num_workers == 0 or not folder.exists():
        return
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    needed = image.nbytes * training.batch_size * training.num_workers * BATCHES_AHEAD
    if needed > free:
        raise OutOfMemory(
            f"{training.num_workers} workers with batches of {training.batch_size} images need about {_mb(needed)} of "
            f"shared memory, but {folder} has {_mb(free)} free.",
            f"Lower Num Workers or Batch Size, or give {folder} more room (docker run --shm-size=8g).",
        )


class MemoryFit(Callback):  # type: ignore[misc]
    """One step with random images before the first epoch, beside all that the optimizer keeps; nothing of it stays.

    Before the model is wrapped for several devices, whose gradients would otherwise be waited for.
    """

    def __init__(self, job: Job, image: Tensor, images: int) -> None:
        self._job = job
        self._image = image
        self._images = images

    def setup(self, trainer: Any, module: Any, stage: str) -> None:
        device = trainer.strategy.root_device
        try:
            module.to(device)
            with _undone(module, device):
                optimizer = _stepped(module)  # has its states while it lives
                with trainer.precision_plugin.forward_context():
                    module.training_step(self._batch(device), 0)["loss"].backward()
                del optimizer
        except (MemoryError, RuntimeError) as error:
            if reason_of(error) != "OutOfMemory":
                raise
            raise OutOfMemory(self._message(device)) from error
        self._job.check_stop()

    def _batch(self, device: torch.device) -> tuple[Tensor, Tensor]:
        size = (self._images, *self._image.shape)
        images = torch.zeros(size, dtype=self._image.dtype, device=device)
        images = images.random_(0, 256) if images.dtype == torch.uint8 else images.normal_()
        labels = torch.zeros(self._images, dtype=torch.long, device=device)
        return images.contiguous(memory_format=torch.channels_last), labels

    def _message(self, device: torch.device) -> str:
        height, width = self._image.shape[-2:]
        where = "this machine" if device.type == "cpu" else "the GPU"
        return f"A batch of {self._images} images of {width} × {height} does not fit into the memory of {where}."


def _stepped(module: Any) -> torch.optim.Optimizer:
    """An optimizer of the run's kind after its first step, in which it makes its states."""
    optimizer: torch.optim.Optimizer = module.configure_optimizers()["optimizer"]
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.grad = torch.zeros_like(weight)
    optimizer.step()
    optimizer.zero_grad()
    return optimizer


@contextmanager
def _undone(module: Any, device: torch.device) -> Iterator[None]:
    """Afterwards weights, buffers (batch statistics), modes, gradients and random numbers are as they were.

    What is kept for that stays off the device, whose memory is what is tried out.
    """
    modes = {part: part.training for part in module.modules()}
    tensors = [*module.buffers(), *(weight for weight in module.parameters() if weight.requires_grad)]
    kept = [(tensor, tensor.detach().to("cpu", copy=True)) for tensor in tensors]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        module.model.train()
        try:
            yield
        finally:
            for part, mode in modes.items():
                part.training = mode
            with torch.no_grad():
                for tensor, before in kept:
                    tensor.copy_(before)
            module.zero_grad(set_to_none=True)


def _mb(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
