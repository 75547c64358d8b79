"""A place to compute."""

from pydantic import Field

from aistudio.schema.base import Document


class Device(Document):
    """`id` is `cpu` or `gpu:N`; memory in bytes; `capability` is a GPU's compute capability, such as (8, 0).

    `utilization`, in percent, is told by a `MachineLoad` only.
    """

    id: str
    name: str
    uuid: str | None = None
    memory_total: int
    memory_free: int
    capability: tuple[int, int] | None = None
    utilization: float | None = Field(default=None, exclude=True)
