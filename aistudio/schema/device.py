"""A place to compute."""

from aistudio.schema.base import Document


class Device(Document):
    """`id` is `cpu` or `gpu:N`; memory in bytes."""

    id: str
    name: str
    uuid: str | None = None
    memory_total: int
    memory_free: int
