"""What is looked at on the Data page, as it stands in the address: filters, order, page, image."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_args
from urllib.parse import urlencode

from aistudio.schema.project import Subset
from aistudio.store.browse import Sort

TABS = ("images", "statistics", "report")


@dataclass(frozen=True)
class View:
    """Values that make no sense in an address are those of the start. `problem`: a kind, or "any".

    `version`: None is the newest, whichever that is.
    """

    version: int | None = None
    tab: str = "images"
    label: str = ""
    split: str = ""
    subset: Subset | str = ""
    problem: str = ""
    alike: bool = False
    search: str = ""
    sort: Sort = "id"
    page: int = 1
    image: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "View":
        texts = {name: query.get(key, "")[:200] for name, key in _NAMES.items() if name in _TEXTS}
        return cls(
            **texts,
            version=_number(query.get("version", "")),
            tab=query["tab"] if query.get("tab") in TABS else "images",
            subset=query["subset"] if query.get("subset") in get_args(Subset) else "",
            sort=query["sort"] if query.get("sort") in get_args(Sort) else "id",  # type: ignore[arg-type]
            alike=query.get("alike") == "yes",
            page=_number(query.get("page", "")) or 1,
            image=_number(query.get("image", "")),
        )

    def query(self) -> str:
        """The end of the address, with what differs from the start."""
        said = {_NAMES[one.name]: _word(getattr(self, one.name)) for one in fields(self) if self._differs(one.name)}
        return f"?{urlencode(said)}" if said else ""

    def anew(self, **changes: Any) -> "View":
        """Of the same version, without the filters."""
        return View(version=self.version, **changes)

    def filtered(self, **changes: Any) -> "View":
        """With other filters, from the first page on."""
        return replace(self, **changes, page=1, image=None)

    @property
    def narrowed(self) -> bool:
        """Whether a filter is on."""
        return any(self._differs(name) for name in ("label", "split", "subset", "problem", "alike", "search"))

    def _differs(self, name: str) -> bool:
        return bool(getattr(self, name) != getattr(_START, name))


_NAMES = {one.name: {"label": "class"}.get(one.name, one.name) for one in fields(View)}
_TEXTS = ("label", "split", "problem", "search")
_START = View()


def _number(given: str) -> int | None:
    """A number from 1 on that a database can hold."""
    return int(given) or None if given.isdecimal() and len(given) < 16 else None


def _word(value: Any) -> str:
    return "yes" if value is True else str(value)
