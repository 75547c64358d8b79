"""What was deleted and can still be had back."""

from datetime import datetime
from typing import Literal

from aistudio.schema.base import Document

Kind = Literal["project", "experiment", "split"]
Why = Literal["deleted", "restarted"]


class TrashNote(Document):
    """Kept beside what was moved to the trash. `place` is where it was, relative to the workspace."""

    kind: Kind
    title: str
    place: str
    why: Why = "deleted"
    discarded_at: datetime


class TrashEntry(TrashNote):
    """`name` is what to restore it by; after `expires_at` it is removed for good."""

    name: str
    expires_at: datetime
