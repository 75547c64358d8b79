"""Image classification: one label for each image."""

from typing import Literal

from pydantic import Field

from aistudio.schema.augmentation import Augmentations
from aistudio.schema.base import Config
from aistudio.schema.loss import ClassLoss, CrossEntropy
from aistudio.schema.model import ImageClassifier
from aistudio.schema.optimizer import AdamW, Optimizer
from aistudio.schema.scheduler import Cosine, Scheduler
from aistudio.schema.training import Hardware, Training
from aistudio.tasks.base import Task


class ClassificationConfig(Config):
    """Everything that decides what a classification run does."""

    task: Literal["classification"] = Field(default="classification", title="Task")
    model: ImageClassifier = Field(default=ImageClassifier(), title="Model")
    split: str | None = Field(
        default=None,
        max_length=64,
        title="Split",
        description="Which images are for training and which for validation.",
        json_schema_extra={"suggest": "splits"},
    )
    optimizer: Optimizer = AdamW(lr=5e-4)
    scheduler: Scheduler = Cosine(warmup_epochs=1)
    loss: ClassLoss = CrossEntropy(label_smoothing=0.1)
    training: Training = Field(default=Training(), title="Training")
    augmentations: Augmentations = Field(default=Augmentations(), title="Augmentations")
    hardware: Hardware = Field(default=Hardware(), title="Hardware")


CLASSIFICATION = Task(
    key="classification",
    name="Classification",
    description="One label for each image.",
    icon="category",
    config=ClassificationConfig,
    metrics={
        "val_accuracy": "Accuracy",
        "val_f1": "F1",
        "val_precision": "Precision",
        "val_recall": "Recall",
    },
    direction="max",
    annotation="label",
    sample_config={
        "model": {"backbone": "resnet10t", "pretrained": False},
        "optimizer": {"kind": "AdamW", "lr": 2e-3, "weight_decay": 0.05},
        "training": {"epochs": 15, "batch_size": 16, "num_workers": 0},
        "augmentations": {
            "train": [
                {"kind": "HorizontalFlip", "p": 0.5},
                {"kind": "Affine", "scale": [0.9, 1.1], "rotate": [-20, 20], "shear": [0, 0], "p": 0.8},
                {"kind": "Normalize", "source": "weights"},
            ],
            "val": [{"kind": "Normalize", "source": "weights"}],
        },
    },
)
