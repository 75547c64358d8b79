"""How long and in what portions to train, and on what hardware."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from aistudio.schema.base import Config


class EarlyStopping(Config):
    """Ends the run when the main metric has stopped getting better."""

    patience: int = Field(
        default=10,
        ge=1,
        le=1000,
        title="Patience",
        description="Epochs without a better main metric before the run ends.",
        json_schema_extra={"unit": "epochs"},
    )


class Training(Config):
    epochs: int = Field(
        default=20,
        ge=1,
        le=10_000,
        title="Epochs",
        description="Passes over the training images.",
    )
    batch_size: int = Field(
        default=32,
        ge=1,
        le=4096,
        title="Batch Size",
        description="Images in one pass through the model, on each device.",
        json_schema_extra={"unit": "images"},
    )
    batch_multiplier: int = Field(
        default=1,
        ge=1,
        le=64,
        title="Batch Multiplier",
        description="Gradients of this many batches make one step: a larger effective batch without more GPU memory.",
    )
    num_workers: int = Field(
        default=4,
        ge=0,
        le=64,
        title="Num Workers",
        description="Processes that read and augment images. 0 does it in the training process itself.",
    )
    early_stopping: EarlyStopping | None = Field(
        default=None,
        title="Early Stopping",
        description="Ends the run when the main metric has stopped getting better.",
    )
    seed: int = Field(
        default=42,
        ge=0,
        le=2**32 - 1,
        title="Seed",
        description="Where random numbers start: weights of the head, order of the images, augmentations.",
    )


DeviceId = Annotated[str, Field(pattern=r"^(cpu|gpu:\d{1,3})$")]
Precision = Literal["32", "16-mixed", "bf16-mixed"]


class Hardware(Config):
    devices: tuple[DeviceId, ...] = Field(
        default=("cpu",),
        min_length=1,
        max_length=64,
        title="Device",
        description="Where to train. Two or more GPUs share the work (DDP); the CPU is ignored beside a GPU.",
        json_schema_extra={"suggest": "devices"},
    )
    precision: Precision = Field(
        default="32",
        title="Precision",
        description="Number format of the forward and backward pass; mixed is faster on GPUs that support it.",
        json_schema_extra={"suggest": "precisions"},
    )

    @property
    def gpus(self) -> tuple[int, ...]:
        """Indices of the chosen GPUs, in order and without repeats."""
        return tuple(sorted({int(device.split(":")[1]) for device in self.devices if device != "cpu"}))

    @property
    def used(self) -> tuple[str, ...]:
        """The devices that the run really holds: the CPU is ignored beside a GPU."""
        return tuple(f"gpu:{index}" for index in self.gpus) or ("cpu",)

    @field_validator("precision", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """People write 32 without quotes."""
        return str(value) if isinstance(value, int) else value

    @field_validator("precision")
    @classmethod
    def _half_needs_gpu(cls, value: Precision, info: ValidationInfo) -> Precision:
        if value == "16-mixed" and all(device == "cpu" for device in info.data.get("devices", ())):
            raise PydanticCustomError("half_on_cpu", "16-mixed needs a GPU: choose 32 or bf16-mixed on the CPU")
        return value


def effective_batch_size(training: Training, hardware: Hardware) -> str:
    """The label of the form: the number, and how it comes about where that is not obvious."""
    factors = (training.batch_size, training.batch_multiplier, max(len(hardware.gpus), 1))
    size = factors[0] * factors[1] * factors[2]
    if factors[1:] == (1, 1):
        return f"Effective batch size: {size}"
    return f"Effective batch size: {size} ({' × '.join(map(str, factors))})"
