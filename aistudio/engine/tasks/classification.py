"""Training of image classifiers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import nn
from torchmetrics import MetricCollection, SumMetric
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)

from aistudio.engine import optimizers
from aistudio.engine.data.batches import Batch
from aistudio.engine.data.pipeline import Pipeline
from aistudio.engine.models import Built, build, check_size, rebuild
from aistudio.engine.targets import create as create_target
from aistudio.errors import Mismatch
from aistudio.schema.experiment import Extension
from aistudio.schema.portions import Portions
from aistudio.schema.transforms.size import final_size
from aistudio.tasks.classification import ClassificationConfig


def create(
    config: ClassificationConfig,
    classes: Sequence[str],
    weights_dir: Path | None,
    checkpoint: Mapping[str, Any] | None = None,
) -> "ImageClassification":
    """`checkpoint`: what one holds that training shall go on from."""
    if len(classes) < 2:
        raise Mismatch("The data set has a single class: there is nothing to tell apart.", "Import images of two.")
    train, val = final_size(config.augmentations.train), final_size(config.augmentations.val)
    if checkpoint is None:
        built = build(config.model, len(classes), weights_dir, train)
    else:
        built = rebuild(config.model, len(classes), checkpoint, train)
    if val and val != train:  # or it would come out after the first epoch
        check_size(config.model.backbone, val, built_for=train)
    return ImageClassification(config, len(classes), built)


class ImageClassification(LightningModule):  # type: ignore[misc]
    """`portions` must be set before training, `extensions` if epochs were added."""

    portions: Portions
    extensions: Sequence[Extension] = ()

    def __init__(self, config: ClassificationConfig, classes: int, built: Built) -> None:
        super().__init__()
        self.config = config
        self.model: nn.Module = built.model.to(memory_format=torch.channels_last)
        self.train_pipeline = Pipeline(config.augmentations.train, built.mean, built.std)
        self.val_pipeline = Pipeline(config.augmentations.val, built.mean, built.std)
        self.train_normalization = self.train_pipeline.normalization()
        self.val_normalization = self.val_pipeline.normalization()
        self.loss: nn.Module = create_target(config.loss)
        # Not a MeanMetric: it forgets its weights where NaN is let through.
        self.val_loss = SumMetric(nan_strategy="disable")
        self.val_images = SumMetric(nan_strategy="disable")
        self.metrics = metrics(classes)
        self.facts: Mapping[str, Any] = built.facts
        self.about: Mapping[str, Any] = {"backbone": config.model.backbone, "weights": built.source}
        for part in self.modules():
            part.training = True  # Lightning warns of parts that are not: a frozen body would look like an oversight

    def on_train_epoch_start(self) -> None:
        self.model.train()

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        images, labels = batch
        loss = self.loss(self.model(self.train_normalization(images)), labels)
        weighted = loss * self.portions.weight(batch_idx)
        return {"loss": weighted, "value": loss.detach(), "images": len(labels)}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        images, labels = batch
        logits = self.model(self.val_normalization(images)).float()
        logits, labels = logits[labels >= 0], labels[labels >= 0]
        if len(labels):
            self.val_loss.update(self.loss(logits, labels) * len(labels))
            self.val_images.update(len(labels))
            self.metrics.update(logits, labels)

    def measured(self) -> dict[str, float]:
        found = {"val_loss": self.val_loss.compute() / self.val_images.compute(), **self.metrics.compute()}
        for metric in (self.val_loss, self.val_images, self.metrics):
            metric.reset()
        values = torch.stack([value.float() for value in found.values()]).tolist()
        return dict(zip(found, values, strict=True))

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = optimizers.optimizer(self.config.optimizer, self.model)
        scheduler = optimizers.schedule(
            self.config.scheduler, optimizer, self.portions.steps, self.config.training.epochs, self.extensions
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        images, labels = batch
        return images.to(device, non_blocking=True), labels.to(device, non_blocking=True)


def metrics(classes: int) -> MetricCollection:
    """Share of right answers; the others are means over the classes, each counted alike."""
    return MetricCollection(
        {
            "val_accuracy": MulticlassAccuracy(classes, average="micro"),
            "val_f1": MulticlassF1Score(classes, average="macro"),
            "val_precision": MulticlassPrecision(classes, average="macro"),
            "val_recall": MulticlassRecall(classes, average="macro"),
        }
    )
