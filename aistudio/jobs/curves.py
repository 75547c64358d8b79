"""Curves of a run as a table, thinned so that a long run costs a page no more than a short one."""

from collections.abc import Iterable, Sequence

from aistudio.jobs.run import Run
from aistudio.schema.experiment import Curves

FIRST = ("epoch", "step", "time", "train_loss", "val_loss", "lr")


def table(run: Run, max_points: int | None = None, metrics: Sequence[str] = ()) -> Curves:
    """All rows by step. Step rows carry `train_loss` and `lr`; an epoch row stands after the steps of its epoch."""
    columns = [*FIRST, *_others(run, metrics)]
    empty: list[float | None] = [None] * (len(columns) - len(FIRST))
    steps = [[epoch, step, at, loss, None, lr, *empty] for epoch, step, at, loss, lr in thin(run.step_rows, max_points)]
    epochs = [[row.get(name) for name in columns] for row in _every(run.epoch_rows, max_points)]
    return Curves(columns=columns, rows=sorted([*steps, *epochs], key=_by_step))  # a stable sort: steps come first


def _by_step(row: Sequence[float | None]) -> float:
    return row[1] or 0.0


def _others(run: Run, metrics: Sequence[str]) -> list[str]:
    names = [*metrics, *(name for row in run.epoch_rows[:1] for name in row)]
    return [name for name in dict.fromkeys(names) if name not in FIRST]


StepRow = tuple[int, int, float, float | None, float]


def thin(rows: Sequence[StepRow], max_points: int | None) -> Sequence[StepRow]:
    """At most that many rows: of each window the ones with the lowest and the highest loss, so that peaks stay."""
    if max_points is None or len(rows) <= max_points:
        return rows
    return thin_by(rows, -(-len(rows) // (max_points // 2)))


def thin_by(rows: Sequence[StepRow], window: int) -> list[StepRow]:
    """The extremes of each window of that many rows, in their order. A window of 2 or less keeps all."""
    if window <= 2:
        return list(rows)
    return [row for start in range(0, len(rows), window) for row in _extremes(rows[start : start + window])]


def _extremes(window: Sequence[StepRow]) -> Iterable[StepRow]:
    known = [row for row in window if row[3] is not None] or window
    low = min(known, key=lambda row: row[3] or 0.0)
    high = max(known, key=lambda row: row[3] or 0.0)
    return sorted({low, high}, key=lambda row: row[1])


def _every(rows: Sequence[dict[str, float | None]], max_points: int | None) -> Sequence[dict[str, float | None]]:
    """Every n-th row, and always the last."""
    if max_points is None or len(rows) <= max_points:
        return rows
    stride = -(-len(rows) // max_points)
    return [row for number, row in enumerate(rows, start=1) if number % stride == 0 or number == len(rows)]
