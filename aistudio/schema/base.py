"""The two kinds of model: a `Config` that users write and a `Document` that is stored."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo


class Config(BaseModel):
    """Values a user chose: unknown names are refused, a value never changes after it was checked."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False, protected_namespaces=()
    )


class Document(BaseModel):
    """A stored or sent record: names that a newer version added are kept, so that an older one loses nothing."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


def hint(info: FieldInfo, name: str) -> Any:
    """Something a field declares for the form beyond its type: `unit`, `scientific`, `suggest`."""
    extra = info.json_schema_extra
    return extra.get(name) if isinstance(extra, dict) else None
