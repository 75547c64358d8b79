"""What the product is compared with: the same training as a short Lightning script. Prints images per second."""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations
import cv2
import lightning
import numpy as np
import timm
import torch
from torch.utils.data import DataLoader, Dataset


class Photos(Dataset[tuple[torch.Tensor, int]]):
    def __init__(self, files: list[tuple[str, int]], transforms: list[Any]) -> None:
        self.files = files
        self.compose = albumentations.Compose([*transforms, albumentations.Normalize()])

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        path, label = self.files[index]
        image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
        pixels = self.compose(image=image)["image"]
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))), label


class Plain(lightning.LightningModule):  # type: ignore[misc]
    def __init__(self, setup: Mapping[str, Any]) -> None:
        super().__init__()
        self.setup_values = setup
        self.model = timm.create_model(setup["backbone"], num_classes=setup["classes"])
        self.times: list[list[float]] = []

    def on_train_epoch_start(self) -> None:
        self.times.append([])

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        images, labels = batch
        return torch.nn.functional.cross_entropy(self.model(images), labels, label_smoothing=0.1)

    def on_train_batch_end(self, *_: Any) -> None:
        self.times[-1].append(time.monotonic())

    def validation_step(self, batch: Any, _: int) -> None:
        torch.nn.functional.cross_entropy(self.model(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.model.parameters(), lr=3e-4, weight_decay=0.01)


def rate(times: list[list[float]], batch_size: int) -> float:
    """Images per second between the first and the last step of each epoch but the first."""
    spans = [(epoch[-1] - epoch[0], len(epoch) - 1) for epoch in times[1:]]
    return batch_size * sum(steps for _, steps in spans) / sum(seconds for seconds, _ in spans)


def main(setup: Mapping[str, Any]) -> None:
    side, batch = setup["side"], setup["batch_size"]
    crop = albumentations.RandomResizedCrop(size=(side, side), scale=(0.35, 1.0), area_for_downscale="image")
    train = Photos(setup["train"], [crop, albumentations.HorizontalFlip()])
    val = Photos(setup["val"], [albumentations.Resize(side, side, area_for_downscale="image")])
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    module = Plain(setup)
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=setup["epochs"],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    workers = setup["num_workers"]
    options: dict[str, Any] = {"batch_size": batch, "num_workers": workers, "persistent_workers": workers > 0}
    trainer.fit(module, DataLoader(train, shuffle=True, drop_last=True, **options), DataLoader(val, **options))
    print(json.dumps({"images_per_second": rate(module.times, batch)}))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
