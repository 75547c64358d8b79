"""A split as it is designed: what stands in the form, and the plan that comes of it."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from aistudio.schema.base import Config
from aistudio.schema.explain import invalid
from aistudio.schema.project import Name, Subset
from aistudio.schema.split import ByColumn, ByPattern, Fold, FoldsPlan, FoldsRequest, Split, SplitPlan, SplitRequest
from aistudio.ui.typed import number_of

Checked = TypeVar("Checked", bound=Config)
Way = Literal["shares", "folds"]
SUBSETS: tuple[tuple[Subset, str], ...] = (("train", "Training"), ("val", "Validation"), ("test", "Test"))

_NAME = TypeAdapter[str](Name)


@dataclass(frozen=True)
class Values:
    """As typed. Shares are tenths of a per cent; without a `name` the next free one is taken."""

    way: Way = "shares"
    name: str | None = None
    train: int = 800
    val: int = 200
    test: int = 0
    folds: str = "5"
    seed: str = "0"
    group: str = "nothing"
    pattern: str = ""
    column: str | None = None
    twins: bool = True
    target: str | None = None

    @property
    def shares(self) -> dict[str, int]:
        return {"train": self.train, "val": self.val, "test": self.test}

    def plan(self) -> SplitPlan | FoldsPlan:
        """Raises InvalidConfig with an error for each wrong field."""
        if self.way == "folds":
            return _checked(FoldsPlan, self._fields())
        return _checked(SplitPlan, self._fields())

    def request(self, name: str) -> SplitRequest | FoldsRequest:
        """Raises InvalidConfig."""
        if self.way == "folds":
            return _checked(FoldsRequest, {**self._fields(), "name": name})
        return _checked(SplitRequest, {**self._fields(), "name": name})

    def _fields(self) -> dict[str, Any]:
        shares = {key: share / 1000 for key, share in self.shares.items()}
        how = {"ratios": shares} if self.way == "shares" else {"folds": number_of(self.folds)}
        groups = {
            "folder": {"kind": "folder"},
            "pattern": {"kind": "pattern", "pattern": self.pattern},
            "column": {"kind": "column", "column": self.column or ""},
        }
        return {
            **how,
            "seed": number_of(self.seed),
            "group_by": groups.get(self.group),
            "keep_twins": self.twins,
            "target": self.target,
        }


def _checked(model: type[Checked], fields: dict[str, Any]) -> Checked:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(model, error) from None


def copied(split: Split) -> Values:
    """The values that a split was made with; one that came with the data gives its shares."""
    by = split.group_by
    made = Values(
        seed=str(split.seed),
        group=by.kind if by else "nothing",
        pattern=by.pattern if isinstance(by, ByPattern) else "",
        column=by.column if isinstance(by, ByColumn) else None,
        twins=split.keep_twins or split.origin == "source",
        target=split.target,
    )
    if split.origin == "fold":
        return replace(made, way="folds", folds=str(split.fold.of if split.fold else 5))
    val, test = round(1000 * split.ratios.val), round(1000 * split.ratios.test)
    return replace(made, train=1000 - val - test, val=val, test=test)


def wrong_name(values: Values, name: str, taken: Container[str]) -> str | None:
    """What is wrong with the name, or with those of the folds; it is typed, so this has to be quick."""
    try:
        name = _NAME.validate_python(name)
    except ValidationError:
        return "Give it a name of 1 to 100 characters."
    names = [name]
    folds = number_of(values.folds)
    if values.way == "folds" and isinstance(folds, int) and folds < 100:
        names = [Fold(name, number, folds).name for number in range(1, folds + 1)]
    return next((f"There is a split named {one!r} already." for one in names if one in taken), None)


def free_name(taken: Iterable[str]) -> str:
    known = set(taken)
    return next(name for number in range(1, len(known) + 2) if (name := f"Split {number}") not in known)
