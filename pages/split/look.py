"""What a design would come to: worked out off the event loop, all in one go."""

from dataclasses import dataclass, field

from aistudio.errors import AIStudioError, FieldError, InvalidConfig
from aistudio.schema.split import FoldsPlan, GroupReport, LeakReport, Split
from aistudio.service import splits
from aistudio.studio import Studio
from pages.split.values import Values

_MISSING = {"pattern": "type one, such as patient(\\d+).", "column": "choose one."}


@dataclass(frozen=True)
class Seen:
    """`made`: the split, or its folds. `leaks`: of the split, or of the first fold. `error` says why there is none."""

    values: Values
    made: list[Split] = field(default_factory=list)
    leaks: LeakReport | None = None
    groups: GroupReport | None = None
    errors: list[FieldError] = field(default_factory=list)
    error: str = ""


def look(studio: Studio, pid: str, values: Values) -> Seen:
    try:
        return _look(studio, pid, values)
    except OSError as error:
        return Seen(values, error=f"The machine refused it: {error.strerror}. Look at the disk of the workspace.")


def _look(studio: Studio, pid: str, values: Values) -> Seen:
    groups = None
    if missing := _MISSING.get(values.group) if not getattr(values, values.group, True) else None:
        return Seen(values, errors=[FieldError(f"group_by.{values.group}", values.group.capitalize(), missing)])
    try:
        plan = values.plan()
        if plan.group_by is not None:
            groups = splits.preview_groups(studio, pid, plan.group_by)
    except InvalidConfig as error:
        return Seen(values, errors=error.fields)
    except AIStudioError as error:
        where = f"group_by.{values.group}"
        return Seen(values, errors=[FieldError(where, values.group.capitalize(), str(error))])
    try:
        if isinstance(plan, FoldsPlan):
            made, leaks = splits.preview_folds_with_leaks(studio, pid, plan)
            return Seen(values, made, leaks, groups)
        split, leaks = splits.preview_with_leaks(studio, pid, plan)
    except AIStudioError as error:
        return Seen(values, groups=groups, error=str(error))
    return Seen(values, [split], leaks, groups)
